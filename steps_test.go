package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

// fate is what the model says of an item of a chain: its value or its failure,
// beside the item of the source that it is of.
type fate struct {
	in, out int
	failed  bool
}

// stepped is a random step, and what a loop over a slice would make of it.
type stepped struct {
	name  string
	add   func(vimap.Pipeline[int, int]) vimap.Pipeline[int, int]
	model func([]fate) []fate
}

// each makes a model of a step that looks at one value after another. Failures
// pass by.
func eachValue(f func(v int) (out int, keep bool)) func([]fate) []fate {
	return func(all []fate) (left []fate) {
		for _, o := range all {
			if !o.failed {
				out, keep := f(o.out)
				if !keep {
					continue
				}
				o.out = out
			}
			left = append(left, o)
		}
		return left
	}
}

func sum(all []int) (n int) {
	for i, v := range all {
		n += (i + 1) * v
	}
	return n
}

// drawStepped draws a step that hangs on the items before.
func drawStepped() stepped {
	n := rand.IntN(1 + []int{5, 50, 500}[rand.IntN(3)])
	switch rand.IntN(8) {
	case 0:
		return stepped{
			fmt.Sprint("take ", n), func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Take(n) },
			func(all []fate) (left []fate) {
				passed := 0
				for _, o := range all {
					if passed == n {
						break
					}
					if !o.failed {
						passed++
					}
					left = append(left, o)
				}
				return left
			},
		}
	case 1:
		return stepped{
			fmt.Sprint("skip ", n), func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Skip(n) },
			func(all []fate) []fate {
				passed := 0
				return eachValue(func(v int) (int, bool) { passed++; return v, passed > n })(all)
			},
		}
	case 2:
		key := func(v int) int { return v % (n + 1) }
		return stepped{
			fmt.Sprint("distinct ", n), func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Distinct(key) },
			func(all []fate) []fate {
				seen := map[int]bool{}
				return eachValue(func(v int) (int, bool) { before := seen[key(v)]; seen[key(v)] = true; return v, !before })(all)
			},
		}
	case 3:
		return stepped{"enumerate", func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Enumerate(func(n int64, v int) int { return int(n)*1_000 + v })
		}, func(all []fate) []fate {
			n := -1
			return eachValue(func(v int) (int, bool) { n++; return n*1_000 + v, true })(all)
		}}
	case 4:
		n = 1 + n%20
		return stepped{
			fmt.Sprint("chunk ", n), func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Chunk(n, sum) },
			func(all []fate) (left []fate) {
				var chunk []int
				var last fate
				for _, o := range all {
					if o.failed {
						left = append(left, o)
						continue
					}
					last = o
					if chunk = append(chunk, o.out); len(chunk) == n {
						left, chunk = append(left, fate{o.in, sum(chunk), false}), nil
					}
				}
				if len(chunk) > 0 {
					left = append(left, fate{last.in, sum(chunk), false})
				}
				return left
			},
		}
	case 5:
		n = 1 + n%20
		return stepped{
			fmt.Sprint("window ", n), func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Window(n, sum) },
			func(all []fate) []fate {
				var past []int
				return eachValue(func(v int) (int, bool) {
					past = append(past, v)
					return sum(past[max(0, len(past)-n):]), len(past) >= n
				})(all)
			},
		}
	case 6:
		var tapped atomic.Int64
		return stepped{"tap, throttle", func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Tap(func(int) { tapped.Add(1) }).Throttle(rate.NewLimiter(rate.Inf, 1))
		}, func(all []fate) []fate { return all }}
	default: // what does not hang on others, between them
		k := 2 + rand.IntN(9)
		via := rand.IntN(2) == 0
		return stepped{fmt.Sprintf("fails by %d, stage %v", k, via), func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			f := func(v int) (int, error) {
				if v%k == 1 {
					return 0, testkit.ErrOdd
				}
				return v + 1, nil
			}
			if via {
				return p.Via(vimap.Func(func(_ context.Context, v int) (int, error) { return f(v) }).Workers(3))
			}
			return p.Try(f)
		}, func(all []fate) []fate {
			all = slices.Clone(all)
			for i := range all {
				if o := &all[i]; !o.failed {
					if o.failed = o.out%k == 1; o.failed {
						o.out = 0
					} else {
						o.out++
					}
				}
			}
			return all
		}}
	}
}

