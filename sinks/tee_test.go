package sinks_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestTeeReturnsWhatBothSinksReturn(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		sum := sinks.Fold(0, func(sum, _, n int) int { return sum + n })
		both, err := sources.Slice(numbers(10)).Ordered().To(ctx, sinks.Tee(sum, sinks.Tee(sum, sinks.Collect)))
		require.NoError(t, err)
		require.Equal(t, sinks.Both[int, sinks.Both[int, []int]]{
			First: 45, Second: sinks.Both[int, []int]{First: 45, Second: numbers(10)},
		}, both)
	}
}

func TestFilesOfATeeAppearWhenTheRunIsWholeAndOnlyThen(t *testing.T) {
	folder := t.TempDir()
	a, b := filepath.Join(folder, "a.txt"), filepath.Join(folder, "b.jsonl")
	p := sources.Slice(numbers(10)).Ordered()
	tee := sinks.Tee[int, int](sinks.Lines(a).Outputs, sinks.JSONLines(b).Pairs)
	both, err := p.To(t.Context(), tee)
	require.NoError(t, err)
	require.Equal(t, sinks.Both[int64, int64]{First: 10, Second: 10}, both)
	require.Equal(t, []string{"a.txt", "b.jsonl"}, names(t, folder))
	before := read(t, a) + read(t, b)

	_, err = p.Try(notSeven).To(t.Context(), tee)
	require.ErrorIs(t, err, errSeven)
	fails := sinks.Each(func(in, _ int) error {
		if in == 7 {
			return errSeven
		}
		return nil
	})
	_, err = p.To(t.Context(), sinks.Tee(sinks.Lines(a).Outputs, fails))
	require.Equal(t, errSeven, err)
	panics := sinks.Each(func(int, int) error { panic("boom") })
	_, err = p.To(t.Context(), sinks.Tee(panics, sinks.Tee[int, int](sinks.Lines(a).Outputs, sinks.JSONLines(b).Outputs)))
	require.ErrorContains(t, err, "boom")
	require.Equal(t, before, read(t, a)+read(t, b), "the old files stay")
	require.Equal(t, []string{"a.txt", "b.jsonl"}, names(t, folder))
}

// A deadlock would freeze here: each end has a queue that the other must empty.
func TestTheSlowerEndOfATeeStarvesNoOther(t *testing.T) {
	ch := make(chan int)
	ended := make(chan []int)
	go func() {
		var all []int
		for n := range ch {
			all = append(all, n)
		}
		ended <- all
	}()
	both, err := sources.Slice(numbers(1_000)).Ordered().
		To(t.Context(), sinks.Tee[int, int](sinks.Collect, sinks.Chan(ch).Outputs))
	close(ch)
	require.NoError(t, err)
	require.Equal(t, both.First, <-ended)
}

func TestNilSinksOfATeeAreRefused(t *testing.T) {
	some := func(*vimap.Run[int, int]) (int, error) { return 0, nil }
	require.PanicsWithValue(t, "sinks: Tee: first must not be nil", func() { sinks.Tee[int, int, int, int](nil, some) })
	require.PanicsWithValue(t, "sinks: Tee: second must not be nil", func() { sinks.Tee[int, int, int, int](some, nil) })
	require.PanicsWithValue(t, "sinks: Batch: f must not be nil", func() { sinks.Batch[int, int](1, 0, nil) })
	nothing := func(context.Context, []vimap.Pair[int, int]) error { return nil }
	require.PanicsWithValue(t, "sinks: Batch: n must be at least 1, got 0", func() { sinks.Batch(0, 0, nothing) })
	require.PanicsWithValue(t, "sinks: Batch: linger must not be negative, got -1ns", func() { sinks.Batch(1, -1, nothing) })
}
