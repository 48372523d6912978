package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestFailuresOverAPoolAreThoseOfAnOrdinaryStage(t *testing.T) {
	// What fails, and how: the same stage, ordinary and in a pool.
	work := func(_ context.Context, n int) (int, error) {
		switch n % 10 {
		case 1:
			return 0, testkit.ErrOdd
		case 2:
			panic(testkit.ErrOdd)
		case 3:
			runtime.Goexit()
		case 4:
			panic("four")
		}
		return n * n, nil
	}
	var crew testkit.Crew
	for name, stage := range map[string]vimap.Stage[int, int]{
		"func":            vimap.Func(work).Workers(3),
		"named and tried": vimap.Func(work).Named("send").Workers(3).Retry(retry.Fixed(time.Second).Attempts(3)),
		"open":            crew.Stage(3, work),
		"each": vimap.OpenWith(crew.OpenWith).Close((*testkit.Hand).Close).Do(func(h *testkit.Hand, ctx context.Context, n int) (int, error) {
			defer h.Begin()()
			return work(ctx, n)
		}).Each("a", "b").Timeout(time.Minute),
		"lost": crew.Stage(2, func(ctx context.Context, n int) (int, error) {
			out, err := work(ctx, n)
			return out, vimap.Lost(err)
		}).Retry(retry.Fixed(time.Second).Attempts(2)),
		"loop": crew.Loop(3, func(ctx context.Context, feed *vimap.Feed[int, int], n int) (leave bool) {
			switch n % 10 {
			case 5:
				return true
			case 6:
				return false
			case 7:
				feed.Yield(0, nil)
			}
			feed.Yield(work(ctx, n))
			return false
		}).Retry(retry.Fixed(time.Second).Attempts(2)),
		"bulk":             vimap.Bulk(4, time.Millisecond, batching(work)).Workers(2).Retry(retry.Fixed(time.Second).Attempts(2)),
		"bulk, wrong":      vimap.Bulk(1, 0, func(_ context.Context, ns []int) ([]int, error) { return ns[1:], nil }),
		"keys":             vimap.Func(work).Workers(3).KeyBy(func(n int) int { return n % 7 }),
		"keys that fail":   vimap.Func(testkit.Square).KeyBy(func(n int) any { return []int{n} }),
		"zip":              vimap.Zip(vimap.Func(work).Workers(2).Named("inner")).Then(vimap.Func(second)),
		"then":             vimap.Func(testkit.Square).Then(crew.Stage(2, work).Named("second").Retry(retry.Fixed(time.Second).Attempts(2))),
		"late":             vimap.Func(testkit.Sleepy(time.Hour)).Workers(50).Timeout(time.Second).Retry(retry.Fixed(0).Attempts(2)),
		"a pool of a pool": vimap.Func(work).Named("deep").Workers(2).Retry(retry.Fixed(time.Second).Attempts(2)),
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 6)
			testkit.Bubble(t, func(t *testing.T) {
				items := testkit.Count(30, nil).Map(func(n int) int { return n + 100 })
				want, run := testkit.Outcomes(testkit.Patient(t), items.Via(stage).Ordered())
				require.NoError(t, run.Err())
				stats := run.Stats()

				ctx := testkit.Patient(t)
				pool := vimap.NewPool(ctx, stage)
				if name == "a pool of a pool" {
					under := pool
					defer func() { testkit.ClosePool(t, under) }()
					pool = vimap.NewPool(ctx, under.Stage())
				}
				got, run := testkit.Outcomes(testkit.Patient(t), items.Via(pool.Stage()).Ordered())
				require.NoError(t, run.Err())
				require.Len(t, got, len(want))
				failed := 0
				for i := range want {
					require.Equal(t, want[i].In, got[i].In)
					require.Equal(t, want[i].Out, got[i].Out)
					require.Equal(t, want[i].Index, got[i].Index)
					if want[i].Err == nil {
						require.NoError(t, got[i].Err)
						continue
					}
					failed++
					requireSame(t, want[i].Err, got[i].Err)
				}
				require.Positive(t, failed)
				now := run.Stats()
				now.Restarts, stats.Restarts = 0, 0 // those of a pool are of no run
				if name == "bulk" {                 // which inputs share a batch, and its fate, is a matter of time
					now.Retries, stats.Retries = 0, 0
				}
				require.Equal(t, stats.Accounts, now.Accounts)

				for i := range want { // and by Do, without an index
					out, err := pool.Do(testkit.Patient(t), want[i].In+100)
					require.Equal(t, want[i].Out, out)
					if want[i].Err == nil {
						require.NoError(t, err)
						continue
					}
					var item *vimap.ItemError
					require.ErrorAs(t, err, &item)
					require.Equal(t, int64(-1), item.Index)
					indexed := *item
					indexed.Index = want[i].Index
					if name == "keys that fail" { // only the item of a run is known
						require.Equal(t, want[i].In+100, indexed.Input)
						indexed.Input = want[i].In
					}
					requireSame(t, want[i].Err, &indexed)
				}
				testkit.ClosePool(t, pool)
				crew.RequireClosed(t)
			})
		})
	}
}

