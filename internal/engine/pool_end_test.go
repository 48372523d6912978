package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// stopAfter returns a context that ends with errStop after d.
func stopAfter(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithCancelCause(testkit.Patient(t))
	time.AfterFunc(d, func() { cancel(testkit.ErrStop) })
	return ctx
}

// failing fails every attempt.
func failing(context.Context, int) (int, error) { return 0, testkit.ErrOdd }

func TestTheEndOfACallsContextEndsItAtOnceInEveryPhase(t *testing.T) {
	opening := func(open func(context.Context) (int, error), workers int) vimap.Stage[int, int] {
		return vimap.Open(open).Do(func(_ int, ctx context.Context, n int) (int, error) { return testkit.Square(ctx, n) }).Workers(workers)
	}
	key := func(int) int { return 1 }
	for phase, c := range map[string]struct {
		stage  vimap.Stage[int, int]
		before int // calls that go before it, and stay
	}{
		"while the workers open":      {opening(func(ctx context.Context) (int, error) { return testkit.Sleepy(time.Minute)(ctx, 0) }, 2), 0},
		"in the queue":                {vimap.Func(testkit.Sleepy(time.Minute)), 1},
		"in a long queue":             {vimap.Func(testkit.Sleepy(time.Minute)), 200},
		"in hand":                     {vimap.Func(testkit.Sleepy(time.Minute)), 0},
		"in hand, with a time limit":  {vimap.Func(testkit.Sleepy(time.Minute)).Timeout(time.Hour), 0},
		"in hand, with a retry":       {vimap.Func(testkit.Sleepy(time.Minute)).Retry(retry.Fixed(time.Second)), 0},
		"in hand, in a loop":          {vimap.LoopFunc(looping(testkit.Sleepy(time.Minute))), 0},
		"in hand, in a batch":         {vimap.Bulk(1, 0, batching(testkit.Sleepy(time.Minute))), 0},
		"in back-off":                 {vimap.Func(failing).Retry(retry.Fixed(time.Minute)), 0},
		"in back-off, in a loop":      {vimap.LoopFunc(looping(failing)).Retry(retry.Fixed(time.Minute)), 0},
		"in back-off, of a batch":     {vimap.Bulk(1, 0, batching(failing)).Retry(retry.Fixed(time.Minute)), 0},
		"in back-off, with a key":     {vimap.Func(failing).KeyBy(key).Retry(retry.Fixed(time.Minute)), 0},
		"while its batch fills":       {vimap.Bulk(10, time.Minute, batching(testkit.Square)), 0},
		"while its key is taken":      {vimap.Func(testkit.Sleepy(time.Minute)).Workers(5).KeyBy(key), 1},
		"in the second of two stages": {vimap.Func(testkit.Square).Then(vimap.Func(testkit.Sleepy(time.Minute))), 0},
		"between two stages":          {vimap.Func(testkit.Square).Then(vimap.Func(testkit.Sleepy(time.Minute))), 1},
		"behind a batch":              {vimap.Bulk(1, 0, batching(testkit.Square)).Then(vimap.Func(testkit.Sleepy(time.Minute))), 1},
		"beside its input":            {vimap.Zip(vimap.Func(testkit.Sleepy(time.Minute))).Then(vimap.Func(second)), 0},
	} {
		t.Run(phase, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				pool := vimap.NewPool(testkit.Patient(t), c.stage)
				stay, leave := context.WithCancel(testkit.Patient(t))
				var wg sync.WaitGroup
				for range c.before {
					wg.Go(func() { _, _ = pool.Do(stay, 0) })
				}
				synctest.Wait()
				began := time.Now()
				_, err := pool.Do(stopAfter(t, time.Second), 1)
				require.Equal(t, testkit.ErrStop, err)
				require.Equal(t, time.Second, time.Since(began))

				leave()
				wg.Wait()
				require.Equal(t, time.Second, time.Since(began))
				// Nothing of the calls is left to wait for.
				if phase != "while the workers open" && phase != "while its batch fills" {
					testkit.ClosePool(t, pool)
					require.Equal(t, time.Second, time.Since(began))
				}
				_ = pool.Close()
			})
		})
	}
}

// looping is f as the worker of a loop.
func looping(f func(context.Context, int) (int, error)) func(*vimap.Feed[int, int]) error {
	return func(feed *vimap.Feed[int, int]) error {
		for ctx, n := range feed.All() {
			feed.Yield(f(ctx, n))
		}
		return nil
	}
}

// batching is f for the inputs of a batch, one after another.
func batching(f func(context.Context, int) (int, error)) func(context.Context, []int) ([]int, error) {
	return func(ctx context.Context, ns []int) ([]int, error) {
		outs := make([]int, len(ns))
		for i, n := range ns {
			var err error
			if outs[i], err = f(ctx, n); err != nil {
				return nil, err
			}
		}
		return outs, nil
	}
}

func second(_ context.Context, p vimap.Pair[int, int]) (int, error) { return p.Out, nil }

