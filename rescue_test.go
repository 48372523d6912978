package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// brokenSource has n items and then an error.
func brokenSource(n int, err error) vimap.Pipeline[int, int] {
	return vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, err)
		}
	})
}

func half(n int) (int, error) {
	if n%2 == 1 {
		return 0, testkit.ErrOdd
	}
	return n / 2, nil
}

func negate(in int, _ error) (int, error) { return -in, nil }

func TestRescueMakesAnOutputOfAFailure(t *testing.T) {
	stage := picky(4, testkit.MultipleOf(10))
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"behind a stage":                  testkit.Count(100, nil).Via(stage).Rescue(negate),
		"behind a step of a stage":        testkit.Count(100, nil).Via(vimap.Func(testkit.Square).Workers(3)).Map(func(n int) int { return n }).Try(isqrt).Rescue(negate),
		"behind a step alone":             testkit.Count(100, nil).Try(notTens).Rescue(negate),
		"before a step":                   testkit.Count(100, nil).Via(stage).Rescue(negate).Map(testkit.Plus(0)),
		"before a stage":                  testkit.Count(100, nil).Via(stage).Rescue(negate).Via(picky(3, func(int) bool { return false })),
		"before a stage with keys":        testkit.Count(100, nil).Via(stage).Rescue(negate).Via(picky(3, func(int) bool { return false }).KeyBy(func(n int) int { return n % 3 })),
		"before batches":                  testkit.Count(100, nil).Via(stage).Rescue(negate).Via(vimap.Bulk(7, 0, batchOfSame)),
		"before a loop":                   testkit.Count(100, nil).Via(stage).Rescue(negate).Via(vimap.LoopFunc(sameLoop).Workers(2)),
		"before FlatMap":                  testkit.Count(100, nil).Via(stage).Rescue(negate).FlatMap(given1),
		"behind FlatMap":                  testkit.Count(100, nil).FlatMap(given1).Via(stage).Rescue(negate),
		"behind a rescue that gives back": testkit.Count(100, nil).Via(stage).Rescue(func(_ int, err error) (int, error) { return 0, err }).Rescue(negate),
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 6)
			testkit.Bubble(t, func(t *testing.T) {
				for i, p := range []vimap.Pipeline[int, int]{p.Ordered(), p.Ordered().InFlight(1), p} {
					ctx := testkit.Patient(t)
					if i == 2 {
						ctx = vimaptest.Serial(ctx)
					}
					all, run := testkit.Outcomes(ctx, p)
					require.NoError(t, run.Err())
					require.Len(t, all, 100)
					for i, result := range all {
						want := i
						if i%10 == 0 {
							want = -i
						}
						require.NoError(t, result.Err)
						require.Equal(t, vimap.Result[int, int]{In: i, Out: want, Index: int64(i)}, result)
					}
					require.Equal(t, vimap.Accounts{Read: 100, Delivered: 100, Rescued: 10}, run.Stats().Accounts)
				}
			})
		})
	}
}

func isqrt(n int) (int, error) {
	for i := range n + 1 {
		if i*i == n {
			return notTens(i)
		}
	}
	return 0, testkit.ErrOdd
}

func notTens(n int) (int, error) {
	if n%10 == 0 {
		return 0, testkit.ErrOdd
	}
	return n, nil
}

func given1(n int) iter.Seq[int] { return func(yield func(int) bool) { yield(n) } }

func batchOfSame(_ context.Context, ins []int) ([]int, error) { return ins, nil }

func sameLoop(feed *vimap.Feed[int, int]) error {
	for _, n := range feed.All() {
		feed.Yield(n, nil)
	}
	return nil
}

func TestRescueIsGivenTheItemAndItsError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := map[int]string{}
		p := testkit.Count(30, nil).Map(testkit.Plus(100)).Via(picky(4, testkit.MultipleOf(10))).Rescue(func(in int, err error) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			seen[in] = err.Error()
			var item *vimap.ItemError
			require.ErrorAs(t, err, &item)
			require.Equal(t, any(in+100), item.Input)
			return 0, nil
		})
		_, err := testkit.Collect(p.Start(testkit.Patient(t)))
		require.NoError(t, err)
		require.Equal(t, map[int]string{
			0:  `vimap: stage "pick": item 0: 100 is not wanted`,
			10: `vimap: stage "pick": item 10: 110 is not wanted`,
			20: `vimap: stage "pick": item 20: 120 is not wanted`,
		}, seen)
	})
}

