package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

func TestOpeningRunsOncePerWorkerBeforeItTakesAnyInput(t *testing.T) {
	rerun.Share(t, 4)
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		began := time.Now()
		stage := vimap.Open(func(ctx context.Context) (*testkit.Hand, error) {
			time.Sleep(time.Second)
			return crew.Open(ctx)
		}).Close((*testkit.Hand).Close).Do(func(h *testkit.Hand, ctx context.Context, n int) (int64, error) {
			defer h.Begin()()
			if time.Since(began) < time.Second {
				return 0, errors.New("too early")
			}
			_, err := testkit.Jitter(ctx, n)
			return h.ID, err
		}).Workers(5)
		outs, err := testkit.Count(2_000, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 2_000)
		for id := range int64(5) {
			require.Contains(t, outs, id+1, "every worker works")
		}
		require.Equal(t, int64(5), crew.Opened.Load())
		require.LessOrEqual(t, crew.Most.Load(), int64(5))
		crew.RequireClosed(t)
		require.Less(t, time.Since(began), 2*time.Second, "workers open side by side")
	})
}

func TestEveryWorkerHasTheConfigurationOfItsOwn(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := vimap.OpenWith(crew.OpenWith).Close((*testkit.Hand).Close).Do(func(h *testkit.Hand, ctx context.Context, n int) (string, error) {
			defer h.Begin()()
			_, err := testkit.Sleepy(time.Second)(ctx, n)
			return h.Config, err
		}).Each("a", "b", "c", "b")
		outs, err := testkit.Count(16, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Equal(t, slices.Concat(slices.Repeat([]string{"a"}, 4), slices.Repeat([]string{"b"}, 8), slices.Repeat([]string{"c"}, 4)), outs)
		require.Equal(t, int64(4), crew.Opened.Load())
		crew.RequireClosed(t)
	})
}

// oddity cannot be compared, printed or serialised.
type oddity struct {
	f func(int) int
	c chan int
	m map[string]func()
}

func (oddity) String() string { panic("do not print me") }

func TestAConfigurationIsNeverComparedPrintedOrSerialised(t *testing.T) {
	testkit.Quiet(t)
	configs := []any{oddity{f: testkit.Plus(1)}, oddity{f: testkit.Plus(1), c: make(chan int), m: map[string]func(){}}, func() {}, []int{1}}
	var seen atomic.Int64
	stage := vimap.OpenWith(func(_ context.Context, config any) (any, error) {
		seen.Add(1)
		return config, nil
	}).Do(func(_ any, _ context.Context, n int) (int, error) { return n, nil }).Each(configs...)
	outs, err := testkit.Count(100, nil).Via(stage).Ordered().To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.Equal(t, testkit.UpTo(100), outs)
	require.Equal(t, int64(4), seen.Load())
}

func TestTheConfigurationsOfAStageAreItsOwnCopy(t *testing.T) {
	testkit.Quiet(t)
	var crew testkit.Crew
	configs := []string{"a", "b"}
	stage := vimap.OpenWith(crew.OpenWith).Close((*testkit.Hand).Close).Do(func(h *testkit.Hand, _ context.Context, _ int) (string, error) {
		return h.Config, nil
	}).Each(configs...)
	configs[0], configs[1] = "x", "x"
	outs, err := testkit.Count(100, nil).Via(stage).To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.NotContains(t, outs, "x")
}

func TestNineEqualInputsOnThreeWorkersComeBackInThreeRounds(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		run := testkit.Count(9, nil).Via(vimap.Func(testkit.Sleepy(time.Second)).Workers(3)).Start(testkit.Patient(t))
		rounds := map[time.Duration]int{}
		for range run.Zip() {
			rounds[time.Since(began)]++
		}
		require.NoError(t, run.Err())
		require.Equal(t, map[time.Duration]int{time.Second: 3, 2 * time.Second: 3, 3 * time.Second: 3}, rounds)
	})
}

func TestSeventyWorkersTakeSeventyInputsInOneRoundAndSeventyOneInTwo(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for n, least := range map[int]time.Duration{70: 200 * time.Millisecond, 71: 400 * time.Millisecond} {
			began := time.Now()
			outs, err := testkit.Count(n, nil).Via(vimap.Func(testkit.Sleepy(200*time.Millisecond)).Workers(70)).To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Len(t, outs, n)
			require.GreaterOrEqual(t, time.Since(began), least)
			require.Less(t, time.Since(began), least+200*time.Millisecond)
		}
	})
}

func TestTwoHundredAndTenThousandWorkersWorkAtOnce(t *testing.T) {
	for _, workers := range []int{200, manyWorkers} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			rerun.Share(t, 6)
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				began := time.Now()
				outs, err := testkit.Count(workers, nil).Via(crew.Stage(workers, testkit.Sleepy(time.Second))).Ordered().To(testkit.Patient(t), testkit.Collect)
				require.NoError(t, err)
				require.Equal(t, testkit.UpTo(workers), outs)
				require.Less(t, time.Since(began), 2*time.Second)
				require.Equal(t, int64(workers), crew.Most.Load())
				crew.RequireClosed(t)
			})
		})
	}
}

func TestNoMoreCallsRunAtOnceThanThereAreWorkers(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	for _, workers := range []int{1, 2, 5} {
		var g testkit.Gauge
		outs, err := testkit.Count(5_000, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			defer g.Enter()()
			return n, nil
		}).Workers(workers)).Ordered().To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(5_000), outs)
		require.LessOrEqual(t, g.Most.Load(), int64(workers))
		require.Equal(t, int64(5_000), g.Calls.Load())
	}
	// Where each call takes a while, all workers there are have one in hand.
	testkit.Bubble(t, func(t *testing.T) {
		for _, workers := range []int{1, 2, 5} {
			var g testkit.Gauge
			outs, err := testkit.Count(500, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
				defer g.Enter()()
				return testkit.Sleepy(time.Second)(ctx, n)
			}).Workers(workers)).To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Len(t, outs, 500)
			require.Equal(t, int64(workers), g.Most.Load())
		}
	})
}

