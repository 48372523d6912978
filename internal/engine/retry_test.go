package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func TestAttemptsAreCountedFromOneAndEarlierErrorsAreKept(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		c := testkit.NewCalls()
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			return 0, fmt.Errorf("attempt %d of item %d", c.Try(n), n)
		}).Named("send").Workers(3)
		for attempts, stage := range map[int]vimap.Stage[int, int]{
			1: stage, 2: stage.Retry(retry.Fixed(time.Second).Attempts(2)), 3: stage.Retry(retry.Fixed(time.Second)), 7: stage.Retry(retry.Fixed(0).Attempts(7)),
		} {
			c.At = map[int][]time.Duration{}
			all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(20, nil).Via(stage).Ordered())
			require.NoError(t, run.Err())
			require.Len(t, all, 20)
			for i, result := range all {
				var item *vimap.ItemError
				require.ErrorAs(t, result.Err, &item)
				require.Equal(t, attempts, item.Attempts)
				require.EqualError(t, item.Err, fmt.Sprintf("attempt %d of item %d", attempts, i))
				require.Len(t, item.Earlier, attempts-1)
				for k, earlier := range item.Earlier {
					require.EqualError(t, earlier, fmt.Sprintf("attempt %d of item %d", k+1, i))
				}
				if attempts > 1 {
					require.ErrorContains(t, result.Err, fmt.Sprintf("after %d attempts", attempts))
				}
			}
			require.Equal(t, int64(20*(attempts-1)), run.Stats().Retries)
			testkit.RequireAddsUp(t, run.Stats())
		}
	})
}

func TestAnItemThatSucceedsAtLastIsDeliveredBesideItsInput(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			c := testkit.NewCalls()
			p := testkit.Count(500, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
				if attempt := c.Try(n); attempt <= n%4 {
					return -1, testkit.ErrOdd
				}
				return n * n, nil
			}).Workers(6).Retry(retry.Exponential(time.Millisecond, time.Second).Attempts(4)))
			if ordered {
				p = p.Ordered()
			}
			run := p.Start(testkit.Patient(t))
			seen := map[int]bool{}
			for in, out := range run.Zip() {
				require.Equal(t, in*in, out)
				if ordered {
					require.Equal(t, len(seen), in)
				}
				seen[in] = true
			}
			require.NoError(t, run.Err())
			require.Len(t, seen, 500)
			require.Equal(t, int64(125*(0+1+2+3)), run.Stats().Retries)
		}
	})
}

func TestTheWaitsAreThoseOfThePolicy(t *testing.T) {
	second := time.Second
	for name, c := range map[string]struct {
		policy retry.Policy
		fail   func(attempt int) error
		want   []time.Duration
	}{
		"fixed":       {retry.Fixed(second).Attempts(4), func(int) error { return testkit.ErrOdd }, []time.Duration{0, second, 2 * second, 3 * second}},
		"exponential": {retry.Exponential(second, 4*second).Jitter(0).Attempts(6), func(int) error { return testkit.ErrOdd }, []time.Duration{0, second, 3 * second, 7 * second, 11 * second, 15 * second}},
		"none":        {retry.Policy{}, func(int) error { return testkit.ErrOdd }, []time.Duration{0}},
		"permanent": {retry.Fixed(second).Attempts(9), func(attempt int) error {
			if attempt == 2 {
				return retry.Permanent(testkit.ErrOdd)
			}
			return testkit.ErrOdd
		}, []time.Duration{0, second}},
		"after": {retry.Fixed(second), func(attempt int) error {
			if attempt == 1 {
				return retry.After(testkit.ErrOdd, 42*second)
			}
			return testkit.ErrOdd
		}, []time.Duration{0, 42 * second, 43 * second}},
		"if":     {retry.Fixed(second).If(func(err error) bool { return !errors.Is(err, testkit.ErrOdd) }), func(int) error { return testkit.ErrOdd }, []time.Duration{0}},
		"within": {retry.Fixed(second).Attempts(100).Within(3500 * time.Millisecond), func(int) error { return testkit.ErrOdd }, []time.Duration{0, second, 2 * second, 3 * second}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				calls := testkit.NewCalls()
				_, err := testkit.Count(1, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
					return 0, c.fail(calls.Try(n))
				}).Retry(c.policy)).To(testkit.Patient(t), testkit.Collect)
				require.ErrorIs(t, err, testkit.ErrOdd)
				require.Equal(t, c.want, calls.At[0])
				var item *vimap.ItemError
				require.ErrorAs(t, err, &item)
				require.Equal(t, len(c.want), item.Attempts)
			})
		})
	}
}

