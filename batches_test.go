package vimap_test

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// arriving is a source that waits before each of its items.
func arriving(waits ...time.Duration) vimap.Pipeline[int, int] {
	return vimap.From(func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i, wait := range waits {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
				if !yield(i, nil) {
					return
				}
			}
		}
	})
}

// outsOf are the outputs of a batch.
func outsOf[In, Out any](batch []vimap.Pair[In, Out]) []Out {
	outs := make([]Out, len(batch))
	for i, pair := range batch {
		outs[i] = pair.Out
	}
	return outs
}

// batched ranges over batches to the end.
func batched[In, Out any](run *vimap.Run[In, Out], n int, linger time.Duration) ([][]Out, error) {
	var all [][]Out
	for batch := range run.Batches(n, linger) {
		all = append(all, outsOf(batch))
	}
	return all, run.Err()
}

func TestABatchComesWhenItIsFullAndWhatIsLeftAtTheEnd(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		for _, n := range []int{1, 3, 4, 10, 11, 5_000} {
			run := testkit.Count(10, nil).Via(vimap.Func(testkit.Same).Workers(2)).Ordered().Start(ctx)
			all, err := batched(run, n, time.Hour)
			require.NoError(t, err, mode)
			var outs []int
			for i, batch := range all {
				if i < len(all)-1 {
					require.Len(t, batch, n)
				}
				outs = append(outs, batch...)
			}
			require.Equal(t, testkit.UpTo(10), outs)
			require.Len(t, all, (10+n-1)/n)
			require.Equal(t, int64(10), run.Stats().Delivered)
			testkit.RequireAddsUp(t, run.Stats())
		}
		all, err := batched(testkit.Count(0, nil).Start(ctx), 3, time.Hour)
		require.NoError(t, err)
		require.Empty(t, all)
	}
}

func TestABatchLargerThanTheLookAheadFills(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	all, err := batched(testkit.Count(20_000, nil).Ordered().Start(t.Context()), 10_000, time.Hour)
	require.NoError(t, err)
	require.Len(t, all, 2)
	all, err = batched(testkit.Count(20, nil).InFlight(4).Start(t.Context()), 10, time.Hour)
	require.NoError(t, err)
	require.Len(t, all, 5, "InFlight bounds a batch, too")
}

func TestABatchComesWhenItsOldestOutputHasLingered(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			began := time.Now()
			p := arriving(0, time.Second, time.Second, 5*time.Second, time.Second, 0, 0)
			if ordered {
				p = p.Ordered()
			}
			var at []time.Duration
			var all [][]int
			run := p.Start(testkit.Patient(t))
			for batch := range run.Batches(3, 2500*time.Millisecond) {
				at = append(at, time.Since(began))
				all = append(all, outsOf(batch))
			}
			require.NoError(t, run.Err())
			require.Equal(t, [][]int{{0, 1, 2}, {3, 4, 5}, {6}}, all)
			require.Equal(t, []time.Duration{2 * time.Second, 8 * time.Second, 8 * time.Second}, at)
		}
	})
}

// A timer that each outcome set anew would never end under a steady trickle.
func TestABatchLingersNoLongerForWhatComesByMeanwhile(t *testing.T) {
	second := make([]time.Duration, 30)
	for i := range second {
		second[i] = time.Second
	}
	odd := func(n int) (int, error) {
		if n > 0 {
			return 0, testkit.ErrOdd
		}
		return n, nil
	}
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"outputs":  arriving(second...),
		"filtered": arriving(second...).Filter(func(n int) bool { return n == 0 }),
		"failures": arriving(second...).Try(odd).DeadLetters(func(letters iter.Seq[vimap.DeadLetter[int]]) error {
			for range letters {
			}
			return nil
		}),
		"behind a slow one": arriving(second...).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				return testkit.Sleepy(20*time.Second)(ctx, n)
			}
			return n, nil
		}).Workers(2)).Ordered(),
	} {
		for mode := range modes(t) {
			if mode == "serial" && name != "outputs" {
				continue // there, time is only looked at when an output comes
			}
			t.Run(name+mode, func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					ctx := testkit.Patient(t)
					if mode == "serial" {
						ctx = vimaptest.Serial(ctx)
					}
					began := time.Now()
					for batch := range p.Start(ctx).Batches(1_000, 5500*time.Millisecond) {
						require.Equal(t, 0, batch[0].Out)
						require.LessOrEqual(t, time.Since(began), 7*time.Second)
						break
					}
				})
			})
		}
	}
}

func TestWithoutLingerABatchWaitsForNothing(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		for batch := range arriving(0, time.Second, time.Second).Start(testkit.Patient(t)).Batches(100, 0) {
			require.Len(t, batch, 1)
			at = append(at, time.Since(began))
		}
		require.Equal(t, []time.Duration{0, time.Second, 2 * time.Second}, at)
	})
}

