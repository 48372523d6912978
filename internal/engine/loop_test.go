package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

func TestALoopYieldsTheOutputOfEachInput(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var crew testkit.Crew
	stage := crew.Loop(3, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
		feed.Yield(n*n, nil)
		return false
	})
	run := testkit.Count(5_000, nil).Via(stage).Ordered().Start(t.Context())
	seen := 0
	for in, out := range run.Zip() {
		require.Equal(t, seen, in)
		require.Equal(t, in*in, out)
		seen++
	}
	require.NoError(t, run.Err())
	require.Equal(t, 5_000, seen)
	require.Equal(t, int64(3), crew.Opened.Load(), "each worker sets up once")
	require.Zero(t, run.Stats().Restarts)
	crew.RequireClosed(t)
}

func TestALoopRunsForEachOfItsConfigurations(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var ended atomic.Int64
		stage := vimap.Loop(func(feed *vimap.Feed[int, string], config func(int) string) error {
			defer ended.Add(1)
			for ctx, n := range feed.All() {
				_, err := testkit.Sleepy(time.Second)(ctx, n)
				feed.Yield(config(n), err)
			}
			time.Sleep(time.Second) // cleaning up takes its time
			return nil
		}).Each(func(int) string { return "a" }, func(int) string { return "b" }, func(int) string { return "c" })
		outs, err := testkit.Count(9, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Equal(t, []string{"a", "a", "a", "b", "b", "b", "c", "c", "c"}, outs)
		require.Equal(t, int64(3), ended.Load(), "the run ends after its workers have cleaned up")
	})
}

func TestALoopThatYieldsAnErrorFailsTheItemInHand(t *testing.T) {
	testkit.Quiet(t)
	var crew testkit.Crew
	stage := crew.Loop(2, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
		if n%10 == 3 {
			feed.Yield(0, testkit.ErrOdd)
		} else {
			feed.Yield(n, nil)
		}
		return false
	})
	all, run := testkit.Outcomes(t.Context(), testkit.Count(100, nil).Via(stage).Ordered())
	require.NoError(t, run.Err())
	require.Len(t, all, 100)
	for i, result := range all {
		require.Equal(t, i, result.In)
		require.Equal(t, i%10 == 3, errors.Is(result.Err, testkit.ErrOdd))
	}
	require.Equal(t, int64(2), crew.Opened.Load())
	crew.RequireClosed(t)
}

func TestATurnThatBreaksTheRuleOfTheLoopFailsItsItemAndNoOther(t *testing.T) {
	for name, turn := range map[string]func(context.Context, *vimap.Feed[int, int], int) bool{
		"yields nothing": func(context.Context, *vimap.Feed[int, int], int) bool { return false },
		"yields twice": func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
			feed.Yield(n, nil)
			feed.Yield(-n, nil)
			return false
		},
		"yields an error and an output": func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
			feed.Yield(0, testkit.ErrOdd)
			feed.Yield(n, nil)
			return false
		},
		"leaves with the item in hand": func(context.Context, *vimap.Feed[int, int], int) bool { return true },
	} {
		for _, workers := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d workers", name, workers), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					var crew testkit.Crew
					stage := crew.Loop(workers, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
						if n == 5 || n == 50 {
							return turn(ctx, feed, n)
						}
						feed.Yield(n, nil)
						return false
					})
					all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Via(stage).Ordered())
					require.NoError(t, run.Err())
					require.Len(t, all, 100)
					for i, result := range all {
						require.Equal(t, i, result.In)
						if i != 5 && i != 50 {
							require.NoError(t, result.Err)
							require.Equal(t, i, result.Out)
							continue
						}
						require.ErrorIs(t, result.Err, vimap.ErrYield)
						var item *vimap.ItemError
						require.ErrorAs(t, result.Err, &item)
						require.Equal(t, int64(i), item.Index)
						require.Equal(t, "loop", item.Stage)
					}
					testkit.RequireAddsUp(t, run.Stats())
					crew.RequireClosed(t)
				})
			})
		}
	}
}

func TestALoopThatPanicsWithAnItemInHandFailsThatItem(t *testing.T) {
	for name, die := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				stage := crew.Loop(3, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
					if n%25 == 5 {
						die()
					}
					feed.Yield(n, nil)
					return false
				})
				all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Via(stage).Ordered())
				require.NoError(t, run.Err())
				require.Len(t, all, 100)
				for i, result := range all {
					var panicked *vimap.PanicError
					require.Equal(t, i%25 == 5, errors.As(result.Err, &panicked), "item %d: %v", i, result.Err)
				}
				// One that dies when nothing is left to do is not begun again.
				require.LessOrEqual(t, run.Stats().Restarts, int64(4))
				require.Positive(t, run.Stats().Restarts)
				require.Equal(t, 3+run.Stats().Restarts, crew.Opened.Load())
				crew.RequireClosed(t)
			})
		})
	}
}

