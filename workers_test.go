package vimap_test

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
)

func TestOpeningRunsOncePerWorkerBeforeItTakesAnyInput(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		began := time.Now()
		stage := vimap.Open(func(ctx context.Context) (*hand, error) {
			time.Sleep(time.Second)
			return crew.open(ctx)
		}).Close((*hand).close).Do(func(h *hand, ctx context.Context, n int) (int64, error) {
			defer h.begin()()
			if time.Since(began) < time.Second {
				return 0, errors.New("too early")
			}
			_, err := jitter(ctx, n)
			return h.id, err
		}).Workers(5)
		outs, err := count(2_000, nil).Via(stage).To(patient(t), collect)
		require.NoError(t, err)
		require.Len(t, outs, 2_000)
		for id := range int64(5) {
			require.Contains(t, outs, id+1, "every worker works")
		}
		require.Equal(t, int64(5), crew.opened.Load())
		require.LessOrEqual(t, crew.most.Load(), int64(5))
		crew.requireClosed(t)
		require.Less(t, time.Since(began), 2*time.Second, "workers open side by side")
	})
}

func TestEveryWorkerHasTheConfigurationOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := vimap.OpenWith(crew.openWith).Close((*hand).close).Do(func(h *hand, ctx context.Context, n int) (string, error) {
			defer h.begin()()
			_, err := sleepy(time.Second)(ctx, n)
			return h.config, err
		}).Each("a", "b", "c", "b")
		outs, err := count(16, nil).Via(stage).To(patient(t), collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Equal(t, slices.Concat(slices.Repeat([]string{"a"}, 4), slices.Repeat([]string{"b"}, 8), slices.Repeat([]string{"c"}, 4)), outs)
		require.Equal(t, int64(4), crew.opened.Load())
		crew.requireClosed(t)
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
	quiet(t)
	configs := []any{oddity{f: plus(1)}, oddity{f: plus(1), c: make(chan int), m: map[string]func(){}}, func() {}, []int{1}}
	var seen atomic.Int64
	stage := vimap.OpenWith(func(_ context.Context, config any) (any, error) {
		seen.Add(1)
		return config, nil
	}).Do(func(_ any, _ context.Context, n int) (int, error) { return n, nil }).Each(configs...)
	outs, err := count(100, nil).Via(stage).Ordered().To(t.Context(), collect)
	require.NoError(t, err)
	require.Equal(t, upTo(100), outs)
	require.Equal(t, int64(4), seen.Load())
}

func TestTheConfigurationsOfAStageAreItsOwnCopy(t *testing.T) {
	quiet(t)
	var crew crew
	configs := []string{"a", "b"}
	stage := vimap.OpenWith(crew.openWith).Close((*hand).close).Do(func(h *hand, _ context.Context, _ int) (string, error) {
		return h.config, nil
	}).Each(configs...)
	configs[0], configs[1] = "x", "x"
	outs, err := count(100, nil).Via(stage).To(t.Context(), collect)
	require.NoError(t, err)
	require.NotContains(t, outs, "x")
}

func TestNineEqualInputsOnThreeWorkersComeBackInThreeRounds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		run := count(9, nil).Via(vimap.Func(sleepy(time.Second)).Workers(3)).Start(patient(t))
		rounds := map[time.Duration]int{}
		for range run.Zip() {
			rounds[time.Since(began)]++
		}
		require.NoError(t, run.Err())
		require.Equal(t, map[time.Duration]int{time.Second: 3, 2 * time.Second: 3, 3 * time.Second: 3}, rounds)
	})
}

func TestSeventyWorkersTakeSeventyInputsInOneRoundAndSeventyOneInTwo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for n, least := range map[int]time.Duration{70: 200 * time.Millisecond, 71: 400 * time.Millisecond} {
			began := time.Now()
			outs, err := count(n, nil).Via(vimap.Func(sleepy(200*time.Millisecond)).Workers(70)).To(patient(t), collect)
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
			bubble(t, func(t *testing.T) {
				var crew crew
				began := time.Now()
				outs, err := count(workers, nil).Via(crew.stage(workers, sleepy(time.Second))).Ordered().To(patient(t), collect)
				require.NoError(t, err)
				require.Equal(t, upTo(workers), outs)
				require.Less(t, time.Since(began), 2*time.Second)
				require.Equal(t, int64(workers), crew.most.Load())
				crew.requireClosed(t)
			})
		})
	}
}

func TestNoMoreCallsRunAtOnceThanThereAreWorkers(t *testing.T) {
	quiet(t)
	for _, workers := range []int{1, 2, 5} {
		var g gauge
		outs, err := count(5_000, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			defer g.enter()()
			return n, nil
		}).Workers(workers)).Ordered().To(t.Context(), collect)
		require.NoError(t, err)
		require.Equal(t, upTo(5_000), outs)
		require.LessOrEqual(t, g.most.Load(), int64(workers))
		require.Equal(t, int64(5_000), g.calls.Load())
	}
}