// requireSame holds that two failures of items say the same.
func requireSame(t *testing.T, want, got error) {
	t.Helper()
	require.EqualError(t, got, want.Error())
	var w, g *vimap.ItemError
	require.ErrorAs(t, want, &w)
	require.ErrorAs(t, got, &g)
	require.Equal(t, w.Stage, g.Stage)
	require.Equal(t, w.Index, g.Index)
	require.Equal(t, w.Input, g.Input)
	require.Equal(t, w.Attempts, g.Attempts)
	require.Len(t, g.Earlier, len(w.Earlier))
	for _, sentinel := range []error{testkit.ErrOdd, vimap.ErrGoexit, vimap.ErrYield, vimap.ErrBulk, context.DeadlineExceeded} {
		require.Equal(t, errors.Is(want, sentinel), errors.Is(got, sentinel), sentinel)
	}
	var panicked *vimap.PanicError
	require.Equal(t, errors.As(want, &panicked), errors.As(got, &panicked))
	require.NotErrorAs(t, g.Err, &w, "a failure of an item inside a failure")
}

func TestAFailureOverAPoolHasTheItemsPlace(t *testing.T) {
	testkit.Quiet(t)
	pool := vimap.NewPool(t.Context(), vimap.Func(failing).Named("send"))
	source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		out.Places(func(n int64) string { return []string{"a:1", "a:2"}[n] })
		out.Many([]int{7, 8})
		return nil
	})
	all, run := testkit.Outcomes(t.Context(), source.Via(pool.Stage()).Ordered())
	require.NoError(t, run.Err())
	require.Len(t, all, 2)
	require.EqualError(t, all[1].Err, `vimap: stage "send": item 1 (a:2): odd number`)
	testkit.ClosePool(t, pool)
}

func TestAnItemThatBacksOffInAPoolHoldsNoWorker(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var tries atomic.Int64
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n < 20 && tries.Add(1) <= 20 {
				return 0, testkit.ErrOdd
			}
			return testkit.Square(ctx, n)
		}).Retry(retry.Fixed(time.Minute)))
		began := time.Now()
		run := testkit.Count(40, nil).Via(pool.Stage()).InFlight(40).Start(testkit.Patient(t))
		quick := 0
		for _, out := range run.Zip() {
			if out >= 20*20 {
				quick++
				require.Zero(t, time.Since(began))
			}
			if quick == 20 { // others of the pool are not held up, either
				quick++
				_, err := pool.Do(testkit.Patient(t), 50)
				require.NoError(t, err)
				require.Zero(t, time.Since(began))
			}
		}
		require.NoError(t, run.Err())
		require.Equal(t, 21, quick)
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, int64(20), run.Stats().Retries)
		testkit.ClosePool(t, pool)
	})
}