func TestARunOverAPoolEndsAtOnceInEveryPhaseAndLeavesThePoolToOthers(t *testing.T) {
	for phase, stage := range map[string]func(*testkit.Crew, func(context.Context, int) (int, error)) vimap.Stage[int, int]{
		"in hand and queued": func(c *testkit.Crew, f func(context.Context, int) (int, error)) vimap.Stage[int, int] {
			return c.Stage(2, f)
		},
		"in back-off": func(c *testkit.Crew, f func(context.Context, int) (int, error)) vimap.Stage[int, int] {
			return c.Stage(2, func(ctx context.Context, n int) (int, error) {
				if n >= 1_000 {
					return 0, testkit.ErrOdd
				}
				return f(ctx, n)
			}).Retry(retry.Fixed(time.Minute))
		},
		"with keys": func(c *testkit.Crew, f func(context.Context, int) (int, error)) vimap.Stage[int, int] {
			return c.Stage(2, f).KeyBy(func(n int) int { return n / 1_000 })
		},
	} {
		for end, run := range map[string]func(*testing.T, vimap.Pipeline[int, int]){
			"by cancellation": func(t *testing.T, p vimap.Pipeline[int, int]) {
				_, err := p.To(stopAfter(t, time.Second), testkit.Collect)
				require.ErrorIs(t, err, testkit.ErrStop)
			},
			"by leaving the loop": func(t *testing.T, p vimap.Pipeline[int, int]) {
				run := p.Start(testkit.Patient(t))
				for range run.Results() {
					break
				}
				require.NoError(t, run.Err())
			},
			"by a failure": func(t *testing.T, p vimap.Pipeline[int, int]) {
				_, err := p.Try(func(int) (int, error) { return 0, testkit.ErrStop }).To(testkit.Patient(t), testkit.Collect)
				require.ErrorIs(t, err, testkit.ErrStop)
			},
		} {
			t.Run(phase+", "+end, func(t *testing.T) {
				rerun.Share(t, 6)
				testkit.Bubble(t, func(t *testing.T) {
					var crew testkit.Crew
					var ended, first atomic.Bool
					pool := vimap.NewPool(testkit.Patient(t), stage(&crew, func(ctx context.Context, n int) (int, error) {
						if n < 1_000 {
							return testkit.Square(ctx, n)
						}
						defer func() { require.False(t, ended.Load(), "it works on an item of a run that has ended") }()
						if end != "by cancellation" && !first.Swap(true) { // whichever it is
							return testkit.Sleepy(time.Second)(ctx, n)
						}
						return testkit.Sleepy(time.Minute)(ctx, n)
					}))
					began := time.Now()
					items := []int{1_000, 1_001, 1_002, 1_003, 1_004}
					if phase == "in back-off" {
						items = append([]int{1}, items...) // an outcome, by which to end the run
					}
					run(t, testkit.Given(items...).Via(pool.Stage()))
					ended.Store(true)
					calls := crew.Calls.Load()
					require.LessOrEqual(t, time.Since(began), time.Second)
					require.Zero(t, crew.Now.Load())
					require.Zero(t, crew.Closed.Load(), "the pool goes on")

					out, err := pool.Do(testkit.Patient(t), 12)
					require.NoError(t, err)
					require.Equal(t, 144, out)
					outs, err := testkit.Count(100, nil).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
					require.NoError(t, err)
					require.Len(t, outs, 100)
					require.LessOrEqual(t, time.Since(began), time.Second)
					require.Equal(t, calls+101, crew.Calls.Load(), "no item of the run that ended was begun since")
					synctest.Wait() // one worker may have done all while the other was opened
					require.Equal(t, int64(2), crew.Opened.Load())
					testkit.ClosePool(t, pool)
					crew.RequireClosed(t)
					require.LessOrEqual(t, time.Since(began), time.Second)
				})
			})
		}
	}
}

func TestAnAttemptInterruptedByItsCallIsNoFailedAttempt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var attempts, told atomic.Int64
		stage := vimap.Func(func(ctx context.Context, n int) (int, error) {
			attempts.Add(1)
			return testkit.Sleepy(time.Minute)(ctx, n)
		}).Retry(retry.Fixed(0).If(func(error) bool { told.Add(1); return true })).
			Hooks(vimap.Hooks{
				AttemptFailed: func(vimap.ItemEvent) { told.Add(1) },
				ItemFailed:    func(vimap.ItemEvent) { told.Add(1) },
			})
		pool := vimap.NewPool(testkit.Patient(t), stage)
		_, err := pool.Do(stopAfter(t, time.Second), 1)
		require.Equal(t, testkit.ErrStop, err)
		require.Equal(t, int64(1), attempts.Load())
		require.Zero(t, told.Load())
		testkit.ClosePool(t, pool)
	})
}

