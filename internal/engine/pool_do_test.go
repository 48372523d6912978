package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"runtime"
	"strings"
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

func TestThePoolsSecondRunFindsTheSameOpenedWorkers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		var mu sync.Mutex
		seen := map[int64]int{}
		stage := vimap.Open(crew.Open).Close((*testkit.Hand).Close).Do(func(h *testkit.Hand, ctx context.Context, n int) (int, error) {
			defer h.Begin()()
			mu.Lock()
			seen[h.ID]++
			mu.Unlock()
			return testkit.Sleepy(time.Second)(ctx, n)
		}).Workers(3)
		pool := vimap.NewPool(testkit.Patient(t), stage)
		for range 4 {
			outs, err := testkit.Count(9, nil).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.ElementsMatch(t, testkit.UpTo(9), outs)
		}
		require.Equal(t, map[int64]int{1: 12, 2: 12, 3: 12}, seen)
		require.Equal(t, int64(3), crew.Opened.Load())
		require.Zero(t, crew.Closed.Load())

		testkit.ClosePool(t, pool)
		require.Equal(t, int64(3), crew.Opened.Load())
		crew.RequireClosed(t)
	})
}

func TestUseAfterThePoolIsClosedIsAClearError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(2, testkit.Square))
		out, err := pool.Do(testkit.Patient(t), 7)
		require.NoError(t, err)
		require.Equal(t, 49, out)
		testkit.ClosePool(t, pool)
		crew.RequireClosed(t)

		out, err = pool.Do(testkit.Patient(t), 7)
		require.ErrorIs(t, err, vimap.ErrPoolClosed)
		require.EqualError(t, err, "vimap: the pool is closed")
		require.Zero(t, out)

		var reads atomic.Int64
		run := testkit.Count(10, &reads).Via(pool.Stage()).Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.Equal(t, vimap.ErrPoolClosed, err)
		require.Empty(t, outs)
		require.Zero(t, reads.Load(), "a run over a closed pool reads nothing")
		testkit.RequireAddsUp(t, run.Stats())

		testkit.ClosePool(t, pool)
		require.Equal(t, int64(2), crew.Opened.Load())
		crew.RequireClosed(t)
	})
}

func TestThePoolClosesEachWorkerOnceAndReturnsTheirClosingErrors(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var closed atomic.Int64
		stage := vimap.OpenWith(func(_ context.Context, name string) (string, error) { return name, nil }).
			Close(func(name string) error {
				closed.Add(1)
				return errors.New(name + " jams")
			}).
			Do(func(name string, _ context.Context, n int) (string, error) { return fmt.Sprint(name, n), nil }).
			Each("a", "b").Named("door")
		pool := vimap.NewPool(testkit.Patient(t), stage)
		_, err := pool.Do(testkit.Patient(t), 1)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 3 { // at once, and each hears of it
			wg.Go(func() {
				err := pool.Close()
				require.ErrorContains(t, err, `vimap: stage "door": worker 0 (a): close: a jams`)
				require.ErrorContains(t, err, `vimap: stage "door": worker 1 (b): close: b jams`)
			})
		}
		wg.Wait()
		require.Error(t, pool.Close(), "and again")
		require.Equal(t, int64(2), closed.Load())
	})
}

func TestClosingAPoolWaitsForCallsInHandAndInTheQueue(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(2, testkit.Sleepy(time.Second)))
		began := time.Now()
		var done atomic.Int64
		var wg sync.WaitGroup
		for n := range 6 {
			wg.Go(func() {
				out, err := pool.Do(testkit.Patient(t), n)
				require.NoError(t, err)
				require.Equal(t, n, out)
				done.Add(1)
			})
		}
		time.Sleep(100 * time.Millisecond)
		testkit.ClosePool(t, pool)
		require.Equal(t, 3*time.Second, time.Since(began))
		require.Equal(t, int64(6), crew.Calls.Load())
		crew.RequireClosed(t)
		wg.Wait()
		require.Equal(t, int64(6), done.Load())
	})
}

func TestClosingAPoolInTheMiddleOfARunEndsTheRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(2, testkit.Sleepy(time.Second)))
		time.AfterFunc(2500*time.Millisecond, func() { require.NoError(t, pool.Close()) })
		run := testkit.Count(100, nil).Via(pool.Stage()).InFlight(2).Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.ErrorIs(t, err, vimap.ErrPoolClosed)
		require.GreaterOrEqual(t, len(outs), 4)
		testkit.RequireAddsUp(t, run.Stats())
		synctest.Wait()
		crew.RequireClosed(t)
	})
}

func TestAPoolThatNobodyCallsOpensAndClosesItsWorkers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		pool := vimap.NewPool(testkit.Patient(t), crew.Stage(5, testkit.Square))
		synctest.Wait()
		require.Equal(t, int64(5), crew.Opened.Load(), "opening begins at once")
		testkit.ClosePool(t, pool)
		crew.RequireClosed(t)

		testkit.ClosePool(t, vimap.NewPool(testkit.Patient(t), crew.Stage(5, testkit.Square))) // at once
		crew.RequireClosed(t)
	})
}