func TestAKeyExcludesItselfInAllOfAPoolAndKeepsTheOrderOfEachRun(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		const keys, n = 5, 300
		var mu sync.Mutex
		busy := map[int]bool{}
		orders := map[[2]int][]int{} // by run and key
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(func(ctx context.Context, v int) (int, error) {
			key, run := v%keys, v/1_000
			mu.Lock()
			require.False(t, busy[key], "two inputs of one key at once")
			busy[key] = true
			orders[[2]int{run, key}] = append(orders[[2]int{run, key}], v)
			mu.Unlock()
			_, err := testkit.Jitter(ctx, v)
			mu.Lock()
			busy[key] = false
			mu.Unlock()
			return v, err
		}).Workers(8).KeyBy(func(v int) int { return v % keys }))
		mixed := vimap.Func(testkit.Jitter).Workers(16) // before it, so that the order is not by chance
		var wg sync.WaitGroup
		for r := range 3 {
			wg.Go(func() {
				outs, err := testkit.Count(n, nil).Via(mixed).Map(testkit.Plus(1_000*r)).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
				require.NoError(t, err)
				require.Len(t, outs, n)
			})
		}
		wg.Go(func() {
			for v := range 20 {
				_, err := pool.Do(testkit.Patient(t), 5_000+v)
				require.NoError(t, err)
			}
		})
		wg.Wait()
		for r, order := range orders {
			require.True(t, slices.IsSorted(order), "run and key %v: %v", r, order)
		}
		require.Len(t, orders, 4*keys)
		testkit.ClosePool(t, pool)
	})
}

func TestABatchOfAPoolTakesInputsOfSeveralCallers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		type key struct{}
		var sizes []int
		pool := vimap.NewPool(context.WithValue(testkit.Patient(t), key{}, "pool"), vimap.Bulk(4, time.Second, func(ctx context.Context, ns []int) ([]int, error) {
			sizes = append(sizes, len(ns))
			if len(ns) > 1 {
				require.Equal(t, "pool", ctx.Value(key{}))
			} else {
				require.Equal(t, "call", ctx.Value(key{}))
			}
			return batching(testkit.Sleepy(time.Minute))(ctx, ns)
		}))
		began := time.Now()
		call := func(ctx context.Context, n int) error {
			out, err := pool.Do(context.WithValue(ctx, key{}, "call"), n)
			if err == nil {
				require.Equal(t, n, out)
			}
			return err
		}
		var wg sync.WaitGroup
		for n := range 4 {
			wg.Go(func() { require.NoError(t, call(testkit.Patient(t), n)) })
		}
		wg.Wait()
		require.Equal(t, 4*time.Minute, time.Since(began), "as soon as it is full")

		// The batch goes on while one of its callers wants it, and all wait for it.
		began = time.Now()
		wg.Go(func() { require.Equal(t, testkit.ErrStop, call(stopAfter(t, 10*time.Second), 10)) })
		wg.Go(func() { require.Equal(t, testkit.ErrStop, call(stopAfter(t, 20*time.Second), 11)) })
		wg.Wait()
		require.Equal(t, 20*time.Second, time.Since(began))

		require.NoError(t, call(testkit.Patient(t), 20))
		require.Equal(t, 20*time.Second+time.Second+time.Minute, time.Since(began), "alone, after its linger time")
		require.Equal(t, []int{4, 2, 1}, sizes)
		testkit.ClosePool(t, pool)
	})
}

func TestAFailedBatchTriesOnlyThoseAgainWhoWantIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var calls [][]int
		pool := vimap.NewPool(testkit.Patient(t), vimap.Bulk(3, time.Second, func(_ context.Context, ns []int) ([]int, error) {
			calls = append(calls, slices.Clone(ns))
			time.Sleep(10 * time.Second)
			if len(ns) > 1 {
				return nil, testkit.ErrOdd
			}
			return ns, nil
		}).Retry(retry.Fixed(time.Second)))
		var wg sync.WaitGroup
		for n := range 3 {
			wg.Go(func() {
				ctx, want := testkit.Patient(t), error(nil)
				if n == 1 {
					ctx, want = stopAfter(t, 5*time.Second), testkit.ErrStop
				}
				_, err := pool.Do(ctx, n)
				require.Equal(t, want, err)
			})
			synctest.Wait()
		}
		wg.Wait()
		require.ElementsMatch(t, [][]int{{0, 1, 2}, {0}, {2}}, calls)
		testkit.ClosePool(t, pool)
	})
}