func TestRescueThatGivesTheErrorBackLeavesTheFailureAsItWas(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(10, nil).Via(picky(4, testkit.MultipleOf(5))).Rescue(func(_ int, err error) (int, error) { return 0, err }))
		require.NoError(t, run.Err())
		_, failed := testkit.Split(all)
		require.Len(t, failed, 2)
		for _, result := range failed {
			require.EqualError(t, result.Err, fmt.Sprintf(`vimap: stage "pick": item %d: %d is not wanted`, result.In, result.In))
		}
		require.Zero(t, run.Stats().Rescued)
	})
}

func TestRescueThatFailsFailsTheItemAndKeepsWhatWentBefore(t *testing.T) {
	errWorse := errors.New("worse")
	for name, c := range map[string]struct {
		rescue func(int, error) (int, error)
		target error
	}{
		"an error": {func(int, error) (int, error) { return 0, errWorse }, errWorse},
		"a panic":  {func(int, error) (int, error) { panic(errWorse) }, errWorse},
		"a Goexit": {func(int, error) (int, error) { runtime.Goexit(); return 0, nil }, vimap.ErrGoexit},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				rescued := testkit.Count(20, nil).Via(picky(4, testkit.MultipleOf(5))).Rescue(c.rescue)
				for _, p := range []vimap.Pipeline[int, int]{rescued, rescued.Via(vimap.Func(testkit.Square).Workers(2)), rescued.FlatMap(given1)} {
					if name != "a Goexit" { // which ends the goroutine of a serial run
						_, run := testkit.Outcomes(vimaptest.Serial(testkit.Patient(t)), p)
						require.NoError(t, run.Err())
						require.Equal(t, vimap.Accounts{Read: 20, Delivered: 16, Failed: 4}, run.Stats().Accounts)
					}
					all, run := testkit.Outcomes(testkit.Patient(t), p)
					require.NoError(t, run.Err())
					require.Equal(t, vimap.Accounts{Read: 20, Delivered: 16, Failed: 4}, run.Stats().Accounts)
					_, failed := testkit.Split(all)
					require.Len(t, failed, 4)
					for _, result := range failed {
						var item *vimap.ItemError
						require.ErrorAs(t, result.Err, &item)
						require.ErrorIs(t, result.Err, c.target)
						require.Equal(t, "rescue", item.Stage)
						require.Equal(t, int64(result.In), item.Index)
						require.Len(t, item.Earlier, 1)
						require.EqualError(t, item.Earlier[0], fmt.Sprintf("%d is not wanted", result.In))
					}
				}
			})
		})
	}
}

func TestRescueDoesNotTakeWhatFailsBehindIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		p := testkit.Count(20, nil).Rescue(negate).Via(picky(4, testkit.MultipleOf(5)))
		_, run := testkit.Outcomes(testkit.Patient(t), p)
		require.Equal(t, vimap.Accounts{Read: 20, Delivered: 16, Failed: 4}, run.Stats().Accounts)
		_, run = testkit.Outcomes(testkit.Patient(t), testkit.Count(20, nil).Rescue(negate).Try(half))
		require.Equal(t, vimap.Accounts{Read: 20, Delivered: 10, Failed: 10}, run.Stats().Accounts)
	})
}

func TestRescueBeforeDecodeKnowsTheRawItem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		raw := testkit.Given("1", "x", "3").Try(func(s string) (string, error) {
			if s == "x" {
				return "", testkit.ErrOdd
			}
			return s, nil
		}).Rescue(func(in string, _ error) (string, error) { return in + "x", nil })
		outs, err := testkit.Collect(vimap.Decode(raw, func(s string) (int, error) { return len(s), nil }).Ordered().Start(testkit.Patient(t)))
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 1}, outs)
	})
}
