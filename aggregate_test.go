package vimap_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// tally is an accumulator that sees whether two use it at once.
type tally struct {
	pairs []vimap.Pair[int, int]
	inUse atomic.Bool
}

func newTally() *tally { return new(tally) }

func (s *tally) add(in, out int) *tally {
	if s.inUse.Swap(true) {
		panic("two add to one accumulator at once")
	}
	s.pairs = append(s.pairs, vimap.Pair[int, int]{In: in, Out: out})
	s.inUse.Store(false)
	return s
}

func (s *tally) merge(other *tally) *tally {
	s.pairs = append(s.pairs, other.pairs...)
	return s
}

// aggregate is the sink of a tally.
func aggregate(run *vimap.Run[int, int]) ([]vimap.Pair[int, int], error) {
	return run.Aggregate(newTally, (*tally).add, (*tally).merge).pairs, run.Err()
}

// aggregated runs p with a tally and holds what it says of itself.
func aggregated(ctx context.Context, t *testing.T, p vimap.Pipeline[int, int]) ([]vimap.Pair[int, int], *vimap.Run[int, int]) {
	t.Helper()
	run := p.Start(ctx)
	pairs, _ := aggregate(run)
	stats := run.Stats()
	testkit.RequireAddsUp(t, stats)
	require.Equal(t, int64(len(pairs)), stats.Delivered, "what was added is what was delivered")
	return pairs, run
}

// byInput sorts pairs.
func byInput(a, b vimap.Pair[int, int]) int { return a.In*10 + a.Out%10 - b.In*10 - b.Out%10 }

func thrice(_ context.Context, n int) (int, error) { return 3 * n, nil }

// twice makes two outputs of an input.
func twice(n int) iter.Seq[int] {
	return func(yield func(int) bool) { _ = yield(n*10) && yield(n*10+1) }
}

// chains are those whose last workers differ.
func chains(t *testing.T, items vimap.Pipeline[int, int]) map[string]vimap.Pipeline[int, int] {
	t.Helper()
	same := func(n int) int { return n }
	twoOpened := vimap.Open(func(context.Context) (int, error) { return 3, nil }).
		Do(func(factor int, _ context.Context, n int) (int, error) { return factor * n, nil }).Workers(2)
	return map[string]vimap.Pipeline[int, int]{
		"a bare source":     items,
		"steps alone":       items.Map(func(n int) int { return 3 * n }),
		"a stage":           items.Via(vimap.Func(thrice).Workers(4)),
		"a stage and steps": items.Via(vimap.Func(thrice).Workers(4)).Map(same).Filter(func(n int) bool { return n%2 == 0 }),
		"two stages":        items.Via(vimap.Func(thrice).Workers(2)).Via(vimap.Func(thrice).Workers(3)),
		"opened workers":    items.Via(twoOpened),
		"retries":           items.Via(vimap.Func(flaky()).Workers(3).Retry(retry.Fixed(0).Attempts(2))),
		"keys":              items.Via(vimap.Func(thrice).Workers(4).KeyBy(func(n int) int { return n % 7 })),
		"batches": items.Via(vimap.Bulk(5, time.Millisecond, func(_ context.Context, in []int) ([]int, error) {
			return slices.Clone(in), nil
		}).Workers(3)),
		"a loop": items.Via(vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			for _, n := range feed.All() {
				feed.Yield(3*n, nil)
			}
			return nil
		}).Workers(3)),
		"a FlatMap":              items.FlatMap(twice),
		"a FlatMap and steps":    items.FlatMap(twice).Map(same),
		"a FlatMap and a stage":  items.FlatMap(twice).Via(vimap.Func(thrice).Workers(3)),
		"a Rescue":               items.Via(vimap.Func(oddFails).Workers(3)).Rescue(func(in int, _ error) (int, error) { return -in, nil }),
		"a Rescue and a stage":   items.Try(func(n int) (int, error) { return oddFails(t.Context(), n) }).Rescue(func(in int, _ error) (int, error) { return -in, nil }).Via(vimap.Func(thrice).Workers(3)),
		"one item in flight":     items.Via(vimap.Func(thrice).Workers(4)).InFlight(1),
		"nine items in flight":   items.Via(vimap.Func(thrice).Workers(4)).InFlight(9),
		"ordered":                items.Via(vimap.Func(thrice).Workers(4)).Ordered(),
		"tolerated failures":     items.Via(vimap.Func(oddFails).Workers(4)).Tolerate(testkit.Endless),
		"a share of failures":    items.Via(vimap.Func(oddFails).Workers(4)).TolerateShare(0.6),
		"failures of early step": items.Try(func(n int) (int, error) { return oddFails(t.Context(), n) }).Via(vimap.Func(thrice).Workers(4)).Tolerate(testkit.Endless),
	}
}