func TestDoDoesNotReturnWhileTheFunctionWorksOnItsInput(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var busy atomic.Bool
		stubborn := func(_ context.Context, n int) (int, error) {
			busy.Store(true)
			defer busy.Store(false)
			time.Sleep(time.Minute) // whatever its context says
			return n, testkit.ErrOdd
		}
		for name, stage := range map[string]vimap.Stage[int, int]{
			"func": vimap.Func(stubborn),
			"loop": vimap.LoopFunc(looping(stubborn)),
			"bulk": vimap.Bulk(1, 0, batching(stubborn)),
			"key": vimap.Func(testkit.Square).KeyBy(func(n int) int {
				_, _ = stubborn(t.Context(), n)
				return n
			}),
			"retry": vimap.Func(failing).Retry(retry.Fixed(time.Second).If(func(error) bool {
				_, _ = stubborn(t.Context(), 0)
				return true
			})),
			"hook": vimap.Func(failing).Hooks(vimap.Hooks{AttemptFailed: func(vimap.ItemEvent) {
				_, _ = stubborn(t.Context(), 0)
			}}),
			"then": vimap.Func(testkit.Square).Then(vimap.Func(stubborn)),
		} {
			pool := vimap.NewPool(testkit.Patient(t), stage)
			began := time.Now()
			_, err := pool.Do(stopAfter(t, time.Second), 1)
			require.Error(t, err, name)
			if name != "hook" {
				require.Equal(t, testkit.ErrStop, err, name)
			}
			require.False(t, busy.Load(), name)
			require.Equal(t, time.Minute, time.Since(began), name)
			testkit.ClosePool(t, pool)
		}
	})
}

func TestAnOutputThatCameInSpiteOfTheEndIsDelivered(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(func(ctx context.Context, n int) (int, error) {
			<-ctx.Done()
			return n, nil
		}))
		out, err := pool.Do(stopAfter(t, time.Second), 7)
		require.NoError(t, err)
		require.Equal(t, 7, out)
		testkit.ClosePool(t, pool)
	})
}

func TestACallWhoseContextHasEndedIsNotMade(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(1, testkit.Square))
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(testkit.ErrStop)
		_, err := pool.Do(ctx, 1)
		require.Equal(t, testkit.ErrStop, err)
		testkit.ClosePool(t, pool)
		require.Zero(t, crew.Calls.Load())
	})
}

func TestCallsThatWereGivenUpLeaveNothingInTheQueue(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(1, func(ctx context.Context, n int) (int, error) {
			time.Sleep(2 * time.Second)
			return n, ctx.Err()
		}))
		var wg sync.WaitGroup
		for n := range 1_000 {
			ctx := stopAfter(t, time.Second)
			wg.Go(func() {
				_, err := pool.Do(ctx, n)
				require.Equal(t, testkit.ErrStop, err)
			})
		}
		wg.Wait()
		out, err := pool.Do(testkit.Patient(t), 5)
		require.NoError(t, err)
		require.Equal(t, 5, out)
		require.Equal(t, int64(2), crew.Calls.Load(), "one that was in hand, and the last")
		testkit.ClosePool(t, pool)
		crew.RequireClosed(t)
	})
}

func TestAnInterruptedCallThatLostItsWorkerHasItOpenedAnew(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(1, func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				<-ctx.Done()
				return 0, vimap.Lost(ctx.Err())
			}
			return n, nil
		}))
		_, err := pool.Do(stopAfter(t, time.Second), 1)
		require.Equal(t, testkit.ErrStop, err)
		_, err = pool.Do(testkit.Patient(t), 2)
		require.NoError(t, err)
		require.Equal(t, int64(2), crew.Opened.Load())
		testkit.ClosePool(t, pool)
		crew.RequireClosed(t)
	})
}

func TestAStuckCallIsAbandonedAndItsCallerToldSo(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(1, func(_ context.Context, n int) (int, error) {
			if n == 1 {
				time.Sleep(10 * time.Second)
			}
			return n, nil
		}).Timeout(time.Second))
		began := time.Now()
		_, err := pool.Do(testkit.Patient(t), 1)
		var stuck *vimap.StuckError
		require.ErrorAs(t, err, &stuck)
		require.Equal(t, 2*time.Second, time.Since(began))

		// A caller that has had enough is told its own cause.
		_, err = pool.Do(stopAfter(t, 500*time.Millisecond), 1)
		require.Equal(t, testkit.ErrStop, err)
		require.Equal(t, 4*time.Second, time.Since(began))

		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Given(1, 2, 3).Via(pool.Stage()).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 3)
		require.ErrorAs(t, all[0].Err, &stuck)
		require.NoError(t, errors.Join(all[1].Err, all[2].Err))
		testkit.ClosePool(t, pool)
		time.Sleep(10 * time.Second)
		crew.RequireClosed(t)
	})
}

func TestAPoolThatAbandonsTooMuchEndsWithThatError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(2, func(_ context.Context, n int) (int, error) {
			time.Sleep(10 * time.Second)
			return n, nil
		}).Timeout(time.Second).StuckLimit(0))
		_, err := testkit.Count(10, nil).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
		var limit *vimap.StuckLimitError
		require.ErrorAs(t, err, &limit)
		_, err = pool.Do(testkit.Patient(t), 1)
		require.ErrorAs(t, err, &limit)
		require.ErrorAs(t, pool.Close(), &limit)
		time.Sleep(10 * time.Second)
		crew.RequireClosed(t)
	})
}
