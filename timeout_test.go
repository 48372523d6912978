package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
)

// grace is more than any run waits for a function that ignores its time limit.
const grace = time.Minute

func TestATaskOverItsTimeLimitFailsWithDeadlineExceeded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		began := time.Now()
		var deadline time.Duration
		stage := crew.stage(1, func(ctx context.Context, n int) (int, error) {
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
		all, run := outcomes(patient(t), count(5, nil).Via(stage).Ordered())
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
		require.Equal(t, int64(1), crew.opened.Load(), "its worker goes on")
		crew.requireClosed(t)
	})
}

func TestTheTimeAnItemWaitsIsNotItsTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		outs, err := count(50, nil).Via(vimap.Func(sleepy(900*time.Millisecond)).Timeout(time.Second)).Ordered().To(patient(t), collect)
		require.NoError(t, err)
		require.Equal(t, upTo(50), outs)
	})
}

func TestTheTimeLimitIsThatOfEachAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCalls()
		_, err := count(1, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			c.try(n)
			return sleepy(time.Hour)(ctx, n)
		}).Timeout(time.Second).Retry(retry.Fixed(10*time.Second))).To(patient(t), collect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var item *vimap.ItemError
		require.ErrorAs(t, err, &item)
		require.Equal(t, 3, item.Attempts)
		require.Equal(t, []time.Duration{0, 11 * time.Second, 22 * time.Second}, c.at[0])
	})
}

func TestATaskWithinItsTimeLimitIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		outs, err := count(1, nil).Via(vimap.Func(sleepy(999*time.Millisecond)).Timeout(time.Second)).
			Via(vimap.Func(sleepy(time.Minute))). // the limit is that of its stage alone
			To(patient(t), collect)
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
			bubble(t, func(t *testing.T) {
				var crew crew
				s := stubborn{release: make(chan struct{})}
				defer s.free(t)
				abandoned := make(chan struct{})
				var full sync.WaitGroup // all workers have an input at once
				full.Add(workers)
				stage := crew.stage(workers, func(_ context.Context, n int) (int, error) {
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
				all, run := outcomes(patient(t), source.Via(stage).Ordered())
				require.NoError(t, run.Err())
				require.Less(t, time.Since(began), time.Second+grace)
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
				require.Equal(t, int64(workers+1), crew.opened.Load(), "a fresh worker takes its place")
				require.Equal(t, int64(1), run.Stats().Restarts)
				requireAddsUp(t, run.Stats())
				require.GreaterOrEqual(t, crew.closed.Load(), int64(workers))
				require.Equal(t, int64(1), s.held.Load(), "nobody can end it")
			})
		})
	}
}

func TestAStuckTaskOfAPlainFunctionHoldsUpNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		began := time.Now()
		all, run := outcomes(patient(t), count(50, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if n%10 == 0 {
				s.hold()
			}
			return n, nil
		}).Workers(2).Timeout(time.Second)))
		require.NoError(t, run.Err())
		outs, failed := split(all)
		require.Len(t, outs, 45)
		require.Len(t, failed, 5)
		require.Less(t, time.Since(began), 5*grace)
	})
}

func TestWhatAStuckTaskReturnsTooLateIsDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := crew.stage(1, func(_ context.Context, n int) (int, error) {
			if n == 1 {
				time.Sleep(2 * grace) // ignores its context
			}
			return n, nil
		}).Timeout(time.Second)
		p := count(5, nil).Via(stage).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 4 {
				return sleepy(3*grace)(ctx, n) // the run outlives the stuck task
			}
			return n, nil
		}))
		all, run := outcomes(patient(t), p)
		outs, failed := split(all)
		require.Equal(t, []int{0, 2, 3, 4}, outs)
		require.Len(t, failed, 1)
		require.Equal(t, 1, failed[0].In)
		stats := run.Stats()
		require.Len(t, stats.StuckCalls, 1)
		require.Equal(t, vimap.Accounts{Read: 5, Delivered: 4, Failed: 1, Restarts: 1, Stuck: 1, StuckCalls: stats.StuckCalls}, stats.Accounts)
		require.Empty(t, crew.wrong, "its worker was not closed while it was busy")
		crew.requireClosed(t)
	})
}

func TestAStuckTaskIsRetriedOnAnotherWorker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		c := newCalls()
		run := count(3, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if c.try(n) == 1 && n == 1 {
				s.hold()
			}
			return n, nil
		}).Timeout(time.Second).Retry(retry.Fixed(time.Second))).Ordered().Start(patient(t))
		outs, err := collect(run)
		require.NoError(t, err)
		require.Equal(t, upTo(3), outs)
		require.Equal(t, int64(1), run.Stats().Retries)
	})
}

func TestATimeLimitOfABatchFailsItsItems(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		all, run := outcomes(patient(t), count(20, nil).Via(vimap.Bulk(5, time.Hour, func(ctx context.Context, ns []int) ([]int, error) {
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
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := crew.loop(1, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
			pause := 900 * time.Millisecond
			if n == 5 {
				pause = time.Hour
			}
			feed.Yield(sleepy(pause)(ctx, n))
			return false
		}).Timeout(time.Second)
		began := time.Now()
		all, run := outcomes(patient(t), count(10, nil).Via(stage).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 10)
		for i, result := range all {
			require.Equal(t, i == 5, errors.Is(result.Err, context.DeadlineExceeded), "item %d: %v", i, result.Err)
		}
		require.Equal(t, 9*900*time.Millisecond+time.Second, time.Since(began).Truncate(time.Millisecond))
		crew.requireClosed(t)
	})
}

func TestALoopThatIgnoresItsTimeLimitIsReplaced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		all, run := outcomes(patient(t), count(10, nil).Via(vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
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
	bubble(t, func(t *testing.T) {
		s := stubborn{release: make(chan struct{})}
		defer s.free(t)
		ctx, cancel := context.WithCancelCause(patient(t))
		defer cancel(nil)
		began := time.Now()
		time.AfterFunc(100*time.Millisecond, func() { cancel(errStop) })
		_, err := count(10, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			s.hold()
			return n, nil
		}).Workers(2).Timeout(time.Second)).To(ctx, collect)
		require.ErrorIs(t, err, errStop)
		require.Less(t, time.Since(began), time.Second+grace)
	})
}
