package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
)

func TestATaskOverItsTimeLimitFailsWithDeadlineExceeded(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		began := time.Now()
		var deadline time.Duration
		stage := crew.Stage(1, func(ctx context.Context, n int) (int, error) {
			if n != 2 {
				return n, nil
			}
			at, ok := ctx.Deadline()
			if ok {
				deadline = at.Sub(began)
			}
			<-ctx.Done()
			return 0, ctx.Err()
		}).Named("send").Timeout(time.Second)
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(5, nil).Via(stage).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 5)
		for i, result := range all {
			require.Equal(t, i == 2, errors.Is(result.Err, context.DeadlineExceeded), "item %d: %v", i, result.Err)
		}
		var item *vimap.ItemError
		require.ErrorAs(t, all[2].Err, &item)
		require.Equal(t, "send", item.Stage)
		var stuck *vimap.StuckError
		require.NotErrorAs(t, all[2].Err, &stuck, "it did return in time")
		require.Equal(t, time.Second, time.Since(began).Truncate(time.Millisecond))
		require.Equal(t, time.Second, deadline)
		require.Equal(t, int64(1), crew.Opened.Load(), "its worker goes on")
		crew.RequireClosed(t)
	})
}

func TestTheTimeAnItemWaitsIsNotItsTime(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		outs, err := testkit.Count(50, nil).Via(vimap.Func(testkit.Sleepy(900*time.Millisecond)).Timeout(time.Second)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(50), outs)
	})
}

func TestTheTimeLimitIsThatOfEachAttempt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		c := testkit.NewCalls()
		_, err := testkit.Count(1, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			c.Try(n)
			return testkit.Sleepy(time.Hour)(ctx, n)
		}).Timeout(time.Second).Retry(retry.Fixed(10*time.Second))).To(testkit.Patient(t), testkit.Collect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var item *vimap.ItemError
		require.ErrorAs(t, err, &item)
		require.Equal(t, 3, item.Attempts)
		require.Equal(t, []time.Duration{0, 11 * time.Second, 22 * time.Second}, c.At[0])
	})
}

func TestATaskWithinItsTimeLimitIsLeftAlone(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		outs, err := testkit.Count(1, nil).Via(vimap.Func(testkit.Sleepy(999*time.Millisecond)).Timeout(time.Second)).
			Via(vimap.Func(testkit.Sleepy(time.Minute))). // the limit is that of its stage alone
			To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, []int{0}, outs)
	})
}

// stubborn ignores its context until it is released.
type stubborn struct {
	release chan struct{}
	held    atomic.Int64
}

func (s *stubborn) hold() {
	s.held.Add(1)
	defer s.held.Add(-1)
	<-s.release
}

// free ends what still holds, so that the bubble can end.
func (s *stubborn) free(t *testing.T) {
	close(s.release)
	synctest.Wait()
	require.Zero(t, s.held.Load())
}

