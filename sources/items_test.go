package sources_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func TestItemsComeInTheirOrder(t *testing.T) {
	numbers := make([]int, 10_000)
	ch := make(chan int, len(numbers))
	for i := range numbers {
		numbers[i] = i
		ch <- i
	}
	close(ch)
	for name, source := range map[string]vimap.Pipeline[int, int]{
		"of a slice":           sources.Slice(numbers),
		"of an iterator":       sources.Seq(slices.Values(numbers)),
		"of one that can fail": sources.Seq2(withNil(slices.Values(numbers))),
		"of a channel":         sources.Chan(ch),
		"of several sources":   sources.Concat(sources.Slice(numbers[:9]), sources.Slice(numbers[9:9]), sources.Slice(numbers[9:])),
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			got, err := collect(t, source)
			require.NoError(t, err)
			require.Equal(t, numbers, got)
		})
	}
}

func TestASourceWithoutItemsEndsAtOnce(t *testing.T) {
	closed := make(chan int)
	close(closed)
	for name, source := range map[string]vimap.Pipeline[int, int]{
		"a nil slice":      sources.Slice[int](nil),
		"an iterator":      sources.Seq(slices.Values([]int{})),
		"a closed channel": sources.Chan(closed),
		"a concatenation":  sources.Concat(sources.Slice[int](nil), sources.Slice[int](nil)),
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			got, err := collect(t, source)
			require.NoError(t, err)
			require.Empty(t, got)
		})
	}
}

func TestAPipelineRunsAgain(t *testing.T) {
	quiet(t)
	path := file(t, "a.txt", "a\nb\n")
	for range 3 {
		got, err := collect(t, sources.Lines(path))
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, got)
	}
}

func TestTheFirstErrorOfAnIteratorEndsTheSourceAfterTheItemsBeforeIt(t *testing.T) {
	quiet(t)
	errBroken := errors.New("broken")
	ended := false
	got, err := collect(t, sources.Seq2(func(yield func(int, error) bool) {
		ended = yield(1, nil) && yield(2, nil) && !yield(3, errBroken)
	}))
	require.Equal(t, []int{1, 2}, got)
	require.ErrorIs(t, err, errBroken)
	var source *vimap.SourceError
	require.ErrorAs(t, err, &source)
	require.True(t, ended, "nothing is asked of the iterator after its error")
}

func TestAPanicInASourceIsTheRunsErrorAfterTheItemsBeforeIt(t *testing.T) {
	errBroken := errors.New("broken")
	for name, end := range map[string]func(){
		"a panic":       func() { panic(errBroken) },
		"a Goexit":      runtime.Goexit,
		"a failed test": func() { new(testing.T).FailNow() },
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			for _, source := range []vimap.Pipeline[string, string]{
				sources.Reader(io.MultiReader(strings.NewReader("a\nb\nc"), callback(end))),
				sources.Seq(func(yield func(string) bool) {
					_ = yield("a") && yield("b")
					end()
				}),
			} {
				got, err := collect(t, source)
				require.Equal(t, []string{"a", "b"}, got)
				panicked, ok := errors.AsType[*vimap.PanicError](err)
				require.True(t, ok, err)
				require.NotEmpty(t, panicked.Stack)
				if name == "a panic" {
					require.ErrorIs(t, err, errBroken)
				}
			}
		})
	}
}

func TestAnIteratorThatIsLeftEarlyCleansUp(t *testing.T) {
	quiet(t)
	cleaned := 0
	source := sources.Seq(func(yield func(int) bool) {
		defer func() { cleaned++ }()
		for i := 0; yield(i); i++ {
		}
	})
	take(t, 3, source)
	require.Equal(t, 1, cleaned)
}

func TestAnItemOfAChannelIsPassedOnAtOnce(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		var got []int
		run := sources.Chan(ch).Start(t.Context())
		go func() {
			for _, item := range run.Zip() {
				got = append(got, item)
			}
		}()
		for i := range 5 {
			ch <- i
			synctest.Wait()
			require.Len(t, got, i+1)
		}
		close(ch)
		synctest.Wait()
		require.NoError(t, run.Err())
	})
}

func TestTheEndOfTheContextEndsASourceThatWaitsForAChannel(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		errEnough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errEnough)
		defer cancel()
		start := time.Now()
		run := sources.Chan(make(chan int)).Start(ctx)
		for range run.Zip() {
			t.Error("there is no item")
		}
		require.ErrorIs(t, run.Err(), errEnough)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestARunThatIsLeftTakesNoMoreFromAChannel(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int, 1000)
		for i := range cap(ch) {
			ch <- i
		}
		take(t, 3, sources.Chan(ch).InFlight(2))
		left := len(ch)
		require.GreaterOrEqual(t, left, 1000-3-2-1)
		time.Sleep(time.Hour)
		require.Len(t, ch, left)
	})
}