func oddFails(_ context.Context, n int) (int, error) {
	if n%2 == 1 {
		return 0, testkit.ErrOdd
	}
	return 3 * n, nil
}

// flaky fails the first attempt of every third input.
func flaky() func(context.Context, int) (int, error) {
	var failed [5_000]atomic.Bool
	return func(_ context.Context, n int) (int, error) {
		if n%3 == 0 && !failed[n%5_000].Swap(true) {
			return 0, testkit.ErrOdd
		}
		return 3 * n, nil
	}
}

func TestAnAggregateAddsWhatAZipYields(t *testing.T) {
	testkit.Quiet(t)
	for _, n := range []int{0, 1, 2, 100, 5_000} {
		zips, aggregates := chains(t, testkit.Count(n, nil)), chains(t, testkit.Count(n, nil)) // each with attempts of its own
		for name, chain := range aggregates {
			t.Run(fmt.Sprint(name, " ", n), func(t *testing.T) {
				rerun.Share(t, 12)
				var want []vimap.Pair[int, int]
				run := zips[name].Start(t.Context())
				for in, out := range run.Zip() {
					want = append(want, vimap.Pair[int, int]{In: in, Out: out})
				}
				require.NoError(t, run.Err())
				got, aggregate := aggregated(t.Context(), t, chain)
				require.NoError(t, aggregate.Err())
				if name != "ordered" {
					slices.SortFunc(want, byInput)
					slices.SortFunc(got, byInput)
				}
				require.Equal(t, want, got)
				zip, other := run.Stats().Accounts, aggregate.Stats().Accounts
				require.Equal(t, zip, other)
			})
		}
	}
}

func TestAnAggregateOverAPoolsStage(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	for name, stage := range map[string]vimap.Stage[int, int]{
		"plain": vimap.Func(thrice).Workers(3),
		"keyed": vimap.Func(thrice).Workers(3).KeyBy(func(n int) int { return n % 5 }),
	} {
		pool := vimap.NewPool(t.Context(), stage)
		pairs, run := aggregated(t.Context(), t, testkit.Count(1000, nil).Via(pool.Stage()))
		require.NoError(t, run.Err(), name)
		require.Len(t, pairs, 1000, name)
		require.NoError(t, pool.Close())
	}
}

func TestTheWorkersAddThemselves(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var both testkit.Gauge
		nap := func(sum, _, n int) int {
			defer both.Enter()()
			time.Sleep(time.Second)
			return sum + n
		}
		began := time.Now()
		sum, err := testkit.Count(8, nil).Via(vimap.Func(thrice).Workers(4)).To(testkit.Patient(t), func(run *vimap.Run[int, int]) (int, error) {
			return run.Aggregate(func() int { return 0 }, nap, func(a, b int) int { return a + b }), run.Err()
		})
		require.NoError(t, err)
		require.Equal(t, 3*28, sum)
		require.Equal(t, int64(4), both.Most.Load())
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestAnOrderedAggregateIsAPlainLoop(t *testing.T) {
	testkit.Quiet(t)
	text := func(run *vimap.Run[int, int]) (string, error) {
		return run.Aggregate(func() string { return "" },
			func(text string, in, out int) string { return text + fmt.Sprint(in, "=", out, " ") },
			func(string, string) string { panic("there is one accumulator") }), run.Err()
	}
	fails := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n == 40 {
			return 0, testkit.ErrOdd
		}
		return n + 1, nil
	}).Workers(4)
	got, err := testkit.Count(100, nil).Via(fails).Ordered().To(t.Context(), text)
	require.ErrorIs(t, err, testkit.ErrOdd)
	var want string
	for n := range 40 {
		want += fmt.Sprint(n, "=", n+1, " ")
	}
	require.Equal(t, want, got, "all before the first failure, and nothing behind it")
}

func TestTheFirstFailureEndsAnAggregate(t *testing.T) {
	testkit.Quiet(t)
	fails := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n == 1000 {
			return 0, testkit.ErrOdd
		}
		return n, nil
	}).Workers(3)
	pairs, run := aggregated(t.Context(), t, testkit.Count(testkit.Endless, nil).Via(fails))
	var item *vimap.ItemError
	require.ErrorAs(t, run.Err(), &item)
	require.Equal(t, int64(1000), item.Index)
	require.NotEmpty(t, pairs)
}

