package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

func TestOrderedYieldsWhatAPlainLoopWould(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		for _, workers := range []int{1, 2, 7, 64} {
			p := testkit.Count(300, nil).Via(vimap.Func(testkit.Jitter).Workers(workers)).Map(testkit.Plus(1)).Via(vimap.Func(testkit.Jitter).Workers(workers + 3)).Ordered()
			run := p.Start(testkit.Patient(t))
			want := 0
			for in, out := range run.Zip() {
				require.Equal(t, want, in)
				require.Equal(t, want+1, out)
				want++
			}
			require.NoError(t, run.Err())
			require.Equal(t, 300, want)
		}
	})
}

func TestOrderedFailuresStandInTheirPlace(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(501, nil).
			Map(testkit.Plus(0)).
			Via(vimap.Func(testkit.Even).Workers(16)).
			Try(func(n int) (int, error) {
				if n%10 == 0 {
					return 0, fmt.Errorf("%d ends in 0", n)
				}
				return n, nil
			}).
			Via(vimap.Func(testkit.Jitter).Workers(5)).
			Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 501)
		for i, result := range all {
			require.Equal(t, int64(i), result.Index)
			require.Equal(t, i, result.In)
			require.Equal(t, i%2 == 1 || i%10 == 0, result.Err != nil)
			require.Equal(t, i%2 == 1, errors.Is(result.Err, testkit.ErrOdd))
		}
	})
}

func TestOrderedWaitsForNoItemThatWasFilteredOrMadeNothing(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		// Of 20,000 items only two come out; the gaps are wider than any window.
		lone := func(n int) bool { return n == 7 || n == 19_999 }
		none := func(n int) iter.Seq[int] {
			if lone(n) {
				return slices.Values([]int{n})
			}
			return slices.Values([]int{})
		}
		for _, p := range []vimap.Pipeline[int, int]{
			testkit.Count(20_000, nil).Filter(lone).Via(vimap.Func(testkit.Square).Workers(3)),
			testkit.Count(20_000, nil).Via(vimap.Func(testkit.Square).Workers(3)).Filter(func(n int) bool { return n == 49 || n == 19_999*19_999 }),
			testkit.Count(20_000, nil).FlatMap(none).Via(vimap.Func(testkit.Square).Workers(3)),
		} {
			run := p.Ordered().Start(testkit.Patient(t))
			outs, err := testkit.Collect(run)
			require.NoError(t, err)
			require.Equal(t, []int{49, 19_999 * 19_999}, outs)
			require.Equal(t, int64(19_998), run.Stats().Filtered)
		}
	})
}

func TestOrderedKeepsTheOutputsOfFlatMapInTheirOrder(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		var once, twice []int
		for n := range 60 {
			once = slices.AppendSeq(once, testkit.Triple(n))
		}
		for _, n := range once {
			twice = slices.AppendSeq(twice, testkit.Triple(n))
		}
		stage := vimap.Func(testkit.Jitter).Workers(9)
		for name, c := range map[string]struct {
			p    vimap.Pipeline[int, int]
			want []int
		}{
			"before a stage":          {testkit.Count(60, nil).FlatMap(testkit.Triple).Via(stage), once},
			"after a stage":           {testkit.Count(60, nil).Via(stage).FlatMap(testkit.Triple), once},
			"between stages":          {testkit.Count(60, nil).Via(stage).FlatMap(testkit.Triple).Via(stage), once},
			"twice":                   {testkit.Count(60, nil).FlatMap(testkit.Triple).FlatMap(testkit.Triple).Via(stage), twice},
			"twice, a stage between":  {testkit.Count(60, nil).FlatMap(testkit.Triple).Via(stage).FlatMap(testkit.Triple).Via(stage), twice},
			"in flight fewer than it": {testkit.Count(60, nil).FlatMap(testkit.Triple).Via(stage).FlatMap(testkit.Triple).Via(stage).InFlight(2), twice},
		} {
			run := c.p.Ordered().Start(testkit.Patient(t))
			outs, err := testkit.Collect(run)
			require.NoError(t, err, name)
			require.Equal(t, c.want, outs, name)
			testkit.RequireAddsUp(t, run.Stats())
			require.Equal(t, int64(len(c.want)), run.Stats().Delivered)

			outs, err = c.p.To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err, name)
			require.ElementsMatch(t, c.want, outs, name)
		}
	})
}

