package vimap_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

type key struct{}

func TestWithStopEndsTheReadingOfEveryRunOfItsContext(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(testkit.Patient(t))
		results := make(chan vimap.Stats, 2)
		for i := range 2 {
			go func() {
				run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(testkit.Sleepy(time.Second)).Workers(2)).Start(context.WithValue(ctx, key{}, i))
				_, err := testkit.Collect(run)
				stats := run.Stats()
				if err != nil {
					stats = vimap.Stats{}
				}
				results <- stats
			}()
		}
		time.Sleep(10*time.Second + time.Millisecond)
		stop()
		stop() // again changes nothing
		for range 2 {
			stats := <-results
			require.GreaterOrEqual(t, stats.Delivered, int64(20))
			require.Equal(t, stats.Read, stats.Delivered, "what was read is finished")
		}
		require.NoError(t, ctx.Err())
		run := testkit.Count(testkit.Endless, nil).Start(ctx)
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Empty(t, outs, "a run that begins afterwards reads nothing")
		require.Zero(t, run.Stats().Read)
	})
}

func TestWithStopDoesNotReachARunInsideAWorker(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(testkit.Patient(t))
		var began atomic.Int64
		inner := func(ctx context.Context, n int) (int, error) {
			began.Add(1)
			if n == 0 {
				stop()
			}
			outs, err := testkit.Collect(testkit.Count(50, nil).Via(vimap.Func(testkit.Sleepy(time.Second)).Workers(10)).Start(ctx))
			return len(outs), err
		}
		run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(inner).Workers(2)).Start(ctx)
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.NotEmpty(t, outs)
		for _, n := range outs {
			require.Equal(t, 50, n, "the work in hand is finished whole")
		}
		require.Equal(t, began.Load(), int64(len(outs)))
		require.Equal(t, run.Stats().Read, run.Stats().Delivered)
	})
}

func TestARunThatEndedIsNotKeptForAStop(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(testkit.Patient(t))
		run := testkit.Count(10, nil).Start(ctx)
		_, err := testkit.Collect(run)
		require.NoError(t, err)
		stop()
		require.Equal(t, vimap.Accounts{Read: 10, Delivered: 10}, run.Stats().Accounts)
	})
}

func TestAStopReachesRunsOfAStopInsideIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		outer, stop := vimap.WithStop(testkit.Patient(t))
		inner, _ := vimap.WithStop(outer)
		run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(testkit.Sleepy(time.Second))).Start(inner)
		seen := 0
		for range run.Zip() {
			if seen++; seen == 3 {
				stop()
			}
		}
		require.NoError(t, run.Err())
		require.Equal(t, run.Stats().Read, run.Stats().Delivered)

		inner, stop = vimap.WithStop(testkit.Patient(t))
		stop()
		_, err := testkit.Collect(testkit.Count(testkit.Endless, nil).Start(inner))
		require.NoError(t, err)
	})
}

func TestAStopDoesNotReachARunInsideAWorkerOfAPool(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(testkit.Patient(t))
		inner := func(ctx context.Context, n int) (int, error) {
			stop()
			outs, err := testkit.Collect(testkit.Count(5, nil).Start(ctx))
			return len(outs), err
		}
		for _, stage := range []vimap.Stage[int, int]{
			vimap.Func(inner),
			vimap.Bulk(2, time.Second, func(ctx context.Context, ns []int) ([]int, error) {
				n, err := inner(ctx, 0)
				return slices.Repeat([]int{n}, len(ns)), err
			}),
		} {
			pool := vimap.NewPool(ctx, stage)
			outs, err := testkit.Given(0, 0).Via(pool.Stage()).To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Equal(t, []int{5, 5}, outs)
			for _, ctx := range []context.Context{ctx, testkit.Patient(t)} {
				out, err := pool.Do(ctx, 0)
				require.NoError(t, err)
				require.Equal(t, 5, out)
			}
			testkit.ClosePool(t, pool)
		}
	})
}
