package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// deaf waits and does not heed its context.
func deaf(d time.Duration) { time.Sleep(d) }

func TestAnOpeningThatHeedsItsLimitFailsByItAndIsTriedAgain(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var opened atomic.Int64
		stage := vimap.Open(func(ctx context.Context) (int, error) {
			if opened.Add(1) == 1 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return 1, nil
		}).Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
			OpenTimeout(time.Minute).Restart(retry.Fixed(0).Attempts(2))
		began := time.Now()
		outs, err := testkit.Count(20, nil).Via(stage).Ordered().To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(20), outs)
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, int64(2), opened.Load())
	})
}

func TestAnOpeningThatIgnoresItsLimitIsAbandonedAndClosedWhenItIsOpenAfterAll(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var opened, closed atomic.Int64
		stage := vimap.Open(func(context.Context) (int64, error) {
			n := opened.Add(1)
			if n == 1 {
				deaf(10 * time.Second)
			}
			return n, nil
		}).Close(func(int64) error { closed.Add(1); return nil }).
			Do(func(worker int64, _ context.Context, n int) (int, error) {
				require.Equal(t, int64(2), worker, "an abandoned worker has no inputs")
				time.Sleep(time.Second)
				return n, nil
			}).OpenTimeout(2 * time.Second)
		run := testkit.Count(20, nil).Via(stage).Start(t.Context())
		n := 0
		for range run.Zip() {
			n++
		}
		require.NoError(t, run.Err())
		require.Equal(t, 20, n)
		require.Equal(t, int64(1), run.Stats().Stuck)
		require.Equal(t, int64(2), opened.Load())
		require.Equal(t, int64(2), closed.Load())
	})
}

func TestAWorkerWhoseOpeningsAreAllAbandonedIsLostWithItsStack(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(context.Context) (int, error) { deaf(time.Hour); return 0, nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
			OpenTimeout(time.Second).Restart(retry.Fixed(0).Attempts(2)).Named("dial")
		began := time.Now()
		_, err := testkit.Count(20, nil).Via(stage).To(t.Context(), testkit.Collect)
		require.ErrorIs(t, err, vimap.ErrNoWorkers)
		var stuck *vimap.StuckError
		require.ErrorAs(t, err, &stuck)
		require.Equal(t, time.Second, stuck.Limit)
		require.Contains(t, string(stuck.Stack), "deaf")
		require.Equal(t, 2*(time.Second+time.Second), time.Since(began))
		time.Sleep(2 * time.Hour) // the abandoned goroutines end
	})
}

func TestAClosingThatIgnoresItsLimitIsPartOfTheError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
			Close(func(int) error { deaf(time.Hour); return nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
			CloseTimeout(5 * time.Second)
		began := time.Now()
		outs, err := testkit.Count(20, nil).Via(stage).Ordered().To(t.Context(), testkit.Collect)
		require.Equal(t, testkit.UpTo(20), outs, "no output is lost")
		require.Equal(t, 6*time.Second, time.Since(began))
		var worker *vimap.WorkerError
		require.ErrorAs(t, err, &worker)
		require.Equal(t, "close", worker.Phase)
		var stuck *vimap.StuckError
		require.ErrorAs(t, err, &stuck)
		require.Contains(t, string(stuck.Stack), "deaf")
		require.Equal(t, int64(-1), stuck.Index, "it is not about an item")
		require.Nil(t, stuck.Input)
		time.Sleep(2 * time.Hour)
	})
}