func TestAStageWorksWithOneWorkerUnlessToldOtherwise(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := count(5, nil).Via(vimap.Func(sleepy(time.Second))).To(patient(t), collect)
		require.NoError(t, err)
		require.Equal(t, upTo(5), outs)
		require.Equal(t, 5*time.Second, time.Since(began))
	})
}

func TestAStageUsedTwiceOpensWorkersOfItsOwnForEach(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := crew.stage(3, jitter)
		outs, err := count(300, nil).Via(stage).Map(plus(1)).Via(stage).Ordered().To(patient(t), collect)
		require.NoError(t, err)
		require.Len(t, outs, 300)
		require.Equal(t, int64(6), crew.opened.Load())
		crew.requireClosed(t)

		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				if outs, err := count(300, nil).Via(stage).To(patient(t), collect); err != nil || len(outs) != 300 {
					t.Errorf("%d outputs, error %v", len(outs), err)
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(12), crew.opened.Load())
		crew.requireClosed(t)
	})
}

func TestWorkersAreClosedOnceAfterFailuresPanicsAndCancellation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := crew.stage(4, func(ctx context.Context, n int) (int, error) {
			switch {
			case n%50 == 7:
				panic("seven")
			case n%20 == 3:
				return 0, errOdd
			}
			return jitter(ctx, n)
		})
		all, run := outcomes(patient(t), count(1_000, nil).Via(stage))
		require.NoError(t, run.Err())
		require.Len(t, all, 1_000)
		// A worker that panicked is opened anew, unless nothing is left to do.
		require.Equal(t, 4+run.Stats().Restarts, crew.opened.Load())
		require.LessOrEqual(t, run.Stats().Restarts, int64(20))
		require.GreaterOrEqual(t, run.Stats().Restarts, int64(16))
		crew.requireClosed(t)

		_, err := count(1_000, nil).Via(stage).To(patient(t), collect)
		require.Error(t, err)
		crew.requireClosed(t)

		ctx, cancel := context.WithCancel(patient(t))
		run = count(1_000, nil).Via(stage).Start(ctx)
		seen := 0
		for range run.Results() {
			if seen++; seen == 100 {
				cancel()
			}
		}
		cancel()
		require.ErrorIs(t, run.Err(), context.Canceled)
		crew.requireClosed(t)
	})
}

func TestAWorkerThatFailsAnItemKeepsItsOpening(t *testing.T) {
	quiet(t)
	var crew crew
	all, run := outcomes(t.Context(), count(100, nil).Via(crew.stage(2, func(context.Context, int) (int, error) { return 0, errOdd })))
	require.Len(t, all, 100)
	require.Equal(t, int64(2), crew.opened.Load())
	require.Zero(t, run.Stats().Restarts)
	crew.requireClosed(t)
}

func TestOpenDoAndCloseOfOneWorkerNeverOverlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		slow := vimap.Open(crew.open).Close(func(h *hand) error {
			time.Sleep(time.Second)
			return h.close()
		}).Do(func(h *hand, _ context.Context, n int) (int, error) {
			defer h.begin()()
			time.Sleep(time.Second) // ignores its context
			if n%7 == 5 {
				panic("five")
			}
			return n, nil
		}).Workers(3)
		for leave := range 12 {
			run := count(50, nil).Via(slow).Start(patient(t))
			seen := 0
			for range run.Results() {
				if seen++; seen > leave {
					break
				}
			}
			crew.requireClosed(t)
		}
	})
}

func TestNoWorkerIdlesWhileAnItemWaitsBehindASlowOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// Cheap items make for large chunks; then one of them takes a minute.
		for _, slow := range []int{100, 2_500, 4_990, 4_999} {
			began := time.Now()
			run := count(5_000, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
				if n == slow {
					return sleepy(time.Minute)(ctx, n)
				}
				return n, nil
			}).Workers(2)).Start(patient(t))
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
	bubble(t, func(t *testing.T) {
		// 1,000 cheap items, then eight of a second each, which arrive together.
		began := time.Now()
		outs, err := count(1_008, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n >= 1_000 {
				return sleepy(time.Second)(ctx, n)
			}
			return n, nil
		}).Workers(8)).To(patient(t), collect)
		require.NoError(t, err)
		require.Len(t, outs, 1_008)
		require.Less(t, time.Since(began), 1_020*time.Millisecond)
	})
}

func TestWorkersGoOnWhileTheSinkIsSlow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var done atomic.Int64
		run := count(4, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			defer done.Add(1)
			return jitter(ctx, n)
		}).Workers(2)).Start(patient(t))
		for range run.Zip() {
			time.Sleep(time.Second)
			synctest.Wait()
			require.Equal(t, int64(4), done.Load(), "two items for each worker")
		}
		require.NoError(t, run.Err())
	})
}
