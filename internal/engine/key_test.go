package engine_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// ledger notes the order in which the items of each key are worked on, and
// whether two items of one key were worked on at once.
type ledger struct {
	mu      sync.Mutex
	order   map[int][]int
	at      map[int]int
	overlap bool
}

func newLedger() *ledger { return &ledger{order: map[int][]int{}, at: map[int]int{}} }

// begin notes that work on n began; what it returns notes its end.
func (l *ledger) begin(key, n int) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order[key] = append(l.order[key], n)
	if l.at[key]++; l.at[key] > 1 {
		l.overlap = true
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.at[key]--
	}
}

func (l *ledger) requireOrder(t *testing.T, keys, n int) {
	require.False(t, l.overlap, "two items of one key at once")
	want := map[int][]int{}
	for i := range n {
		want[i%keys] = append(want[i%keys], i)
	}
	require.Equal(t, want, l.order)
}

func TestItemsOfOneKeyAreWorkedOnOneAfterAnotherInSourceOrder(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		for _, keys := range []int{1, 2, 5, 60, 240} {
			for _, ordered := range []bool{false, true} {
				l := newLedger()
				p := testkit.Count(240, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
					defer l.begin(n%keys, n)()
					return testkit.Jitter(ctx, n)
				}).Workers(8).KeyBy(func(n int) int { return n % keys }))
				if ordered {
					p = p.Ordered()
				}
				outs, err := p.To(testkit.Patient(t), testkit.Collect)
				require.NoError(t, err)
				require.ElementsMatch(t, testkit.UpTo(240), outs)
				l.requireOrder(t, keys, 240)
			}
		}
	})
}

func TestKeysKeepTheSourceOrderBehindAStageThatMixesIt(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		l := newLedger()
		mixed := vimap.Func(testkit.Jitter).Workers(16)
		keyed := vimap.Func(func(ctx context.Context, n int) (int, error) {
			defer l.begin(n%7, n)()
			return testkit.Jitter(ctx, n)
		}).Workers(4).KeyBy(func(n int) int { return n % 7 })
		outs, err := testkit.Count(1_000, nil).Via(mixed).Via(keyed).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.ElementsMatch(t, testkit.UpTo(1_000), outs)
		l.requireOrder(t, 7, 1_000)

		l = newLedger()
		outs, err = testkit.Count(1_000, nil).Via(mixed.Then(keyed)).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.ElementsMatch(t, testkit.UpTo(1_000), outs)
		l.requireOrder(t, 7, 1_000)
	})
}

func TestItemsThatFailedOrWereFilteredBeforeDoNotHoldTheirKeyUp(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		l := newLedger()
		run := testkit.Count(900, nil).
			Filter(func(n int) bool { return n%5 != 0 }).
			Via(vimap.Func(testkit.Even).Workers(9)).
			FlatMap(testkit.Triple).
			Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
				defer l.begin(n%3, n)()
				return testkit.Jitter(ctx, n)
			}).Workers(4).KeyBy(func(n int) int { return n % 3 })).
			Start(testkit.Patient(t))
		for range run.Results() {
		}
		require.NoError(t, run.Err())
		require.False(t, l.overlap)
		total := int64(0)
		for key, ns := range l.order {
			require.IsIncreasing(t, ns, "key %d", key)
			total += int64(len(ns))
		}
		require.Equal(t, total, run.Stats().Delivered)
		testkit.RequireAddsUp(t, run.Stats())
	})
}

func TestAnItemThatBacksOffHoldsItsKeyAndNoOther(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		l := newLedger()
		failures := map[int]int{0: 2}
		var mu sync.Mutex
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			defer l.begin(n%2, n)()
			mu.Lock()
			defer mu.Unlock()
			if failures[n]--; failures[n] >= 0 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}).Workers(1).KeyBy(func(n int) int { return n % 2 }).Retry(retry.Fixed(time.Minute))
		run := testkit.Count(20, nil).Via(stage).InFlight(20).Start(testkit.Patient(t))
		at := map[int]time.Duration{}
		for _, out := range run.Zip() {
			at[out] = time.Since(began)
		}
		require.NoError(t, run.Err())
		require.Len(t, at, 20)
		for n, when := range at {
			want := time.Duration(0)
			if n%2 == 0 {
				want = 2 * time.Minute
			}
			require.Equal(t, want, when.Truncate(time.Second), "item %d", n)
		}
		require.Equal(t, []int{0, 0, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18}, l.order[0])
		require.False(t, l.overlap)
	})
}

func TestDifferentKeysAreWorkedOnSideBySide(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		outs, err := testkit.Count(40, nil).Via(vimap.Func(testkit.Sleepy(time.Second)).Workers(4).KeyBy(func(n int) int { return n % 4 })).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 40)
		require.Equal(t, 10*time.Second, time.Since(began).Truncate(time.Second))
	})
}

func TestASlowKeyDoesNotHoldUpTheKeysBehindIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// Five items of key 0, a minute each, come first.
		began := time.Now()
		run := testkit.Count(30, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n < 5 {
				return testkit.Sleepy(time.Minute)(ctx, n)
			}
			return n, nil
		}).Workers(2).KeyBy(func(n int) int { return max(0, n-4) })).InFlight(30).Start(testkit.Patient(t))
		quick := 0
		for _, out := range run.Zip() {
			if out >= 5 {
				quick++
				require.Less(t, time.Since(began), 10*time.Millisecond, "item %d", out)
			}
		}
		require.NoError(t, run.Err())
		require.Equal(t, 25, quick)
		require.Equal(t, 5*time.Minute, time.Since(began).Truncate(time.Second))
	})
}

func TestAFailedItemGivesItsKeyFree(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := crew.Stage(3, func(ctx context.Context, n int) (int, error) {
			if n%10 == 4 {
				panic("four")
			}
			return testkit.Even(ctx, n)
		}).KeyBy(func(n int) int { return n % 2 })
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(200, nil).Via(stage).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 200)
		for i, result := range all {
			require.Equal(t, i%2 == 1 || i%10 == 4, result.Err != nil, "item %d", i)
		}
		crew.RequireClosed(t)
	})
}

func TestAKeyThatCannotBeAMapKeyFailsItsItem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Func(testkit.Same).Workers(2).Named("keyed")
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Via(stage.KeyBy(func(n int) any {
			if n%10 == 3 {
				return []int{n} // comparable by its type, a panic by its value
			}
			return n
		})).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 100)
		for i, result := range all {
			var panicked *vimap.PanicError
			require.Equal(t, i%10 == 3, errors.As(result.Err, &panicked), "item %d: %v", i, result.Err)
		}

		// A key that is not equal to itself is a key of its own.
		outs, err := testkit.Count(1_000, nil).Via(stage.KeyBy(func(int) float64 { return math.NaN() })).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.ElementsMatch(t, testkit.UpTo(1_000), outs)
	})
}

func TestCancellationEndsAKeyedStageWithItemsWaitingForTheirKey(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		began := time.Now()
		run := testkit.Count(testkit.Endless, nil).Via(crew.Stage(4, testkit.Sleepy(time.Hour)).KeyBy(func(int) int { return 1 })).Start(ctx)
		outs, err := testkit.Collect(run)
		require.ErrorIs(t, err, testkit.ErrStop)
		require.Empty(t, outs)
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, run.Stats().Read, run.Stats().Unfinished)
		require.Equal(t, int64(1), crew.Calls.Load())
		crew.RequireClosed(t)
	})
}