func TestATaskThatIgnoresItsTimeLimitIsReportedStuckAndTheRunGoesOn(t *testing.T) {
	for _, workers := range []int{1, 3} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				s := stubborn{release: make(chan struct{})}
				defer s.free(t)
				abandoned := make(chan struct{})
				var full sync.WaitGroup // all workers have an input at once
				full.Add(workers)
				stage := crew.Stage(workers, func(_ context.Context, n int) (int, error) {
					switch {
					case n == 20:
						s.hold()
					case n >= 100-workers:
						full.Done()
						full.Wait()
					}
					return n, nil
				}).Named("send").Timeout(time.Second).
					Hooks(vimap.Hooks{WorkerStuck: func(vimap.WorkerEvent) { close(abandoned) }})
				source := sources.Seq(func(yield func(int) bool) {
					for n := range 100 {
						if n == 100-workers {
							<-abandoned
						}
						if !yield(n) {
							return
						}
					}
				})
				began := time.Now()
				all, run := testkit.Outcomes(testkit.Patient(t), source.Via(stage).Ordered())
				require.NoError(t, run.Err())
				require.Less(t, time.Since(began), time.Second+testkit.Grace)
				require.Len(t, all, 100, "what the stuck worker had not begun is done by another")
				for i, result := range all {
					require.Equal(t, i, result.In)
					require.Equal(t, i == 20, result.Err != nil, "item %d: %v", i, result.Err)
				}
				var stuck *vimap.StuckError
				require.ErrorAs(t, all[20].Err, &stuck)
				require.ErrorIs(t, all[20].Err, context.DeadlineExceeded)
				require.Equal(t, "send", stuck.Stage)
				require.Equal(t, time.Second, stuck.Limit)
				require.Equal(t, int64(20), stuck.Index)
				require.Equal(t, any(20), stuck.Input)
				require.Equal(t, []error{stuck}, run.Stats().StuckCalls, "it is reported once")
				require.Contains(t, string(stuck.Stack), "stubborn).hold", "the stack shows where it is stuck")
				require.Contains(t, all[20].Err.Error(), `"send"`)
				require.Equal(t, int64(workers+1), crew.Opened.Load(), "a fresh worker takes its place")
				require.Equal(t, int64(1), run.Stats().Restarts)
				testkit.RequireAddsUp(t, run.Stats())
				require.GreaterOrEqual(t, crew.Closed.Load(), int64(workers))
				require.Equal(t, int64(1), s.held.Load(), "nobody can end it")
			})
		})
	}
}

func TestAStuckTaskOfAPlainFunctionHoldsUpNobody(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		began := time.Now()
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(50, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if n%10 == 0 {
				s.hold()
			}
			return n, nil
		}).Workers(2).Timeout(time.Second)))
		require.NoError(t, run.Err())
		outs, failed := testkit.Split(all)
		require.Len(t, outs, 45)
		require.Len(t, failed, 5)
		require.Less(t, time.Since(began), 5*testkit.Grace)
	})
}

func TestWhatAStuckTaskReturnsTooLateIsDropped(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(1, func(_ context.Context, n int) (int, error) {
			if n == 1 {
				time.Sleep(2 * testkit.Grace) // ignores its context
			}
			return n, nil
		}).Timeout(time.Second)
		p := testkit.Count(5, nil).Via(stage).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 4 {
				return testkit.Sleepy(3*testkit.Grace)(ctx, n) // the run outlives the stuck task
			}
			return n, nil
		}))
		all, run := testkit.Outcomes(testkit.Patient(t), p)
		outs, failed := testkit.Split(all)
		require.Equal(t, []int{0, 2, 3, 4}, outs)
		require.Len(t, failed, 1)
		require.Equal(t, 1, failed[0].In)
		stats := run.Stats()
		require.Len(t, stats.StuckCalls, 1)
		require.Equal(t, vimap.Accounts{Read: 5, Delivered: 4, Failed: 1, Restarts: 1, Stuck: 1, StuckCalls: stats.StuckCalls}, stats.Accounts)
		require.Empty(t, crew.Wrong, "its worker was not closed while it was busy")
		crew.RequireClosed(t)
	})
}

func TestTheClosingOfAnAbandonedWorkerHarmsNoItemHoweverItEnds(t *testing.T) {
	errBroken := errors.New("broken")
	for name, end := range map[string]func() error{
		"well":   func() error { return nil },
		"error":  func() error { return errBroken },
		"panic":  func() error { panic(errBroken) },
		"Goexit": func() error { runtime.Goexit(); return nil },
		"late":   func() error { time.Sleep(5 * time.Second); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var opened atomic.Int64
				stage := vimap.Open(func(context.Context) (int64, error) { return opened.Add(1), nil }).Close(func(worker int64) error {
					if worker > 1 {
						return nil
					}
					return end()
				}).Do(func(worker int64, ctx context.Context, n int) (int, error) {
					if worker == 1 {
						time.Sleep(3 * time.Second) // whatever its context says
						return n, nil
					}
					return testkit.Sleepy(time.Second/2)(ctx, n)
				}).Timeout(time.Second).CloseTimeout(time.Second)
				all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(30, nil).Via(stage).Ordered())
				require.Len(t, all, 30)
				for i, result := range all {
					require.Equal(t, i, result.In)
					require.Equal(t, i == 0, result.Err != nil, "item %d: %v", i, result.Err)
				}
				stats := run.Stats()
				testkit.RequireAddsUp(t, stats)
				require.Equal(t, int64(2), opened.Load())
				require.Equal(t, map[bool]int64{false: 1, true: 2}[name == "late"], stats.Stuck)
				if name == "well" {
					require.NoError(t, run.Err())
					return
				}
				var worker *vimap.WorkerError
				require.ErrorAs(t, run.Err(), &worker, "its closing is told of")
				require.Equal(t, "close", worker.Phase)
			})
		})
	}
}