func TestAFailureEndsTheBatchesBehindWhatCameBefore(t *testing.T) {
	testkit.Quiet(t)
	fails := func(n int) (int, error) {
		if n == 7 {
			return 0, testkit.ErrOdd
		}
		return n, nil
	}
	for mode, ctx := range modes(t) {
		run := testkit.Count(20, nil).Try(fails).Ordered().Start(ctx)
		var all [][]int
		for batch := range run.Batches(5, time.Hour) {
			require.NoError(t, run.Context().Err(), "the run goes on while there is something to do")
			all = append(all, outsOf(batch))
		}
		require.ErrorIs(t, run.Err(), testkit.ErrOdd, mode)
		require.Equal(t, [][]int{{0, 1, 2, 3, 4}, {5, 6}}, all)
		require.Equal(t, int64(7), run.Stats().Delivered)
		require.Equal(t, int64(1), run.Stats().Failed)
		testkit.RequireAddsUp(t, run.Stats())

		run = testkit.Count(20, nil).Try(fails).Ordered().Tolerate(1).Start(ctx)
		all, err := batched(run, 10, time.Hour)
		require.NoError(t, err, mode)
		require.Len(t, all, 2)
		require.Len(t, all[0], 10)
		require.Equal(t, int64(19), run.Stats().Delivered)

		run = testkit.Count(20, nil).Try(fails).Ordered().Start(ctx) // the loop is left with the batch before the failure
		for range run.Batches(8, time.Hour) {
			break
		}
		require.NoError(t, run.Err())
		require.Equal(t, int64(7), run.Stats().Delivered)
		require.Zero(t, run.Stats().Failed)
		testkit.RequireAddsUp(t, run.Stats())
	}
}

func TestWhatACancellationMeetsInABatchIsUnfinished(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		errEnough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		time.AfterFunc(2500*time.Millisecond, func() { cancel(errEnough) })
		run := arriving(0, time.Second, time.Second, time.Second).Start(ctx)
		all, err := batched(run, 2, time.Hour)
		require.Equal(t, errEnough, err)
		require.Equal(t, [][]int{{0, 1}}, all)
		require.Equal(t, int64(2), run.Stats().Delivered)
		require.Equal(t, int64(1), run.Stats().Unfinished)
	})
}

func TestStopBringsThePartOfABatchThatThereIs(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		run := testkit.Count(testkit.Endless, nil).Start(ctx)
		var got int64
		for batch := range run.Batches(100, time.Hour) {
			got += int64(len(batch))
			run.Stop()
		}
		require.NoError(t, run.Err(), mode)
		require.Equal(t, run.Stats().Read, got)
		require.Equal(t, run.Stats().Delivered, got)
	}
}

func TestItemsOfABatchCountAsInFlight(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var reads atomic.Int64
		taken := int64(0)
		for batch := range testkit.Count(100, &reads).InFlight(10).Start(testkit.Patient(t)).Batches(4, time.Hour) {
			require.LessOrEqual(t, reads.Load(), taken+10)
			taken += int64(len(batch))
			time.Sleep(time.Second)
		}
		require.Equal(t, int64(100), taken)
	})
}

func TestBatchesOfATeeKeepTheirOwnTime(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		lingers := func(n int, linger time.Duration) func(*vimap.Run[int, int]) ([][]int, error) {
			return func(run *vimap.Run[int, int]) (all [][]int, err error) {
				for batch := range run.Batches(n, linger) {
					at = append(at, time.Since(began))
					all = append(all, outsOf(batch))
				}
				return all, run.Err()
			}
		}
		run := arriving(0, time.Second, 10*time.Second, time.Second).Start(testkit.Patient(t))
		long, short, err := run.Tee(lingers(3, 5*time.Second), lingers(100, 1500*time.Millisecond))
		require.NoError(t, err)
		require.Equal(t, [][]int{{0, 1}, {2, 3}}, long)
		require.Equal(t, [][]int{{0, 1}, {2, 3}}, short)
		require.Equal(t, []time.Duration{1500 * time.Millisecond, 5 * time.Second, 12 * time.Second, 12 * time.Second}, at)
		require.Equal(t, int64(4), run.Stats().Delivered)
	})
}

func TestAnyBatchesOfATeeAreThoseOfALoopOverASlice(t *testing.T) {
	testkit.Quiet(t)
	for range rerun.Rounds(t, 200, 8) {
		n, first, second := rand.IntN(300), 1+rand.IntN(40), 1+rand.IntN(40)
		bound := []int{0, 1, 2, 7, 50}[rand.IntN(5)]
		p := testkit.Count(n, nil).Filter(func(n int) bool { return n%5 != 0 }).Try(func(n int) (int, error) {
			if n%7 == 0 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}).Via(vimap.Func(testkit.Same).Workers(3)).Tolerate(n).Ordered()
		if bound > 0 {
			p = p.InFlight(bound)
			first, second = min(first, bound), min(second, bound)
		}
		var want []int
		for i := range n {
			if i%5 != 0 && i%7 != 0 {
				want = append(want, i)
			}
		}
		for mode, ctx := range modes(t) {
			run := p.Start(ctx)
			a, b, err := run.Tee(
				func(run *vimap.Run[int, int]) ([][]int, error) { return batched(run, first, time.Hour) },
				func(run *vimap.Run[int, int]) ([][]int, error) { return batched(run, second, time.Hour) },
			)
			require.NoError(t, err)
			require.Equal(t, chunks(want, first), a, "%s of %d by %d", mode, n, first)
			require.Equal(t, chunks(want, second), b, "%s of %d by %d", mode, n, second)
			require.Equal(t, int64(len(want)), run.Stats().Delivered)
			require.Zero(t, run.Stats().Unfinished)
			testkit.RequireAddsUp(t, run.Stats())
		}
	}
}

// chunks cuts all into parts of n.
func chunks(all []int, n int) (parts [][]int) {
	for len(all) > 0 {
		m := min(n, len(all))
		parts = append(parts, all[:m:m])
		all = all[m:]
	}
	return parts
}
