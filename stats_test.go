package vimap_test

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func TestStatsCountEachFateOnce(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// Of 100: 20 filtered, 10 failed by Try, 10 made nothing of, 30 made two of (one of which fails), 30 one of.
		p := testkit.Count(100, nil).
			Filter(func(n int) bool { return n%10 < 8 }).
			Try(func(n int) (int, error) {
				if n%10 == 7 {
					return 0, testkit.ErrOdd
				}
				return n, nil
			}).
			FlatMap(func(n int) iter.Seq[int] {
				switch d := n % 10; {
				case d == 6:
					return slices.Values([]int{})
				case d < 3:
					return slices.Values([]int{n, -1})
				}
				return slices.Values([]int{n})
			}).
			Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
				if n < 0 {
					return 0, testkit.ErrOdd
				}
				return testkit.Jitter(ctx, n)
			}).Workers(5))
		want := vimap.Accounts{Read: 100, Extra: 30, Filtered: 20 + 10, Failed: 10 + 30, Delivered: 60}
		for _, p := range []vimap.Pipeline[int, int]{p, p.Ordered(), p.InFlight(3)} {
			all, run := testkit.Outcomes(testkit.Patient(t), p)
			require.NoError(t, run.Err())
			require.Equal(t, want, run.Stats().Accounts)
			outs, failed := testkit.Split(all)
			require.Len(t, outs, 60)
			require.Len(t, failed, 40)
		}
	})
}

func TestStatsAddUpWhereverTheRunEnds(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		for leave := range 30 {
			p := testkit.Count(120, nil).FlatMap(testkit.Triple).Via(vimap.Func(testkit.Even).Workers(4)).FlatMap(testkit.Triple).Via(vimap.Func(testkit.Jitter).Workers(3))
			if leave%2 == 0 {
				p = p.Ordered()
			}
			ctx, cancel := context.WithCancel(testkit.Patient(t))
			run := p.Start(ctx)
			seen, failed := int64(0), int64(0)
			for result := range run.Results() {
				seen++
				if result.Err != nil {
					failed++
				}
				if seen == int64(5*leave+1) {
					if leave%3 == 0 {
						break
					} else if leave%3 == 1 {
						cancel()
					} else {
						run.Stop()
					}
				}
			}
			cancel()
			stats := run.Stats()
			testkit.RequireAddsUp(t, stats)
			require.Equal(t, seen-failed, stats.Delivered, "leave %d", leave)
			require.Equal(t, failed, stats.Failed, "leave %d", leave)
			require.GreaterOrEqual(t, stats.Unfinished, int64(0))
			require.GreaterOrEqual(t, stats.Extra, int64(0))
			if leave%3 == 2 {
				require.Zero(t, stats.Unfinished, "Stop finishes what was read")
			}
		}
	})
}

func TestStatsMayBeReadWhileTheRunGoesOn(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	run := testkit.Count(5_000, nil).Via(vimap.Func(testkit.Square).Workers(4)).Start(t.Context())
	require.Equal(t, vimap.Accounts{}, run.Stats().Accounts, "nothing happens before the loop")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = run.Stats()
				runtime.Gosched() // on one processor a time slice would pass for each item
			}
		}
	}()
	seen := int64(0)
	for range run.Zip() {
		seen++
		require.LessOrEqual(t, run.Stats().Delivered, seen)
	}
	close(stop)
	<-stopped
	require.NoError(t, run.Err())
	require.Equal(t, vimap.Accounts{Read: 5_000, Delivered: 5_000}, run.Stats().Accounts)
}

func TestStatsCountRetriesRestartsAndLostWorkers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		c := testkit.NewCalls()
		stage := testkit.Dialled(&crew, func(_ context.Context, config string) error {
			if config == "bad" {
				return testkit.ErrRefused
			}
			return nil
		}, func(_ context.Context, n int) (int, error) {
			if n%10 == 3 {
				panic("three")
			}
			if c.Try(n) == 1 && n%10 == 5 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}, "a", "bad", "worse").Retry(retry.Fixed(time.Second)).Restart(retry.Fixed(time.Millisecond).Attempts(3))
		_, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Via(stage))
		require.NoError(t, run.Err())
		stats := run.Stats()
		testkit.RequireAddsUp(t, stats)
		require.GreaterOrEqual(t, stats.Retries, int64(10))
		require.GreaterOrEqual(t, stats.Restarts, int64(10))
		require.Len(t, stats.Lost, 1)
		var worker *vimap.WorkerError
		require.ErrorAs(t, stats.Lost[0], &worker)
		require.Equal(t, any("bad"), worker.Config)
		require.Equal(t, 1, worker.Worker)
		crew.RequireClosed(t)
	})
}

func TestEachRunHasStatsOfItsOwn(t *testing.T) {
	testkit.Quiet(t)
	p := testkit.Count(10, nil).Via(vimap.Func(testkit.Square))
	first, second := p.Start(t.Context()), p.Start(t.Context())
	_, err := testkit.Collect(first)
	require.NoError(t, err)
	require.Equal(t, int64(10), first.Stats().Delivered)
	require.Equal(t, vimap.Accounts{}, second.Stats().Accounts)
	_, err = testkit.Collect(second)
	require.NoError(t, err)
	require.Equal(t, first.Stats().Accounts, second.Stats().Accounts)
}