func TestAnyChainOfStepsMakesInOrderWhatALoopOverASliceWould(t *testing.T) {
	testkit.Quiet(t)
	for range rerun.Rounds(t, 120, 8) {
		n := rand.IntN(1 + []int{3, 100, 2_000}[rand.IntN(3)])
		spread := 1 + rand.IntN(3_000)
		flat := rand.IntN(3)
		p := testkit.Count(n, nil).Map(func(i int) int { return i * 7919 % spread })
		var want []fate
		for i := range n {
			v := i * 7919 % spread
			if flat == 0 {
				for k := range v % 4 {
					want = append(want, fate{i, v + k, false})
				}
				continue
			}
			want = append(want, fate{i, v, false})
		}
		if flat == 0 {
			p = p.FlatMap(func(v int) iter.Seq[int] {
				return func(yield func(int) bool) {
					for k := range v % 4 {
						if !yield(v + k) {
							return
						}
					}
				}
			})
		}
		var names []string
		for range rand.IntN(5) {
			s := drawStepped()
			names = append(names, s.name)
			p, want = s.add(p), s.model(want)
		}
		p = p.Ordered()
		if bound := []int{0, 0, 5, 30}[rand.IntN(4)]; bound > 0 {
			p = p.InFlight(bound)
		}
		for mode, ctx := range modes(t) {
			all, run := testkit.Outcomes(ctx, p)
			require.NoError(t, run.Err())
			var got []fate
			for _, result := range all {
				got = append(got, fate{result.In, result.Out, result.Err != nil})
			}
			require.Equal(t, want, got, "%s: %d items, flat %d: %s", mode, n, flat, strings.Join(names, "; "))
			s := run.Stats()
			testkit.RequireAddsUp(t, s)
			require.Zero(t, s.Unfinished, "%s: %s", mode, strings.Join(names, "; "))
		}
	}
}

func TestStepsOfAnUnorderedRunCountAsItemsCome(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	shuffled := func(n int) vimap.Pipeline[int, int] {
		return testkit.Count(n, nil).Via(vimap.Func(testkit.Same).Workers(8))
	}
	for range 10 {
		n := 1_000
		outs, err := shuffled(n).Take(100).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Len(t, slices.Compact(outs), 100)

		outs, err = shuffled(n).Skip(100).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Len(t, slices.Compact(outs), n-100)

		outs, err = shuffled(n).Distinct(func(v int) int { return v % 10 }).Map(func(v int) int { return v % 10 }).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Equal(t, testkit.UpTo(10), outs)

		outs, err = shuffled(n).Enumerate(func(n int64, _ int) int { return int(n) }).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		require.Equal(t, testkit.UpTo(n), outs)

		parts, err := shuffled(n).Chunk(7, func(part []int) []int { return part }).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, parts, (n+6)/7)
		outs = slices.Concat(parts...)
		slices.Sort(outs)
		require.Equal(t, testkit.UpTo(n), outs)

		parts, err = shuffled(n).Window(7, slices.Clone[[]int]).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, parts, n-6)
	}
}

func TestTakeReadsNoMoreThanTheLookAhead(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		for _, ordered := range []bool{false, true} {
			for _, n := range []int{0, 1, 7, 100} {
				var reads atomic.Int64
				p := testkit.Count(testkit.Endless, &reads).InFlight(20).Via(vimap.Func(testkit.Same).Workers(3)).Take(n)
				if ordered {
					p = p.Ordered()
				}
				run := p.Start(ctx)
				outs, err := testkit.Collect(run)
				require.NoError(t, err, mode)
				require.Len(t, outs, n)
				require.LessOrEqual(t, reads.Load(), int64(n+20+1))
				s := run.Stats()
				require.Equal(t, s.Read, s.Delivered+s.Filtered, "%+v", s)
				if n == 0 {
					require.Zero(t, s.Read)
				}
			}
		}
	}
}

func TestTakeEndsFlatMapsWithoutEnd(t *testing.T) {
	testkit.Quiet(t)
	naturals := func(from int) iter.Seq[int] {
		return func(yield func(int) bool) {
			for n := from; yield(n); n++ {
			}
		}
	}
	for mode, ctx := range modes(t) {
		for _, p := range []vimap.Pipeline[int, int]{
			testkit.Given(0).FlatMap(naturals),
			testkit.Count(testkit.Endless, nil).FlatMap(naturals),
			testkit.Given(0).FlatMap(naturals).Via(vimap.Func(testkit.Same).Workers(3)).FlatMap(naturals),
		} {
			run := p.Take(50).Start(ctx)
			outs, err := testkit.Collect(run)
			require.NoError(t, err, mode)
			require.Len(t, outs, 50)
			testkit.RequireAddsUp(t, run.Stats())
			require.Zero(t, run.Stats().Unfinished, "%+v", run.Stats())
			outs, err = p.Take(50).Skip(10).FlatMap(naturals).Take(5).To(ctx, testkit.Collect)
			require.NoError(t, err, mode)
			require.Len(t, outs, 5)
		}
	}
}

// Whether an item behind the last that is wanted fails, and when, is no matter.
func TestAFailureBehindWhatTakeWantsIsNoFailure(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		for _, ordered := range []bool{false, true} {
			for range 50 {
				p := testkit.Count(100, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
					if n >= 10 {
						return 0, testkit.ErrOdd
					}
					return n, nil
				}).KeyBy(func(int) int { return 0 })).Take(10)
				if ordered {
					p = p.Ordered()
				}
				outs, err := p.To(ctx, testkit.Collect)
				require.NoError(t, err, mode)
				require.Len(t, outs, 10)
			}
		}
	}
}