func TestClosingAPoolDoesNotWaitForAnOpeningThatNobodyNeeds(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		}).Do(func(int, context.Context, int) (int, error) { return 0, nil })
		pool := vimap.NewPool(testkit.Patient(t), stage)
		began := time.Now()
		time.Sleep(time.Second)
		testkit.ClosePool(t, pool)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestTheEndOfItsContextEndsThePool(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		ctx, cancel := context.WithCancelCause(t.Context())
		pool := vimap.NewPool(ctx, crew.Stage(2, testkit.Sleepy(time.Hour)))
		began := time.Now()
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		var wg sync.WaitGroup
		for n := range 5 { // two in hand, three in the queue
			wg.Go(func() {
				_, err := pool.Do(testkit.Patient(t), n)
				require.Equal(t, testkit.ErrStop, err)
			})
		}
		run := testkit.Count(10, nil).Via(pool.Stage()).Start(testkit.Patient(t))
		_, err := testkit.Collect(run)
		require.Equal(t, testkit.ErrStop, err)
		testkit.RequireAddsUp(t, run.Stats())
		wg.Wait()
		require.Equal(t, time.Second, time.Since(began))

		_, err = pool.Do(testkit.Patient(t), 1)
		require.Equal(t, testkit.ErrStop, err, "later calls get it, too")
		synctest.Wait()
		crew.RequireClosed(t)      // without a Close
		testkit.ClosePool(t, pool) // which is no error: everyone has heard of it
		_, err = pool.Do(testkit.Patient(t), 1)
		require.Equal(t, vimap.ErrPoolClosed, err)
	})
}

func TestAPoolWhoseContextHasEndedOpensNothing(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(testkit.ErrStop)
		pool := vimap.NewPool(ctx, crew.Stage(2, testkit.Square))
		_, err := pool.Do(testkit.Patient(t), 1)
		require.Equal(t, testkit.ErrStop, err)
		_, err = testkit.Count(10, nil).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
		require.Equal(t, testkit.ErrStop, err)
		testkit.ClosePool(t, pool)
		require.Zero(t, crew.Opened.Load())
	})
}

func TestSixtyFourGoroutinesCallAPoolAtOnce(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var crew testkit.Crew
	pool := vimap.NewPool(t.Context(), crew.Stage(4, func(_ context.Context, n int) (int, error) {
		if n%10 == 3 {
			return 0, testkit.ErrOdd
		}
		return n * n, nil
	}))
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			for i := range 100 {
				n := 100*g + i
				out, err := pool.Do(t.Context(), n)
				if n%10 == 3 {
					require.ErrorIs(t, err, testkit.ErrOdd)
					require.EqualError(t, err, `vimap: stage "open": `+testkit.ErrOdd.Error())
					continue
				}
				require.NoError(t, err)
				require.Equal(t, n*n, out)
			}
		})
	}
	wg.Wait()
	testkit.ClosePool(t, pool)
	require.Equal(t, vimap.Accounts{Read: 6400, Delivered: 5760, Failed: 640}, pool.Stats().Accounts)
	require.Equal(t, int64(6400), crew.Calls.Load())
	require.LessOrEqual(t, crew.Most.Load(), int64(4))
	crew.RequireClosed(t)
}

func TestTwoRunsAndCallsAtOnceOverOnePoolKeepTheirItemsApart(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var crew testkit.Crew
	pool := vimap.NewPool(t.Context(), crew.Stage(3, func(_ context.Context, n int) (int, error) {
		if n%100 == 7 {
			panic("seven")
		}
		return n * n, nil
	}))
	var wg sync.WaitGroup
	for r := range 4 {
		wg.Go(func() {
			p := testkit.Count(600, nil).Map(testkit.Plus(1_000_000 * r)).Via(pool.Stage())
			if r%2 == 0 {
				p = p.Ordered()
			}
			all, run := testkit.Outcomes(t.Context(), p)
			require.NoError(t, run.Err())
			require.Len(t, all, 600)
			for i, result := range all {
				if r%2 == 0 {
					require.Equal(t, i, result.In)
				}
				n := result.In + 1_000_000*r
				require.Equal(t, n%100 == 7, result.Err != nil)
				if result.Err == nil {
					require.Equal(t, n*n, result.Out)
				}
				require.Equal(t, int64(result.In), result.Index)
			}
			stats := run.Stats()
			require.Equal(t, vimap.Accounts{Read: 600, Delivered: 594, Failed: 6}, stats.Accounts)
		})
	}
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				n := 100*(200*g+i) + 50
				out, err := pool.Do(t.Context(), n)
				require.NoError(t, err)
				require.Equal(t, n*n, out)
			}
		})
	}
	wg.Wait()
	testkit.ClosePool(t, pool)
	require.LessOrEqual(t, crew.Most.Load(), int64(3))
	crew.RequireClosed(t)
}