func TestALoopThatStopsAPanicAndGoesOnLosesNoItem(t *testing.T) {
	for name, c := range map[string]struct{ step, body, retried bool }{
		"of a step before or behind": {step: true}, "of its own": {body: true}, "of its own, tried again": {body: true, retried: true},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				first := map[int]bool{}
				serve := func(feed *vimap.Feed[int, int]) (over bool) {
					defer func() { over = recover() == nil }()
					for _, n := range feed.All() {
						if again := first[n]; c.body && n%10 == 3 && !again {
							first[n] = c.retried
							panic(n)
						}
						feed.Yield(n, nil)
					}
					return true
				}
				stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
					for !serve(feed) {
					}
					return nil
				})
				if c.retried {
					stage = stage.Retry(retry.Fixed(time.Second).Attempts(2))
				}
				step := func(rest int) func(int) int {
					return func(n int) int {
						if c.step && n%10 == rest {
							panic(n)
						}
						return n
					}
				}
				all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Map(step(3)).Via(stage).Map(step(7)).Ordered())
				require.NoError(t, run.Err())
				require.Len(t, all, 100)
				for i, result := range all {
					fails := c.step && (i%10 == 3 || i%10 == 7) || c.body && i%10 == 3 && !c.retried
					require.Equal(t, fails, result.Err != nil, "item %d: %v", i, result.Err)
				}
				require.Zero(t, run.Stats().Restarts)
				testkit.RequireAddsUp(t, run.Stats())
			})
		})
	}
}

func TestALoopThatReturnsAnErrorWithAnItemInHandFailsThatItemWithIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		lost := errors.New("connection lost")
		stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			for _, n := range feed.All() {
				if n%10 == 4 {
					return lost
				}
				feed.Yield(n, nil)
			}
			return nil
		}).Restart(retry.Fixed(time.Second).Attempts(100))
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(30, nil).Via(stage).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 30)
		for i, result := range all {
			require.Equal(t, i%10 == 4, errors.Is(result.Err, lost), "item %d: %v", i, result.Err)
		}
		require.Equal(t, int64(3), run.Stats().Restarts)
	})
}

func TestALoopThatFailsBeforeItTakesAnInputIsAWorkerThatIsLost(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var reads atomic.Int64
		refused := errors.New("refused")
		stage := vimap.Loop(func(_ *vimap.Feed[int, int], config string) error { return fmt.Errorf("%s %w", config, refused) }).
			Each("a", "b").Restart(retry.Policy{}).Named("dial")
		outs, err := testkit.Count(10_000, &reads).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.Empty(t, outs)
		require.ErrorIs(t, err, vimap.ErrNoWorkers)
		require.ErrorIs(t, err, refused)
		var none *vimap.NoWorkersError
		require.ErrorAs(t, err, &none)
		require.Len(t, none.Workers, 2)
		for _, lost := range none.Workers {
			var worker *vimap.WorkerError
			require.ErrorAs(t, lost, &worker)
			require.Equal(t, "dial", worker.Stage)
			require.Equal(t, "loop", worker.Phase)
			require.ErrorContains(t, worker.Err, worker.Config.(string))
		}
		require.Less(t, reads.Load(), int64(10_000))
	})
}

func TestALoopThatNeverTakesAnInputEndsTheRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var entered atomic.Int64
		stage := vimap.LoopFunc(func(*vimap.Feed[int, int]) error {
			entered.Add(1)
			return nil
		}).Workers(3)
		outs, err := testkit.Count(testkit.Endless, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.Empty(t, outs)
		require.Error(t, err)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "it hung until the test lost its patience")
		require.Less(t, entered.Load(), int64(100), "an endless respawn")
	})
}

func TestTheFeedEndsWhenTheRunDoes(t *testing.T) {
	for _, end := range []string{"leave", "cancel", "stop"} {
		t.Run(end, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				ctx, cancel := context.WithCancelCause(testkit.Patient(t))
				defer cancel(nil)
				stage := crew.Loop(3, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
					out, err := testkit.Jitter(ctx, n)
					feed.Yield(out, err)
					return false
				})
				run := testkit.Count(testkit.Endless, nil).Via(stage).Start(ctx)
				seen := 0
				for range run.Zip() {
					if seen++; seen < 20 {
						continue
					}
					if end == "leave" {
						break
					} else if end == "cancel" {
						cancel(testkit.ErrStop)
					} else {
						run.Stop()
					}
				}
				require.Equal(t, end == "cancel", errors.Is(run.Err(), testkit.ErrStop))
				require.Equal(t, int64(3), crew.Opened.Load())
				crew.RequireClosed(t)
				testkit.RequireAddsUp(t, run.Stats())
			})
		})
	}
}

func TestTheContextOfALoopEndsWithTheRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		var cause error
		began := time.Now()
		_, err := testkit.Count(1, nil).Via(vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			<-feed.Context().Done()
			cause = context.Cause(feed.Context())
			return cause
		})).To(ctx, testkit.Collect)
		require.ErrorIs(t, err, testkit.ErrStop)
		require.ErrorIs(t, cause, testkit.ErrStop)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestALoopIsRetriedItemByItem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var tries [20]atomic.Int64
		var crew testkit.Crew
		stage := crew.Loop(2, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
			if tries[n].Add(1) < 3 && n%4 == 0 {
				feed.Yield(0, testkit.ErrOdd)
			} else {
				feed.Yield(n, nil)
			}
			return false
		}).Retry(retry.Fixed(time.Second))
		run := testkit.Count(20, nil).Via(stage).Ordered().Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(20), outs)
		require.Equal(t, int64(10), run.Stats().Retries)
		require.Equal(t, int64(2), crew.Opened.Load())
		crew.RequireClosed(t)
	})
}