func TestARunEndsWhenMoreCallsAreAbandonedThanItsStuckLimitAllows(t *testing.T) {
	for name, limit := range map[string]int{"none": 0, "three": 3} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				stage := vimap.Func(func(context.Context, int) (int, error) { deaf(time.Hour); return 0, nil }).
					Timeout(time.Second).StuckLimit(limit).Named("send")
				run := testkit.Count(100, nil).Via(stage).Start(t.Context())
				for range run.Results() {
				}
				var over *vimap.StuckLimitError
				require.ErrorAs(t, run.Err(), &over)
				require.Equal(t, "send", over.Stage)
				require.Equal(t, limit, over.Limit)
				require.ErrorIs(t, run.Err(), context.DeadlineExceeded)
				require.Equal(t, int64(limit+1), run.Stats().Stuck)
				testkit.RequireAddsUp(t, run.Stats())
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

func TestHooksAreToldWhatHappens(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var opened, closed, restarted, failed, retried, given, done atomic.Int64
		tell := func(n *atomic.Int64) func(vimap.WorkerEvent) {
			return func(e vimap.WorkerEvent) {
				require.Equal(t, "work", e.Stage)
				require.Contains(t, []any{"a", "b"}, e.Config)
				n.Add(1)
			}
		}
		item := func(n *atomic.Int64, fails bool) func(vimap.ItemEvent) {
			return func(e vimap.ItemEvent) {
				require.Equal(t, "work", e.Stage)
				require.Equal(t, any(int(e.Index)), e.Input)
				require.Equal(t, fails, e.Err != nil)
				n.Add(1)
			}
		}
		tried := new(testkit.LedgerOfAttempts)
		stage := vimap.OpenWith(func(context.Context, string) (int, error) { return 0, nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) {
				switch attempt := tried.Next(n); {
				case n == 50 && attempt == 1:
					panic("fifty")
				case n%10 == 3, n%10 == 4 && attempt == 1:
					return 0, testkit.ErrOdd
				}
				return n, nil
			}).Each("a", "b").Named("work").Retry(retry.Fixed(time.Second).Attempts(2)).
			Hooks(vimap.Hooks{
				WorkerOpened: tell(&opened), WorkerClosed: tell(&closed), WorkerRestarted: tell(&restarted),
				AttemptFailed: item(&failed, true), ItemRetried: item(&retried, true),
				ItemFailed: item(&given, true), ItemDone: item(&done, false),
			})
		run := testkit.Count(100, nil).Via(stage).Start(testkit.Patient(t))
		for range run.Results() {
		}
		require.NoError(t, run.Err())
		require.Equal(t, int64(1), restarted.Load())
		require.Equal(t, int64(3), opened.Load())
		require.Equal(t, int64(3), closed.Load())
		require.Equal(t, int64(10+10+10+1), failed.Load(), "twice for each 3, once for each 4 and for 50")
		require.Equal(t, int64(21), retried.Load())
		require.Equal(t, int64(10), given.Load())
		require.Equal(t, int64(90), done.Load())
	})
}

func TestADeathInAHookHarmsNothingAndIsPartOfTheError(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				stage := vimap.Func(testkit.Square).Workers(2).Hooks(vimap.Hooks{ItemDone: func(vimap.ItemEvent) { fault.Die() }})
				outs, err := testkit.Count(20, nil).Via(stage).Ordered().To(testkit.Patient(t), testkit.Collect)
				require.Len(t, outs, 20)
				var worker *vimap.WorkerError
				require.ErrorAs(t, err, &worker)
				require.Equal(t, "hook", worker.Phase)
				var panicked *vimap.PanicError
				require.ErrorAs(t, err, &panicked)
			})
		})
	}
}

func TestLimitsAndHooksOfAComposedStageAreAMistake(t *testing.T) {
	composed := vimap.Func(testkit.Square).Then(vimap.Func(testkit.Square))
	for name, set := range map[string]func(){
		"vimap: OpenTimeout: limit must be above 0, got 0s":                          func() { vimap.Func(testkit.Square).OpenTimeout(0) },
		"vimap: CloseTimeout: limit must be above 0, got -1s":                        func() { vimap.Func(testkit.Square).CloseTimeout(-time.Second) },
		"vimap: StuckLimit: n must not be negative, got -1":                          func() { vimap.Func(testkit.Square).StuckLimit(-1) },
		"vimap: Hooks: a stage made by Then takes no options, set them on its parts": func() { composed.Hooks(vimap.Hooks{}) },
	} {
		require.PanicsWithValue(t, name, set)
	}
	require.ErrorIs(t, error(&vimap.StuckLimitError{Last: testkit.ErrRefused}), testkit.ErrRefused)
	require.NotErrorIs(t, error(&vimap.StuckLimitError{Last: testkit.ErrRefused}), testkit.ErrOdd)
}
