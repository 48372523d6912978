package engine_test

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// Each test here is named for a bug that there was.

// oneFate runs a chain over n items and requires that each has one outcome.
func oneFate(t *testing.T, n int, p vimap.Pipeline[int, int]) []vimap.Result[int, int] {
	t.Helper()
	all, run := testkit.Outcomes(testkit.Patient(t), p)
	require.NoError(t, run.Err())
	fates := map[int64]int{}
	for _, result := range all {
		fates[result.Index]++
	}
	require.Len(t, fates, n)
	require.Len(t, all, n, "an item with two fates")
	testkit.RequireAddsUp(t, run.Stats())
	return all
}

func TestARetryConditionThatPanicsOnABatchLosesNoItem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Bulk(4, time.Millisecond, func(_ context.Context, in []int) ([]int, error) {
			if in[0] >= 8 {
				return nil, testkit.ErrOdd
			}
			return in, nil
		}).Retry(retry.Fixed(0).If(func(error) bool { panic("condition") }))
		for _, result := range oneFate(t, 20, testkit.Count(20, nil).Via(stage)) {
			require.Equal(t, result.In >= 8, result.Err != nil)
		}
	})
}

func TestABatchWithoutALingerTakesWhatIsAtHand(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		most := 0
		stage := vimap.Bulk(64, 0, func(_ context.Context, in []int) ([]int, error) {
			most = max(most, len(in))
			time.Sleep(time.Millisecond)
			return in, nil
		})
		_, err := testkit.Count(10_000, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Greater(t, most, 1)
	})
}

func TestABatchIsFlushedInTimeWhileFilteredItemsPassBy(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		var flushed time.Duration
		stage := vimap.Bulk(64, 5*time.Millisecond, func(_ context.Context, in []int) ([]int, error) {
			flushed = time.Since(began)
			return in, nil
		})
		first := func(n int) bool { time.Sleep(100 * time.Microsecond); return n == 0 }
		_, err := testkit.Count(10_000, nil).Filter(first).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.LessOrEqual(t, flushed, 6*time.Millisecond)
	})
}

func TestABulkFunctionThatChangesItsInputsDoesNotChangeOurs(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Bulk(4, time.Second, func(_ context.Context, in []int) ([]int, error) {
			if len(in) > 1 {
				slices.SortFunc(in, func(a, b int) int { return cmp.Compare(b, a) })
				return nil, testkit.ErrOdd
			}
			return in, nil
		}).Retry(retry.Fixed(0))
		for _, result := range oneFate(t, 4, testkit.Count(4, nil).Via(stage)) {
			require.Equal(t, result.In, result.Out)
		}
	})
}

func TestALoopThatStopsItsOwnPanicUnderATimeLimitIsNotAbandonedLater(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			out.Many([]int{0, 1})
			time.Sleep(10 * time.Second)
			out.One(2)
			return nil
		})
		stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) (err error) {
			defer func() {
				if recover() != nil {
					err = testkit.ErrOdd
				}
			}()
			for _, n := range feed.All() {
				if n == 1 {
					panic("one")
				}
				feed.Yield(n, nil)
			}
			return nil
		}).Timeout(time.Second)
		for _, result := range oneFate(t, 3, source.Via(stage)) {
			require.Equal(t, result.In == 1, result.Err != nil)
		}
	})
}

func TestAKeyIsFreeAgainAfterALoopStoppedThePanicOfARetryCondition(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) (err error) {
			defer func() {
				if recover() != nil {
					err = testkit.ErrOdd
				}
			}()
			for _, n := range feed.All() {
				if n == 3 {
					feed.Yield(0, testkit.ErrRefused)
					continue
				}
				feed.Yield(n, nil)
			}
			return nil
		}).KeyBy(func(int) int { return 1 }).Retry(retry.Fixed(0).If(func(error) bool { panic("condition") }))
		oneFate(t, 10, testkit.Count(10, nil).Via(stage))
	})
}

func TestRangingOverAFeedInsideItselfIsTheErrorOfTheItemInHand(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			for _, n := range feed.All() {
				if n == 3 {
					for _, inner := range feed.All() {
						feed.Yield(inner, nil)
					}
				}
				feed.Yield(n, nil)
			}
			return nil
		})
		for _, result := range oneFate(t, 10, testkit.Count(10, nil).Via(stage)) {
			require.Equal(t, result.In == 3, result.Err != nil)
			if result.Err != nil {
				require.ErrorContains(t, result.Err, "must not be ranged over inside itself")
			}
		}
	})
}

func TestAnOpeningThatTheEndInterruptsIsNoLostWorker(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	stage := vimap.Open(func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }).
		Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
		Workers(2).Restart(retry.Policy{})
	for range 300 {
		ctx, cancel := context.WithCancelCause(t.Context())
		run := testkit.Count(10, nil).Via(stage).Start(ctx)
		go cancel(testkit.ErrStop)
		for range run.Zip() {
			t.Error("no worker is open")
		}
		require.ErrorIs(t, run.Err(), testkit.ErrStop)
		require.Empty(t, run.Stats().Lost)
	}
}

func TestStopDuringASlowOpeningDoesNotBlameTheSource(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(context.Context) (int, error) { time.Sleep(5 * time.Second); return 1, nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil })
		run := testkit.Count(10, nil).Via(stage).Start(testkit.Patient(t))
		time.AfterFunc(time.Second, run.Stop)
		for range run.Zip() {
			t.Error("nothing was read")
		}
		require.NoError(t, run.Err())
	})
}

func TestAStuckCallHasItsStackAlsoAfterItsWorkerHasCrashed(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			switch n {
			case 0:
				panic("zero")
			case 1:
				deaf(time.Minute)
			}
			return n, nil
		}).Timeout(time.Second)
		all, _ := testkit.Outcomes(testkit.Patient(t), testkit.Count(3, nil).Via(stage).Ordered())
		var stuck *vimap.StuckError
		require.ErrorAs(t, all[1].Err, &stuck)
		require.Contains(t, string(stuck.Stack), "deaf")
		require.NoError(t, all[2].Err)
		time.Sleep(time.Hour)
	})
}

func TestTheRoomThatAnEndMakesIsNotFilledByTheSource(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	for range 500 {
		var reads atomic.Int64
		run := testkit.Count(10, &reads).Via(vimap.Func(func(context.Context, int) (int, error) { return 0, testkit.ErrOdd })).InFlight(1).Start(t.Context())
		for range run.Zip() {
			t.Error("nothing is delivered")
		}
		require.ErrorIs(t, run.Err(), testkit.ErrOdd)
		require.Equal(t, int64(1), reads.Load(), "the second item is read when the run has failed already")
	}
}

func TestAWorkerThatIsLostIsOpenedAnewThoughTheConditionOfItsRetryPanics(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(1, func(context.Context, int) (int, error) { return 0, vimap.Lost(testkit.ErrRefused) }).
			Retry(retry.Fixed(0).If(func(error) bool { panic("condition") }))
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(5, nil).Via(stage))
		require.NoError(t, run.Err())
		_, failed := testkit.Split(all)
		require.Len(t, failed, 5)
		require.GreaterOrEqual(t, crew.Opened.Load(), int64(5), "once, and after each that was lost; the last has nothing left to do")
		require.LessOrEqual(t, crew.Opened.Load(), int64(6))
		crew.RequireClosed(t)
	})
}