func TestCallsOfAPoolTakeTheirTurnInTheOrderInWhichTheyCame(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var order []int
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(func(ctx context.Context, n int) (int, error) {
			order = append(order, n)
			return testkit.Sleepy(time.Second)(ctx, n)
		}))
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				_, err := pool.Do(testkit.Patient(t), n)
				require.NoError(t, err)
			})
			synctest.Wait()
		}
		wg.Wait()
		require.Equal(t, testkit.UpTo(8), order)
		testkit.ClosePool(t, pool)
	})
}

func TestAPoolWithNoWorkerLeftAnswersWithTheirErrors(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.OpenWith(func(_ context.Context, name string) (int, error) { return 0, errors.New("no " + name) }).
			Do(func(int, context.Context, int) (int, error) { return 0, nil }).Each("a", "b").Named("send").Restart(retry.Policy{})
		pool := vimap.NewPool(testkit.Patient(t), stage)
		requireNone := func(err error) {
			var none *vimap.NoWorkersError
			require.ErrorAs(t, err, &none)
			require.ErrorIs(t, err, vimap.ErrNoWorkers)
			require.Equal(t, "send", none.Stage)
			require.Len(t, none.Workers, 2)
			require.ErrorContains(t, err, "worker 1 (b): open: no b")
		}
		for range 2 {
			_, err := pool.Do(testkit.Patient(t), 1)
			requireNone(err)
		}
		var reads atomic.Int64
		_, err := testkit.Count(10, &reads).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
		requireNone(err)
		require.Zero(t, reads.Load(), "the unread input is not consumed")
		requireNone(pool.Close())
	})
}

func TestARunWaitsForThePoolToOpenBeforeItReads(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 0, testkit.ErrStop
		}).Do(func(int, context.Context, int) (int, error) { return 0, nil }).Workers(3).Restart(retry.Policy{})
		pool := vimap.NewPool(testkit.Patient(t), stage)
		var reads atomic.Int64
		run := testkit.Count(10, &reads).Via(pool.Stage()).Start(testkit.Patient(t))
		_, err := testkit.Collect(run)
		require.ErrorIs(t, err, vimap.ErrNoWorkers)
		require.Zero(t, reads.Load())
		require.Equal(t, vimap.Accounts{}, run.Stats().Accounts)
		require.ErrorIs(t, pool.Close(), vimap.ErrNoWorkers)
	})
}

func TestAPoolIsReleasedByItsCallsOnceTheyAreOver(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var freed atomic.Int64
	pool := vimap.NewPool(t.Context(), vimap.Func(func(_ context.Context, p *[1 << 10]int) (int, error) { return len(p), nil }).Workers(2))
	for range 100 {
		p := new([1 << 10]int)
		runtime.AddCleanup(p, func(int) { freed.Add(1) }, 0)
		_, err := pool.Do(t.Context(), p)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		runtime.GC()
		return freed.Load() >= 99 // a worker may keep the last that it had
	}, 10*time.Second, time.Millisecond)
	testkit.ClosePool(t, pool)
}

func TestAStageOfAPoolTakesNoOptions(t *testing.T) {
	testkit.Quiet(t)
	pool := vimap.NewPool(t.Context(), vimap.Func(testkit.Square))
	stage := pool.Stage()
	const rule = ": a stage of a Pool takes no options, set them on the stage that NewPool gets"
	for method, call := range map[string]func(){
		"Named":   func() { stage.Named("x") },
		"Workers": func() { stage.Workers(2) },
		"Timeout": func() { stage.Timeout(time.Second) },
		"Retry":   func() { vimap.Zip(stage).Retry(retry.Policy{}) },
		"KeyBy":   func() { stage.KeyBy(func(n int) int { return n }) },
	} {
		require.PanicsWithValue(t, "vimap: "+method+rule, call)
	}
	require.PanicsWithValue(t, "vimap: NewPool: stage must not be nil", func() {
		vimap.NewPool(t.Context(), vimap.Stage[int, int]{})
	})
	testkit.ClosePool(t, pool)
}

func TestAPoolWhoseClosingFailedAndThatNobodyClosesSaysSo(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	logged := make(chan string, 10)
	before, output, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(slog.New(slog.NewTextHandler(writerFunc(func(line string) {
		if strings.Contains(line, "a pool failed") { // other tests drop runs, too
			logged <- line
		}
	}), nil)))
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(output) // SetDefault leads it to slog, but not back
		log.SetFlags(flags)
	})
	ctx, cancel := context.WithCancel(t.Context())
	func() {
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
			Close(func(int) error { return errors.New("it jams") }).
			Do(func(_ int, ctx context.Context, n int) (int, error) { return testkit.Square(ctx, n) })
		pool := vimap.NewPool(ctx, stage)
		_, err := pool.Do(ctx, 3)
		require.NoError(t, err)
	}()
	cancel()
	var line string
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case line = <-logged:
			return true
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
	require.Contains(t, line, "vimap: a pool failed and nobody read its error")
	require.Contains(t, line, "worker 0: close: it jams")
}

// writerFunc is a writer of lines.
type writerFunc func(line string)

func (f writerFunc) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}