func TestDeadLettersOfAnAggregate(t *testing.T) {
	testkit.Quiet(t)
	for _, ordered := range []bool{false, true} {
		var letters []int
		p := testkit.Count(1000, nil).Via(vimap.Func(oddFails).Workers(3)).DeadLetters(func(seq iter.Seq[vimap.DeadLetter[int]]) error {
			for letter := range seq {
				letters = append(letters, letter.In)
			}
			return nil
		})
		if ordered {
			p = p.Ordered()
		}
		pairs, run := aggregated(t.Context(), t, p)
		require.NoError(t, run.Err())
		require.Len(t, pairs, 500)
		require.Len(t, letters, 500)
	}
}

func TestAPanicInAddIsTheFailureOfItsItem(t *testing.T) {
	for name, die := range map[string]func(){
		"a panic":     func() { panic(testkit.ErrOdd) },
		"a nil panic": func() { panic(nil) },
		"a Goexit":    runtime.Goexit,
	} {
		for _, where := range []string{"a stage", "opened workers", "keys", "batches", "a loop", "retries", "steps alone", "ordered", "a bare source"} {
			if name == "a Goexit" && (where == "ordered" || where == "a bare source") {
				continue // it ends the goroutine of the loop
			}
			t.Run(fmt.Sprint(name, " in ", where), func(t *testing.T) {
				rerun.Share(t, 6)
				testkit.Quiet(t)
				var failed []vimap.DeadLetter[int]
				add := func(s *tally, in, out int) *tally {
					if in%10 == 3 {
						die()
					}
					return s.add(in, out)
				}
				run := chains(t, testkit.Count(100, nil))[where].DeadLetters(func(seq iter.Seq[vimap.DeadLetter[int]]) error {
					failed = slices.Collect(seq)
					return nil
				}).Start(t.Context())
				s := run.Aggregate(newTally, add, (*tally).merge)
				require.NoError(t, run.Err())
				require.Len(t, s.pairs, 90)
				require.Len(t, failed, 10)
				for _, letter := range failed {
					require.Equal(t, 3, letter.In%10)
					require.Equal(t, "aggregate", letter.Err.Stage)
					require.Equal(t, int64(letter.In), letter.Err.Index)
					var p *vimap.PanicError
					require.ErrorAs(t, letter.Err, &p)
					require.Contains(t, string(p.Stack), "aggregate_test.go")
				}
				stats := run.Stats()
				testkit.RequireAddsUp(t, stats)
				require.Equal(t, int64(90), stats.Delivered)
				require.Equal(t, int64(10), stats.Failed)
			})
		}
	}
}

func TestAGoexitInTheLoopsGoroutineEndsAnAggregate(t *testing.T) {
	testkit.Quiet(t)
	_, err := testkit.Count(100, nil).Ordered().To(t.Context(), func(run *vimap.Run[int, int]) (int, error) {
		return run.Aggregate(func() int { return 0 }, func(int, int, int) int { runtime.Goexit(); return 0 }, func(a, _ int) int { return a }), run.Err()
	})
	require.ErrorIs(t, err, vimap.ErrGoexit)
}

func TestAPanicOfAnAccumulatorsBeginningIsTheFailureOfItsItem(t *testing.T) {
	testkit.Quiet(t)
	var begun atomic.Int64
	begin := func() *tally {
		if begun.Add(1) <= 2 {
			panic("no accumulator")
		}
		return newTally()
	}
	run := testkit.Count(1000, nil).Via(vimap.Func(thrice).Workers(2)).Tolerate(2).Start(t.Context())
	s := run.Aggregate(begin, (*tally).add, (*tally).merge)
	require.NoError(t, run.Err())
	require.Len(t, s.pairs, 998)
}

func TestAPanicInMergeIsTheErrorOfTheRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		nap := vimap.Func(testkit.Sleepy(time.Second)).Workers(2) // so that both take part
		_, err := testkit.Count(10, nil).Via(nap).To(testkit.Patient(t), func(run *vimap.Run[int, int]) (int, error) {
			return run.Aggregate(func() int { return 0 }, func(a, _, _ int) int { return a }, func(int, int) int { panic(testkit.ErrOdd) }), run.Err()
		})
		var p *vimap.PanicError
		require.ErrorAs(t, err, &p)
		require.ErrorIs(t, err, testkit.ErrOdd)
	})
}

func TestWithoutOutputsAnAggregateIsANewAccumulator(t *testing.T) {
	testkit.Quiet(t)
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []context.Context{ctx, func() context.Context { cancel(); return ctx }()} {
		run := testkit.Count(0, nil).Via(vimap.Func(thrice).Workers(2)).Start(c)
		got := run.Aggregate(func() map[int]int { return map[int]int{} }, nil2map, func(m, _ map[int]int) map[int]int { return m })
		require.NotNil(t, got)
		_ = run.Err()
	}
}

func nil2map(m map[int]int, in, out int) map[int]int { m[in] = out; return m }