func TestTheFunctionsContextHasTheValuesOfTheCallAndOfThePool(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		type own struct{}
		type both struct{}
		under := context.WithValue(context.WithValue(testkit.Patient(t), own{}, "pool"), both{}, "pool")
		pool := vimap.NewPool(under, vimap.Func(func(ctx context.Context, _ int) ([]any, error) {
			_, limited := ctx.Deadline()
			return []any{ctx.Value(own{}), ctx.Value(both{}), limited}, nil
		}).Timeout(time.Hour))
		caller := context.WithValue(testkit.Patient(t), both{}, "caller")
		out, err := pool.Do(caller, 1)
		require.NoError(t, err)
		require.Equal(t, []any{"pool", "caller", true}, out)
		outs, err := testkit.Given(1).Via(pool.Stage()).To(caller, testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, [][]any{{"pool", "caller", true}}, outs)
		testkit.ClosePool(t, pool)
	})
}

func TestTheHooksOfAPoolAreToldTheIndexInTheCallersRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		index := map[int]int64{}
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(testkit.Square).Hooks(vimap.Hooks{ItemDone: func(e vimap.ItemEvent) {
			mu.Lock()
			defer mu.Unlock()
			index[e.Input.(int)] = e.Index
		}}))
		_, err := pool.Do(testkit.Patient(t), 5)
		require.NoError(t, err)
		_, err = testkit.Given(8, 9).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, map[int]int64{5: -1, 8: 0, 9: 1}, index)
		testkit.ClosePool(t, pool)
	})
}

func TestStepsBeforeAndBehindAPoolRunInTheRunThatTheyBelongTo(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(testkit.Square).Workers(4))
		panics := func(at int) func(int) int {
			return func(n int) int {
				if n == at {
					panic(testkit.ErrOdd)
				}
				return n
			}
		}
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).
			Map(panics(3)).Filter(func(n int) bool { return n != 4 }).
			Via(pool.Stage()).Map(panics(25)).
			FlatMap(testkit.Triple).Via(pool.Stage()).
			Via(vimap.Func(testkit.Same).Workers(3)).Via(vimap.Zip(pool.Stage())).
			Map(func(p vimap.Pair[int, int]) int { require.Equal(t, p.In*p.In, p.Out); return p.In }))
		require.NoError(t, run.Err())
		outs, failed := testkit.Split(all)
		require.Len(t, failed, 2)
		want := 0
		for n := range 100 {
			if n != 3 && n != 4 && n != 5 { // filtered, failed before and failed behind
				want += testkit.Tripled(n * n)
			}
		}
		require.Len(t, outs, want)
		testkit.RequireAddsUp(t, run.Stats())
		testkit.ClosePool(t, pool)
	})
}

func TestAPoolAnswersASerialRunOneItemAfterAnother(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(3, func(ctx context.Context, n int) (int, error) {
			if n%10 == 3 {
				return 0, testkit.ErrOdd
			}
			return testkit.Jitter(ctx, n)
		}).Named("work").Retry(retry.Fixed(time.Second).Attempts(2))
		ctx := vimaptest.Serial(testkit.Patient(t))
		pool := vimap.NewPool(ctx, stage)
		run := testkit.Count(50, nil).Map(testkit.Plus(100)).Via(pool.Stage()).Map(testkit.Plus(-100)).Start(ctx)
		next := 0
		for result := range run.Results() {
			require.Equal(t, next, result.In)
			require.LessOrEqual(t, crew.Now.Load(), int64(0), "nothing goes on beside the loop")
			if next%10 == 3 {
				require.EqualError(t, result.Err, fmt.Sprintf(`vimap: stage "work": item %d after 2 attempts: odd number`, next))
			} else {
				require.NoError(t, result.Err)
				require.Equal(t, next, result.Out)
			}
			next++
		}
		require.NoError(t, run.Err())
		require.Equal(t, vimap.Accounts{Read: 50, Delivered: 45, Failed: 5, Retries: 5}, run.Stats().Accounts)
		testkit.ClosePool(t, pool)
		crew.RequireClosed(t)
		_, err := testkit.Collect(testkit.Count(5, nil).Via(pool.Stage()).Start(ctx))
		require.ErrorIs(t, err, vimap.ErrPoolClosed)
	})
}