func TestTheEndsOfARunReachThroughSteps(t *testing.T) {
	testkit.Quiet(t)
	errEnough := errors.New("enough")
	steps := func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
		return p.Skip(3).Distinct(func(v int) int { return v }).Window(2, sum).Chunk(3, sum).Take(testkit.Endless)
	}
	for mode, ctx := range modes(t) {
		for _, ordered := range []bool{false, true} {
			var crew testkit.Crew
			p := steps(testkit.Count(testkit.Endless, nil).Via(crew.Stage(3, testkit.Square)))
			if ordered {
				p = p.Ordered()
			}
			run := p.Start(ctx)
			for range run.Zip() {
				break
			}
			require.NoError(t, run.Err())
			run = p.Start(ctx)
			for range run.Zip() {
				run.Stop()
			}
			require.NoError(t, run.Err(), mode)
			require.Zero(t, run.Stats().Unfinished)
			testkit.RequireAddsUp(t, run.Stats())
			ctx, cancel := context.WithCancelCause(ctx)
			run = p.Start(ctx)
			for range run.Zip() {
				cancel(errEnough)
			}
			cancel(nil)
			require.Equal(t, errEnough, run.Err())
			testkit.RequireAddsUp(t, run.Stats())
			crew.RequireClosed(t)
		}
	}
}

func TestAPanicInAFunctionOfAStepFailsItsItem(t *testing.T) {
	testkit.Quiet(t)
	dies := func(v int) int {
		if v == 4 {
			panic(testkit.ErrOdd)
		}
		return v
	}
	first := func(all []int) int { return dies(all[0]) }
	p := testkit.Count(10, nil).Ordered()
	for mode, ctx := range modes(t) {
		for name, c := range map[string]struct {
			p      vimap.Pipeline[int, int]
			index  int64
			others int
		}{
			"distinct":  {p.Distinct(dies), 4, 9},
			"tap":       {p.Tap(func(v int) { dies(v) }), 4, 9},
			"enumerate": {p.Enumerate(func(_ int64, v int) int { return dies(v) }), 4, 9},
			"chunk":     {p.Chunk(4, first), 7, 2},
			"window":    {p.Window(3, first), 6, 7},
			"throttle":  {p.Throttle(waits(func() error { dies(4); return nil })), 0, 0},
		} {
			all, run := testkit.Outcomes(ctx, c.p)
			require.NoError(t, run.Err())
			outs, failed := testkit.Split(all)
			require.Len(t, outs, c.others, name+mode)
			var item *vimap.ItemError
			require.ErrorAs(t, failed[0].Err, &item)
			require.ErrorIs(t, item, testkit.ErrOdd)
			require.Equal(t, name, item.Stage)
			require.Equal(t, c.index, item.Index)
			require.Zero(t, run.Stats().Unfinished)
			testkit.RequireAddsUp(t, run.Stats())
		}
		all, run := testkit.Outcomes(ctx, p.Chunk(6, func(part []int) int { // the last, which is not full
			if len(part) < 6 {
				panic(testkit.ErrOdd)
			}
			return 0
		}))
		require.NoError(t, run.Err())
		require.Len(t, all, 2)
		require.Equal(t, int64(9), all[1].Index)
		require.ErrorIs(t, all[1].Err, testkit.ErrOdd)
		testkit.RequireAddsUp(t, run.Stats())
	}
}

// What a chunk holds back would be in the way of all that comes behind it in
// source order, if it held it there.
func TestAChunkIsInNobodysWay(t *testing.T) {
	rerun.Share(t, 12)
	testkit.Quiet(t)
	rare := func(v int) bool { return v%400 == 0 }
	p := testkit.Count(4_000, nil)
	for mode, ctx := range modes(t) {
		for _, bound := range []int{2, 3, 100} {
			for _, ordered := range []bool{false, true} {
				filtered, failing := p.Filter(rare).Chunk(3, sum), p.Try(func(v int) (int, error) {
					if !rare(v) {
						return 0, testkit.ErrOdd
					}
					return v, nil
				}).Chunk(3, sum).Tolerate(10_000)
				for _, p := range []vimap.Pipeline[int, int]{filtered, failing} {
					if p = p.InFlight(bound); ordered {
						p = p.Ordered()
					}
					outs, err := p.To(ctx, testkit.Collect)
					require.NoError(t, err, mode)
					require.Len(t, outs, 4)
				}
			}
		}
	}
}

func TestStepsBeginAnewInEachRunAndBranch(t *testing.T) {
	testkit.Quiet(t)
	p := testkit.Count(100, nil).Skip(5).Distinct(func(v int) int { return v % 50 }).Take(10).Ordered()
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			outs, err := p.To(t.Context(), testkit.Collect)
			if err != nil || !slices.Equal(outs, testkit.UpTo(15)[5:]) {
				t.Errorf("%v %v", outs, err)
			}
		})
	}
	runs.Wait()
	all, err := p.Chunk(4, sum).To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.Len(t, all, 3)
}

func TestAnItemWaitsForNoOthersInAStep(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		steps := arriving(0, time.Second, time.Second).Skip(0).Distinct(func(v int) int { return v }).Window(1, sum).Chunk(1, sum).Take(3)
		for range steps.Start(testkit.Patient(t)).Zip() {
			at = append(at, time.Since(began))
		}
		require.Equal(t, []time.Duration{0, time.Second, 2 * time.Second}, at)
	})
}