func TestAnAbandonedOrLostWorkerLeavesItsAccumulator(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) {
				switch n % 10 {
				case 1:
					time.Sleep(10 * time.Second) // beyond its limit and the grace
				case 2:
					panic("lost")
				case 3:
					return 0, vimap.Lost(testkit.ErrOdd)
				}
				return n, nil
			}).Workers(3).Timeout(time.Second).StuckLimit(1000)
		pairs, run := aggregated(testkit.Patient(t), t, testkit.Count(300, nil).Via(stage).Tolerate(90))
		require.NoError(t, run.Err())
		require.Len(t, pairs, 210)
		stats := run.Stats()
		require.Equal(t, int64(30), stats.Stuck)
		require.Equal(t, int64(90), stats.Failed)
		time.Sleep(testkit.Grace) // until those that were abandoned have come back
	})
}

func TestCancellingAnAggregateEndsItWithWhatWasAdded(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	var added atomic.Int64
	run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(thrice).Workers(3)).Start(ctx)
	s := run.Aggregate(newTally, func(s *tally, in, out int) *tally {
		if added.Add(1) == 10_000 {
			cancel(testkit.ErrOdd)
		}
		return s.add(in, out)
	}, (*tally).merge)
	require.ErrorIs(t, run.Err(), testkit.ErrOdd)
	stats := run.Stats()
	testkit.RequireAddsUp(t, stats)
	require.Equal(t, int64(len(s.pairs)), stats.Delivered)
	require.GreaterOrEqual(t, len(s.pairs), 10_000)
}

func TestStoppingAnAggregateFinishesWhatWasRead(t *testing.T) {
	testkit.Quiet(t)
	run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(thrice).Workers(3)).Start(t.Context())
	var added atomic.Int64
	s := run.Aggregate(newTally, func(s *tally, in, out int) *tally {
		if added.Add(1) == 1000 {
			run.Stop()
		}
		return s.add(in, out)
	}, (*tally).merge)
	require.NoError(t, run.Err())
	require.Equal(t, run.Stats().Read, int64(len(s.pairs)))
	require.Zero(t, run.Stats().Unfinished)
}

func TestAWorkerThatAggregatesDoesNotIdleWhileThereIsRoom(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// Of 16 in flight, 13 are in back-off: the room that the others leave is
		// less than what wakes the source by itself.
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			if n < 13 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}).Workers(2).Retry(retry.Fixed(time.Hour).Attempts(2))
		var at time.Duration
		began := time.Now()
		run := testkit.Count(1000, nil).Via(stage).InFlight(16).Tolerate(13).Start(t.Context())
		sum := run.Aggregate(func() int { return 0 }, func(sum, in, _ int) int {
			if in == 999 {
				at = time.Since(began)
			}
			return sum + 1
		}, func(a, b int) int { return a + b })
		require.NoError(t, run.Err())
		require.Equal(t, 987, sum)
		require.Less(t, at, time.Second)
	})
}

func TestAnAggregateKeepsNoItem(t *testing.T) {
	rerun.Once(t)
	testkit.Quiet(t)
	var alive, most atomic.Int64
	p := testkit.Count(20_000, nil).Map(func(n int) *[64]int {
		v := &[64]int{n}
		if n%10 == 0 {
			alive.Add(1)
			runtime.AddCleanup(v, func(int) { alive.Add(-1) }, 0)
		}
		if n%1000 == 0 {
			runtime.GC()
			most.Store(max(most.Load(), alive.Load()))
		}
		return v
	}).Via(vimap.Func(func(_ context.Context, v *[64]int) (*[64]int, error) { return v, nil }).Workers(2)).InFlight(50)
	sum, err := p.To(t.Context(), func(run *vimap.Run[int, *[64]int]) (int, error) {
		return run.Aggregate(func() int { return 0 }, func(sum, _ int, v *[64]int) int { return sum + v[0] }, func(a, b int) int { return a + b }), run.Err()
	})
	require.NoError(t, err)
	require.Equal(t, 20_000*19_999/2, sum)
	require.Less(t, most.Load(), int64(400), "of 2,000 that were made")
}

func TestAMistakeInAnAggregatePanicsWithItsRule(t *testing.T) {
	testkit.Quiet(t)
	run := testkit.Count(1, nil).Start(t.Context())
	begin, add, merge := func() int { return 0 }, func(int, int, int) int { return 0 }, func(int, int) int { return 0 }
	require.PanicsWithValue(t, "vimap: Aggregate: newAcc must not be nil", func() { run.Aggregate(nil, add, merge) })
	require.PanicsWithValue(t, "vimap: Aggregate: add must not be nil", func() { run.Aggregate(begin, nil, merge) })
	require.PanicsWithValue(t, "vimap: Aggregate: merge must not be nil", func() { run.Aggregate(begin, add, nil) })
}
