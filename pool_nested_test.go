package vimap_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

func TestAWorkerThatRunsAPipelineOrUsesAnotherPoolDoesNotDeadlock(t *testing.T) {
	quiet(t)
	var inner, outer crew
	under := vimap.NewPool(t.Context(), inner.stage(2, square))
	nested := func(ctx context.Context, n int) (int, error) {
		sum, err := given(n, n+1).Via(under.Stage()).Via(vimap.Func(same).Workers(2)).To(ctx, collect)
		if err != nil {
			return 0, err
		}
		one, err := under.Do(ctx, n)
		return sum[0] + sum[1] - one, err
	}
	over := vimap.NewPool(t.Context(), outer.stage(4, nested))
	var wg sync.WaitGroup
	for r := range 3 {
		wg.Go(func() {
			outs, err := count(60, nil).Map(plus(r)).Via(over.Stage()).Ordered().To(t.Context(), collect)
			require.NoError(t, err)
			for i, out := range outs {
				require.Equal(t, (i+r+1)*(i+r+1), out)
			}
		})
	}
	wg.Go(func() {
		outs, err := count(60, nil).Via(vimap.Func(over.Do).Workers(8)).To(t.Context(), collect)
		require.NoError(t, err)
		require.Len(t, outs, 60)
	})
	wg.Wait()
	closePool(t, over)
	closePool(t, under)
	inner.requireClosed(t)
	outer.requireClosed(t)
}

func TestAWorkerThatCallsItsOwnPoolGoesOnWhileAnotherIsFree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var pool *vimap.Pool[int, int]
		pool = vimap.NewPool(patient(t), vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			under, err := pool.Do(ctx, n-1)
			return under + n, err
		}).Workers(11))
		out, err := pool.Do(patient(t), 10)
		require.NoError(t, err)
		require.Equal(t, 55, out)

		// Without one it waits, but no longer than its context.
		_, err = pool.Do(stopAfter(t, time.Second), 11)
		require.ErrorIs(t, err, errStop)
		closePool(t, pool)
	})
}

func TestTheEndOfAPoolFreesAWorkerThatWaitsForItWithAContextOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var pool *vimap.Pool[int, int]
		ctx := stopAfter(t, time.Second)
		pool = vimap.NewPool(ctx, vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				return sleepy(time.Hour)(ctx, n)
			}
			return pool.Do(context.Background(), n-1) // which does not end
		}).Workers(3))
		began := time.Now()
		for _, n := range []int{2, 3, 4} { // the last waits in hand, in hand and in the queue
			_, err := pool.Do(ctx, n)
			require.Equal(t, errStop, err)
		}
		closePool(t, pool)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestAPoolOfAnotherPoolsStageHoldsWhatAPoolHolds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type key struct{}
		var crew crew
		under := vimap.NewPool(patient(t), crew.stage(2, func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				time.Sleep(time.Minute) // whatever its context says
				return 0, errOdd
			}
			if n < 0 {
				return 0, errOdd
			}
			require.Equal(t, "call", ctx.Value(key{}))
			return sleepy(10*time.Second)(ctx, n)
		}).Retry(retry.Fixed(time.Hour)))
		over := vimap.NewPool(patient(t), under.Stage().Then(vimap.Func(square).Workers(2)))
		began := time.Now()
		caller := context.WithValue(patient(t), key{}, "call")
		out, err := over.Do(caller, 5)
		require.NoError(t, err)
		require.Equal(t, 25, out)
		require.Equal(t, 10*time.Second, time.Since(began))

		for n, took := range map[int]time.Duration{1: time.Minute, 2: time.Second, -1: time.Second} { // stubborn, in hand, in back-off
			began = time.Now()
			_, err = over.Do(context.WithValue(stopAfter(t, time.Second), key{}, "call"), n)
			require.Equal(t, errStop, err)
			require.Equal(t, took, time.Since(began), "input %d", n)
			require.Zero(t, crew.now.Load())
		}
		began = time.Now()
		closePool(t, under)
		require.Zero(t, time.Since(began), "nothing is left in it")
		_, err = over.Do(caller, 3)
		require.Equal(t, vimap.ErrPoolClosed, err)
		synctest.Wait()
		require.ErrorIs(t, over.Close(), vimap.ErrPoolClosed, "that is why it has ended")
		crew.requireClosed(t)
	})
}

func TestAPanicOrAGoexitInAWorkerOfAPoolHarmsNoOtherCall(t *testing.T) {
	quiet(t)
	var crew crew
	pool := vimap.NewPool(t.Context(), crew.stage(2, func(_ context.Context, n int) (int, error) {
		switch n % 3 {
		case 1:
			runtime.Goexit()
		case 2:
			panic(errOdd)
		}
		return n, nil
	}))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				n := 50*g + i
				out, err := pool.Do(t.Context(), n)
				switch n % 3 {
				case 0:
					require.NoError(t, err)
					require.Equal(t, n, out)
				case 1:
					require.ErrorIs(t, err, vimap.ErrGoexit)
				default:
					var panicked *vimap.PanicError
					require.ErrorAs(t, err, &panicked)
					require.ErrorIs(t, err, errOdd)
				}
			}
		})
	}
	wg.Wait()
	closePool(t, pool)
	crew.requireClosed(t)
}
