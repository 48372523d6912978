package vimap_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

type key struct{}

func TestWithStopEndsTheReadingOfEveryRunOfItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(patient(t))
		results := make(chan vimap.Stats, 2)
		for i := range 2 {
			go func() {
				run := count(endless, nil).Via(vimap.Func(sleepy(time.Second)).Workers(2)).Start(context.WithValue(ctx, key{}, i))
				_, err := collect(run)
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
		run := count(endless, nil).Start(ctx)
		outs, err := collect(run)
		require.NoError(t, err)
		require.Empty(t, outs, "a run that begins afterwards reads nothing")
		require.Zero(t, run.Stats().Read)
	})
}

func TestWithStopDoesNotReachARunInsideAWorker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(patient(t))
		var began atomic.Int64
		inner := func(ctx context.Context, n int) (int, error) {
			began.Add(1)
			if n == 0 {
				stop()
			}
			outs, err := collect(count(50, nil).Via(vimap.Func(sleepy(time.Second)).Workers(10)).Start(ctx))
			return len(outs), err
		}
		run := count(endless, nil).Via(vimap.Func(inner).Workers(2)).Start(ctx)
		outs, err := collect(run)
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
	bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(patient(t))
		run := count(10, nil).Start(ctx)
		_, err := collect(run)
		require.NoError(t, err)
		stop()
		require.Equal(t, vimap.Accounts{Read: 10, Delivered: 10}, run.Stats().Accounts)
	})
}

func TestAStopReachesRunsOfAStopInsideIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		outer, stop := vimap.WithStop(patient(t))
		inner, _ := vimap.WithStop(outer)
		run := count(endless, nil).Via(vimap.Func(sleepy(time.Second))).Start(inner)
		seen := 0
		for range run.Zip() {
			if seen++; seen == 3 {
				stop()
			}
		}
		require.NoError(t, run.Err())
		require.Equal(t, run.Stats().Read, run.Stats().Delivered)

		inner, stop = vimap.WithStop(patient(t))
		stop()
		_, err := collect(count(endless, nil).Start(inner))
		require.NoError(t, err)
	})
}

func TestAStopDoesNotReachARunInsideAWorkerOfAPool(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, stop := vimap.WithStop(patient(t))
		inner := func(ctx context.Context, n int) (int, error) {
			stop()
			outs, err := collect(count(5, nil).Start(ctx))
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
			outs, err := given(0, 0).Via(pool.Stage()).To(patient(t), collect)
			require.NoError(t, err)
			require.Equal(t, []int{5, 5}, outs)
			for _, ctx := range []context.Context{ctx, patient(t)} {
				out, err := pool.Do(ctx, 0)
				require.NoError(t, err)
				require.Equal(t, 5, out)
			}
			closePool(t, pool)
		}
	})
}