func TestAnInfiniteFlatMapIsLeftEarly(t *testing.T) {
	naturals := func(made *atomic.Int64) func(int) iter.Seq[int] {
		return func(int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for k := 0; yield(k); k++ {
					made.Add(1)
				}
			}
		}
	}
	var made atomic.Int64
	stage := vimap.Func(testkit.Same).Workers(3)
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"alone":          testkit.Given(1).FlatMap(naturals(&made)),
		"before a stage": testkit.Given(1).FlatMap(naturals(&made)).Via(stage).Ordered(),
		"after a stage":  testkit.Given(1).Via(stage).FlatMap(naturals(&made)),
		"ordered":        testkit.Count(10, nil).Via(stage).FlatMap(naturals(&made)).Ordered(),
		"in flight":      testkit.Given(1).FlatMap(naturals(&made)).Via(stage).Ordered().InFlight(2),
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				made.Store(0)
				run := p.Start(testkit.Patient(t))
				var outs []int
				for _, out := range run.Zip() {
					if outs = append(outs, out); len(outs) == 1_000 {
						time.Sleep(time.Minute) // time enough to run ahead
						break
					}
				}
				require.NoError(t, run.Err())
				require.Equal(t, testkit.UpTo(1_000), outs)
				require.Less(t, made.Load(), int64(50_000), "made ahead of the sink")
				testkit.RequireAddsUp(t, run.Stats())
			})
		})
	}
}

func TestTheFirstFailureOfAnOrderedRunIsTheFirstInSourceOrder(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(10, func(ctx context.Context, n int) (int, error) {
			switch n {
			case 5:
				_, err := testkit.Sleepy(time.Second)(ctx, n)
				return 0, errors.Join(errors.New("five, late"), err)
			case 7, 9:
				return 0, errors.New("at once")
			}
			return n, nil
		})
		outs, err := testkit.Count(testkit.Endless, nil).Via(stage).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.Equal(t, []int{0, 1, 2, 3, 4}, outs)
		require.ErrorContains(t, err, "five, late")
		var item *vimap.ItemError
		require.ErrorAs(t, err, &item)
		require.Equal(t, int64(5), item.Index)
		crew.RequireClosed(t)

		began := time.Now()
		// Its clock stands still in a bubble while somebody has work: five holds up
		// what came with it until the clock goes on.
		breathe := func(n int) int {
			if n%100 == 99 {
				time.Sleep(time.Millisecond)
			}
			return n
		}
		_, err = testkit.Count(testkit.Endless, nil).Map(breathe).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.ErrorContains(t, err, "at once")
		require.Less(t, time.Since(began), time.Second, "without Ordered the first to fail ends the run")
		crew.RequireClosed(t)
	})
}

func TestWithoutOrderedASlowHeadHoldsNothingBack(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		run := testkit.Count(100, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return testkit.Sleepy(time.Minute)(ctx, n)
			}
			return n, nil
		}).Workers(2)).Start(testkit.Patient(t))
		var outs []int
		for _, out := range run.Zip() {
			if outs = append(outs, out); len(outs) == 99 {
				require.Less(t, time.Since(began), 10*time.Millisecond)
			}
		}
		require.NoError(t, run.Err())
		require.Len(t, outs, 100)
		require.Zero(t, outs[99])
		require.Equal(t, time.Minute, time.Since(began).Truncate(time.Second))
	})
}

func TestOrderCostsNoTimeWhenEveryItemTakesTheSame(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := testkit.Count(1_000, nil).Via(vimap.Func(testkit.Sleepy(10*time.Millisecond)).Workers(10)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(1_000), outs)
		require.Less(t, time.Since(began), 1_050*time.Millisecond, "the best possible is a second")
	})
}

func TestOneSlowItemInAHundredKeepsTheOtherWorkersOfAnOrderedRunBusy(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := testkit.Count(2_000, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n%100 == 0 {
				return testkit.Sleepy(100*time.Millisecond)(ctx, n)
			}
			return testkit.Sleepy(time.Millisecond)(ctx, n)
		}).Workers(100)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(2_000), outs)
		require.Less(t, time.Since(began), 400*time.Millisecond, "items in lock step would take two seconds")
	})
}
