package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

// jitter is work that takes a different time for each item.
func jitter(ctx context.Context, n int) (int, error) {
	return sleepy(time.Duration(rand.IntN(1000))*time.Microsecond)(ctx, n)
}

var errOdd = errors.New("odd number")

// even fails the odd numbers after a while of their own.
func even(ctx context.Context, n int) (int, error) {
	if _, err := jitter(ctx, n); err != nil {
		return 0, err
	}
	if n%2 == 1 {
		return 0, errOdd
	}
	return n, nil
}

func TestOrderedYieldsWhatAPlainLoopWould(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, workers := range []int{1, 2, 7, 64} {
			p := count(300, nil).Via(vimap.Func(jitter).Workers(workers)).Map(plus(1)).Via(vimap.Func(jitter).Workers(workers + 3)).Ordered()
			run := p.Start(patient(t))
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
	bubble(t, func(t *testing.T) {
		all, run := outcomes(patient(t), count(501, nil).
			Map(plus(0)).
			Via(vimap.Func(even).Workers(16)).
			Try(func(n int) (int, error) {
				if n%10 == 0 {
					return 0, fmt.Errorf("%d ends in 0", n)
				}
				return n, nil
			}).
			Via(vimap.Func(jitter).Workers(5)).
			Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 501)
		for i, result := range all {
			require.Equal(t, int64(i), result.Index)
			require.Equal(t, i, result.In)
			require.Equal(t, i%2 == 1 || i%10 == 0, result.Err != nil)
			require.Equal(t, i%2 == 1, errors.Is(result.Err, errOdd))
		}
	})
}

func TestOrderedWaitsForNoItemThatWasFilteredOrMadeNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// Of 20,000 items only two come out; the gaps are wider than any window.
		lone := func(n int) bool { return n == 7 || n == 19_999 }
		none := func(n int) iter.Seq[int] {
			if lone(n) {
				return slices.Values([]int{n})
			}
			return slices.Values([]int{})
		}
		for _, p := range []vimap.Pipeline[int, int]{
			count(20_000, nil).Filter(lone).Via(vimap.Func(square).Workers(3)),
			count(20_000, nil).Via(vimap.Func(square).Workers(3)).Filter(func(n int) bool { return n == 49 || n == 19_999*19_999 }),
			count(20_000, nil).FlatMap(none).Via(vimap.Func(square).Workers(3)),
		} {
			run := p.Ordered().Start(patient(t))
			outs, err := collect(run)
			require.NoError(t, err)
			require.Equal(t, []int{49, 19_999 * 19_999}, outs)
			require.Equal(t, int64(19_998), run.Stats().Filtered)
		}
	})
}

// triple makes three outputs of an item, two of every third, none of every fifth.
func triple(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for k := range tripled(n) {
			if !yield(10*n + k) {
				return
			}
		}
	}
}

func tripled(n int) int {
	switch {
	case n%5 == 0:
		return 0
	case n%3 == 0:
		return 2
	}
	return 3
}

func TestOrderedKeepsTheOutputsOfFlatMapInTheirOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var once, twice []int
		for n := range 60 {
			once = slices.AppendSeq(once, triple(n))
		}
		for _, n := range once {
			twice = slices.AppendSeq(twice, triple(n))
		}
		stage := vimap.Func(jitter).Workers(9)
		for name, c := range map[string]struct {
			p    vimap.Pipeline[int, int]
			want []int
		}{
			"before a stage":          {count(60, nil).FlatMap(triple).Via(stage), once},
			"after a stage":           {count(60, nil).Via(stage).FlatMap(triple), once},
			"between stages":          {count(60, nil).Via(stage).FlatMap(triple).Via(stage), once},
			"twice":                   {count(60, nil).FlatMap(triple).FlatMap(triple).Via(stage), twice},
			"twice, a stage between":  {count(60, nil).FlatMap(triple).Via(stage).FlatMap(triple).Via(stage), twice},
			"in flight fewer than it": {count(60, nil).FlatMap(triple).Via(stage).FlatMap(triple).Via(stage).InFlight(2), twice},
		} {
			run := c.p.Ordered().Start(patient(t))
			outs, err := collect(run)
			require.NoError(t, err, name)
			require.Equal(t, c.want, outs, name)
			requireAddsUp(t, run.Stats())
			require.Equal(t, int64(len(c.want)), run.Stats().Delivered)

			outs, err = c.p.To(patient(t), collect)
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
	stage := vimap.Func(same).Workers(3)
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"alone":          given(1).FlatMap(naturals(&made)),
		"before a stage": given(1).FlatMap(naturals(&made)).Via(stage).Ordered(),
		"after a stage":  given(1).Via(stage).FlatMap(naturals(&made)),
		"ordered":        count(10, nil).Via(stage).FlatMap(naturals(&made)).Ordered(),
		"in flight":      given(1).FlatMap(naturals(&made)).Via(stage).Ordered().InFlight(2),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				made.Store(0)
				run := p.Start(patient(t))
				var outs []int
				for _, out := range run.Zip() {
					if outs = append(outs, out); len(outs) == 1_000 {
						time.Sleep(time.Minute) // time enough to run ahead
						break
					}
				}
				require.NoError(t, run.Err())
				require.Equal(t, upTo(1_000), outs)
				require.Less(t, made.Load(), int64(50_000), "made ahead of the sink")
				requireAddsUp(t, run.Stats())
			})
		})
	}
}

func TestTheFirstFailureOfAnOrderedRunIsTheFirstInSourceOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := crew.stage(10, func(ctx context.Context, n int) (int, error) {
			switch n {
			case 5:
				_, err := sleepy(time.Second)(ctx, n)
				return 0, errors.Join(errors.New("five, late"), err)
			case 7, 9:
				return 0, errors.New("at once")
			}
			return n, nil
		})
		outs, err := count(endless, nil).Via(stage).Ordered().To(patient(t), collect)
		require.Equal(t, []int{0, 1, 2, 3, 4}, outs)
		require.ErrorContains(t, err, "five, late")
		var item *vimap.ItemError
		require.ErrorAs(t, err, &item)
		require.Equal(t, int64(5), item.Index)
		crew.requireClosed(t)

		began := time.Now()
		_, err = count(endless, nil).Via(stage).To(patient(t), collect)
		require.ErrorContains(t, err, "at once")
		require.Less(t, time.Since(began), time.Second, "without Ordered the first to fail ends the run")
		crew.requireClosed(t)
	})
}

func TestWithoutOrderedASlowHeadHoldsNothingBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		run := count(100, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return sleepy(time.Minute)(ctx, n)
			}
			return n, nil
		}).Workers(2)).Start(patient(t))
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
	bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := count(1_000, nil).Via(vimap.Func(sleepy(10*time.Millisecond)).Workers(10)).Ordered().To(patient(t), collect)
		require.NoError(t, err)
		require.Equal(t, upTo(1_000), outs)
		require.Less(t, time.Since(began), 1_050*time.Millisecond, "the best possible is a second")
	})
}

func TestOneSlowItemInAHundredKeepsTheOtherWorkersOfAnOrderedRunBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := count(2_000, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n%100 == 0 {
				return sleepy(100*time.Millisecond)(ctx, n)
			}
			return sleepy(time.Millisecond)(ctx, n)
		}).Workers(100)).Ordered().To(patient(t), collect)
		require.NoError(t, err)
		require.Equal(t, upTo(2_000), outs)
		require.Less(t, time.Since(began), 400*time.Millisecond, "items in lock step would take two seconds")
	})
}
