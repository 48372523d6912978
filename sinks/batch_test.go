package sinks_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestBatchCallsBackWithPairsAndTheRest(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		var sizes []int
		var pairs []vimap.Pair[int, int]
		taken, err := sources.Slice(numbers(10)).Map(func(n int) int { return n * n }).Ordered().
			To(ctx, sinks.Batch(4, time.Hour, func(ctx context.Context, batch []vimap.Pair[int, int]) error {
				sizes = append(sizes, len(batch))
				pairs = append(pairs, batch...)
				return ctx.Err()
			}))
		require.NoError(t, err)
		require.Equal(t, int64(10), taken)
		require.Equal(t, []int{4, 4, 2}, sizes)
		for i, pair := range pairs {
			require.Equal(t, vimap.Pair[int, int]{In: i, Out: i * i}, pair)
		}
	}
}

func TestBatchIsCalledBackAtTheLatestAfterItsLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ch := make(chan int)
		go func() {
			defer close(ch)
			for i := range 4 {
				ch <- i
				time.Sleep(400 * time.Millisecond)
			}
		}()
		var at []time.Duration
		taken, err := sources.Chan(ch).To(t.Context(), sinks.Batch(100, time.Second, func(context.Context, []vimap.Pair[int, int]) error {
			at = append(at, time.Since(began))
			return nil
		}))
		require.NoError(t, err)
		require.Equal(t, int64(4), taken)
		require.Equal(t, []time.Duration{time.Second, 1600 * time.Millisecond}, at)
	})
}

func TestErrorOfABatchEndsTheRunAndIsReturnedAsItIs(t *testing.T) {
	taken, err := endless().Ordered().To(t.Context(), sinks.Batch(10, time.Hour, func(_ context.Context, batch []vimap.Pair[int, int]) error {
		if batch[0].In == 30 {
			return errSeven
		}
		return nil
	}))
	require.Equal(t, errSeven, err)
	require.Equal(t, int64(30), taken)
}

func TestABatchThatBlocksIsEndedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errSeven) })
		_, err := sources.Slice(numbers(100)).InFlight(10).To(ctx, sinks.Batch(10, time.Hour, func(ctx context.Context, _ []vimap.Pair[int, int]) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}))
		require.ErrorIs(t, err, errSeven)
	})
}

// lossy makes an output of each input before the fifth, which costs the stage
// its only worker.
func lossy() vimap.Stage[int, int] {
	opened := 0
	return vimap.Open(func(context.Context) (struct{}, error) {
		if opened++; opened > 1 {
			return struct{}{}, errSeven
		}
		return struct{}{}, nil
	}).Do(func(_ struct{}, _ context.Context, n int) (int, error) {
		if n == 4 {
			panic("lost")
		}
		return n, nil
	}).Restart(retry.Policy{})
}

func TestWhatIsLeftOfARunThatLosesItsWorkersComesAsABatchWithALiveContext(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		taken, err := endless().Via(lossy()).Tolerate(1).To(ctx, sinks.Batch(100, time.Hour, func(ctx context.Context, _ []vimap.Pair[int, int]) error {
			return ctx.Err()
		}))
		require.ErrorIs(t, err, vimap.ErrNoWorkers)
		require.Equal(t, int64(4), taken)
	}
}