func TestAnItemThatBacksOffHoldsNoWorker(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		c := testkit.NewCalls()
		run := testkit.Count(200, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if c.Try(n) == 1 && n%10 == 0 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}).Retry(retry.Fixed(time.Minute))).Start(testkit.Patient(t))
		seen := 0
		for _, out := range run.Zip() {
			seen++
			want := time.Duration(0)
			if out%10 == 0 {
				want = time.Minute
			}
			require.Equal(t, want, time.Since(c.Began).Truncate(time.Second), "item %d", out)
		}
		require.NoError(t, run.Err())
		require.Equal(t, 200, seen)
	})
}

func TestARetryRunsOnWhicheverWorkerIsFree(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// The worker that failed item 0 is busy with a long item when the wait is over.
		var first atomic.Int64
		var retriedBy atomic.Int64
		began := time.Now()
		stage := vimap.Open(new(testkit.Crew).Open).Do(func(h *testkit.Hand, ctx context.Context, n int) (int, error) {
			switch {
			case n == 0 && first.CompareAndSwap(0, h.ID):
				return 0, testkit.ErrOdd
			case n == 0:
				retriedBy.Store(h.ID)
				return 0, nil
			case h.ID == first.Load():
				return testkit.Sleepy(5*time.Minute)(ctx, n)
			}
			return testkit.Sleepy(time.Second)(ctx, n)
		}).Workers(2).Retry(retry.Fixed(10 * time.Second))
		run := testkit.Count(30, nil).Via(stage).Start(testkit.Patient(t))
		for _, out := range run.Zip() {
			if out == 0 {
				require.Less(t, time.Since(began), 12*time.Second)
			}
		}
		require.NoError(t, run.Err())
		require.NotEqual(t, first.Load(), retriedBy.Load())
	})
}

func TestCancellationEndsABackOffAtOnce(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		began := time.Now()
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		c := testkit.NewCalls()
		all, run := testkit.Outcomes(ctx, testkit.Count(3, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			c.Try(n)
			return 0, testkit.ErrOdd
		}).Workers(2).Retry(retry.Fixed(time.Hour))))
		require.Equal(t, time.Second, time.Since(began))
		require.ErrorIs(t, run.Err(), testkit.ErrStop)
		require.Empty(t, all, "an item whose back-off was ended has not failed")
		require.Equal(t, vimap.Accounts{Read: 3, Unfinished: 3}, run.Stats().Accounts)
		for n := range 3 {
			require.Len(t, c.At[n], 1)
		}
	})
}

func TestAnInterruptedAttemptIsNoFailedAttempt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, policy := range []retry.Policy{{}, retry.Fixed(time.Second)} {
			ctx, cancel := context.WithCancelCause(testkit.Patient(t))
			defer cancel(nil)
			began := time.Now()
			time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
			var crew testkit.Crew
			all, run := testkit.Outcomes(ctx, testkit.Count(10, nil).Via(crew.Stage(2, testkit.Sleepy(time.Hour)).Retry(policy)))
			require.Equal(t, time.Second, time.Since(began))
			require.ErrorIs(t, run.Err(), testkit.ErrStop)
			var item *vimap.ItemError
			require.NotErrorAs(t, run.Err(), &item, "no item is to blame")
			require.Empty(t, all)
			require.Zero(t, run.Stats().Failed)
			require.Zero(t, run.Stats().Retries)
			require.Equal(t, run.Stats().Read, run.Stats().Unfinished)
			require.Equal(t, int64(2), crew.Calls.Load())
			crew.RequireClosed(t)
		}
	})
}

func TestTheErrorOfAContextOfTheUsersOwnIsAnOrdinaryFailure(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(3, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				own, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				<-own.Done()
				return 0, own.Err()
			}
			return n, nil
		}).Retry(retry.Fixed(time.Second))).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 3)
		var item *vimap.ItemError
		require.ErrorAs(t, all[1].Err, &item)
		require.ErrorIs(t, all[1].Err, context.DeadlineExceeded)
		require.Equal(t, 3, item.Attempts)
	})
}

func TestStopWaitsForItemsThatBackOff(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		c := testkit.NewCalls()
		run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if c.Try(n) == 1 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}).Workers(2).Retry(retry.Fixed(time.Minute))).InFlight(10).Start(testkit.Patient(t))
		time.AfterFunc(time.Second, run.Stop)
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.ElementsMatch(t, testkit.UpTo(10), outs)
		require.Equal(t, time.Minute, time.Since(c.Began).Truncate(time.Second))
		require.Equal(t, vimap.Accounts{Read: 10, Delivered: 10, Retries: 10}, run.Stats().Accounts)
	})
}