func TestAStageWorksWithOneWorkerUnlessToldOtherwise(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := testkit.Count(5, nil).Via(vimap.Func(testkit.Sleepy(time.Second))).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(5), outs)
		require.Equal(t, 5*time.Second, time.Since(began))
	})
}

func TestAStageUsedTwiceOpensWorkersOfItsOwnForEach(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(3, testkit.Jitter)
		outs, err := testkit.Count(300, nil).Via(stage).Map(testkit.Plus(1)).Via(stage).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 300)
		require.Equal(t, int64(6), crew.Opened.Load())
		crew.RequireClosed(t)

		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				if outs, err := testkit.Count(300, nil).Via(stage).To(testkit.Patient(t), testkit.Collect); err != nil || len(outs) != 300 {
					t.Errorf("%d outputs, error %v", len(outs), err)
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(12), crew.Opened.Load())
		crew.RequireClosed(t)
	})
}

func TestWorkersAreClosedOnceAfterFailuresPanicsAndCancellation(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(4, func(ctx context.Context, n int) (int, error) {
			switch {
			case n%50 == 7:
				panic("seven")
			case n%20 == 3:
				return 0, testkit.ErrOdd
			}
			return testkit.Jitter(ctx, n)
		})
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(1_000, nil).Via(stage))
		require.NoError(t, run.Err())
		require.Len(t, all, 1_000)
		// A worker that panicked is opened anew, unless nothing is left to do.
		require.Equal(t, 4+run.Stats().Restarts, crew.Opened.Load())
		require.LessOrEqual(t, run.Stats().Restarts, int64(20))
		require.GreaterOrEqual(t, run.Stats().Restarts, int64(16))
		crew.RequireClosed(t)

		_, err := testkit.Count(1_000, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.Error(t, err)
		crew.RequireClosed(t)

		ctx, cancel := context.WithCancel(testkit.Patient(t))
		run = testkit.Count(1_000, nil).Via(stage).Start(ctx)
		seen := 0
		for range run.Results() {
			if seen++; seen == 100 {
				cancel()
			}
		}
		cancel()
		require.ErrorIs(t, run.Err(), context.Canceled)
		crew.RequireClosed(t)
	})
}

func TestAWorkerThatFailsAnItemKeepsItsOpening(t *testing.T) {
	testkit.Quiet(t)
	var crew testkit.Crew
	all, run := testkit.Outcomes(t.Context(), testkit.Count(100, nil).Via(crew.Stage(2, func(context.Context, int) (int, error) { return 0, testkit.ErrOdd })))
	require.Len(t, all, 100)
	require.Equal(t, int64(2), crew.Opened.Load())
	require.Zero(t, run.Stats().Restarts)
	crew.RequireClosed(t)
}

func TestOpenDoAndCloseOfOneWorkerNeverOverlap(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		slow := vimap.Open(crew.Open).Close(func(h *testkit.Hand) error {
			time.Sleep(time.Second)
			return h.Close()
		}).Do(func(h *testkit.Hand, _ context.Context, n int) (int, error) {
			defer h.Begin()()
			time.Sleep(time.Second) // ignores its context
			if n%7 == 5 {
				panic("five")
			}
			return n, nil
		}).Workers(3)
		for leave := range 12 {
			run := testkit.Count(50, nil).Via(slow).Start(testkit.Patient(t))
			seen := 0
			for range run.Results() {
				if seen++; seen > leave {
					break
				}
			}
			crew.RequireClosed(t)
		}
	})
}

func TestNoWorkerIdlesWhileAnItemWaitsBehindASlowOne(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		// Cheap items make for large chunks; then one of them takes a minute.
		for _, slow := range []int{100, 2_500, 4_990, 4_999} {
			began := time.Now()
			run := testkit.Count(5_000, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
				if n == slow {
					return testkit.Sleepy(time.Minute)(ctx, n)
				}
				return n, nil
			}).Workers(2)).Start(testkit.Patient(t))
			seen := 0
			for _, out := range run.Zip() {
				seen++
				if out != slow {
					require.Less(t, time.Since(began), 10*time.Millisecond, "item %d waited behind item %d", out, slow)
				}
			}
			require.NoError(t, run.Err())
			require.Equal(t, 5_000, seen)
		}
	})
}

func TestTheTailOfTheInputIsSharedAmongTheWorkers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// 1,000 cheap items, then eight of a second each, which arrive together.
		began := time.Now()
		outs, err := testkit.Count(1_008, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n >= 1_000 {
				return testkit.Sleepy(time.Second)(ctx, n)
			}
			return n, nil
		}).Workers(8)).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 1_008)
		require.Less(t, time.Since(began), 1_020*time.Millisecond)
	})
}

func TestWorkersGoOnWhileTheSinkIsSlow(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var done atomic.Int64
		run := testkit.Count(4, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			defer done.Add(1)
			return testkit.Jitter(ctx, n)
		}).Workers(2)).Start(testkit.Patient(t))
		for range run.Zip() {
			time.Sleep(time.Second)
			synctest.Wait()
			require.Equal(t, int64(4), done.Load(), "two items for each worker")
		}
		require.NoError(t, run.Err())
	})
}