func TestARunWaitsForTheClosingOfAnAbandonedWorkerAsLongAsItsLimitSays(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		defer synctest.Wait()
		defer close(release)
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).Close(func(int) error {
			<-release
			return nil
		}).Do(func(_ int, _ context.Context, n int) (int, error) {
			time.Sleep(3 * time.Second)
			return n, nil
		}).Timeout(time.Second).CloseTimeout(time.Second)
		began := time.Now()
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(1, nil).Via(stage))
		require.Len(t, all, 1)
		require.Error(t, run.Err())
		require.LessOrEqual(t, time.Since(began), 6*time.Second)
	})
}

func TestAStuckTaskIsRetriedOnAnotherWorker(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		c := testkit.NewCalls()
		run := testkit.Count(3, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if c.Try(n) == 1 && n == 1 {
				s.hold()
			}
			return n, nil
		}).Timeout(time.Second).Retry(retry.Fixed(time.Second))).Ordered().Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(3), outs)
		require.Equal(t, int64(1), run.Stats().Retries)
	})
}

func TestATimeLimitOfABatchFailsItsItems(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(20, nil).Via(vimap.Bulk(5, time.Hour, func(ctx context.Context, ns []int) ([]int, error) {
			if ns[0] == 5 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return ns, nil
		}).Timeout(time.Second)).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 20)
		for i, result := range all {
			require.Equal(t, i >= 5 && i < 10, errors.Is(result.Err, context.DeadlineExceeded), "item %d: %v", i, result.Err)
		}
		require.Equal(t, time.Second, time.Since(began).Truncate(time.Millisecond))
	})
}

func TestATimeLimitOfALoopIsThatOfATurn(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Loop(1, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
			pause := 900 * time.Millisecond
			if n == 5 {
				pause = time.Hour
			}
			feed.Yield(testkit.Sleepy(pause)(ctx, n))
			return false
		}).Timeout(time.Second)
		began := time.Now()
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(10, nil).Via(stage).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 10)
		for i, result := range all {
			require.Equal(t, i == 5, errors.Is(result.Err, context.DeadlineExceeded), "item %d: %v", i, result.Err)
		}
		require.Equal(t, 9*900*time.Millisecond+time.Second, time.Since(began).Truncate(time.Millisecond))
		crew.RequireClosed(t)
	})
}

func TestALoopThatIgnoresItsTimeLimitIsReplaced(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(10, nil).Via(vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			for _, n := range feed.All() {
				if n == 5 {
					s.hold()
				}
				feed.Yield(n, nil)
			}
			return nil
		}).Timeout(time.Second)).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 10)
		for i, result := range all {
			var stuck *vimap.StuckError
			require.Equal(t, i == 5, errors.As(result.Err, &stuck), "item %d: %v", i, result.Err)
		}
	})
}

func TestCancellationAbandonsAStuckTaskAfterItsLimit(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		began := time.Now()
		time.AfterFunc(100*time.Millisecond, func() { cancel(testkit.ErrStop) })
		_, err := testkit.Count(10, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			s.hold()
			return n, nil
		}).Workers(2).Timeout(time.Second)).To(ctx, testkit.Collect)
		require.ErrorIs(t, err, testkit.ErrStop)
		require.Less(t, time.Since(began), time.Second+testkit.Grace)
	})
}
