package engine_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func TestAWorkerThatRunsAPipelineOrUsesAnotherPoolDoesNotDeadlock(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var inner, outer testkit.Crew
	under := vimap.NewPool(t.Context(), inner.Stage(2, testkit.Square))
	nested := func(ctx context.Context, n int) (int, error) {
		sum, err := testkit.Given(n, n+1).Via(under.Stage()).Via(vimap.Func(testkit.Same).Workers(2)).To(ctx, testkit.Collect)
		if err != nil {
			return 0, err
		}
		one, err := under.Do(ctx, n)
		return sum[0] + sum[1] - one, err
	}
	over := vimap.NewPool(t.Context(), outer.Stage(4, nested))
	var wg sync.WaitGroup
	for r := range 3 {
		wg.Go(func() {
			outs, err := testkit.Count(60, nil).Map(testkit.Plus(r)).Via(over.Stage()).Ordered().To(t.Context(), testkit.Collect)
			require.NoError(t, err)
			for i, out := range outs {
				require.Equal(t, (i+r+1)*(i+r+1), out)
			}
		})
	}
	wg.Go(func() {
		outs, err := testkit.Count(60, nil).Via(vimap.Func(over.Do).Workers(8)).To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 60)
	})
	wg.Wait()
	testkit.ClosePool(t, over)
	testkit.ClosePool(t, under)
	inner.RequireClosed(t)
	outer.RequireClosed(t)
}

func TestAWorkerThatCallsItsOwnPoolGoesOnWhileAnotherIsFree(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var pool *vimap.Pool[int, int]
		pool = vimap.NewPool(testkit.Patient(t), vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			under, err := pool.Do(ctx, n-1)
			return under + n, err
		}).Workers(11))
		out, err := pool.Do(testkit.Patient(t), 10)
		require.NoError(t, err)
		require.Equal(t, 55, out)

		// Without one it waits, but no longer than its context.
		_, err = pool.Do(stopAfter(t, time.Second), 11)
		require.ErrorIs(t, err, testkit.ErrStop)
		testkit.ClosePool(t, pool)
	})
}

func TestTheEndOfAPoolFreesAWorkerThatWaitsForItWithAContextOfItsOwn(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var pool *vimap.Pool[int, int]
		ctx := stopAfter(t, time.Second)
		pool = vimap.NewPool(ctx, vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				return testkit.Sleepy(time.Hour)(ctx, n)
			}
			return pool.Do(context.Background(), n-1) // which does not end
		}).Workers(3))
		began := time.Now()
		for _, n := range []int{2, 3, 4} { // the last waits in hand, in hand and in the queue
			_, err := pool.Do(ctx, n)
			require.Equal(t, testkit.ErrStop, err)
		}
		testkit.ClosePool(t, pool)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestAPoolOfAnotherPoolsStageHoldsWhatAPoolHolds(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		type key struct{}
		var crew testkit.Crew
		under := vimap.NewPool(testkit.Patient(t), crew.Stage(2, func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				time.Sleep(time.Minute) // whatever its context says
				return 0, testkit.ErrOdd
			}
			if n < 0 {
				return 0, testkit.ErrOdd
			}
			require.Equal(t, "call", ctx.Value(key{}))
			return testkit.Sleepy(10*time.Second)(ctx, n)
		}).Retry(retry.Fixed(time.Hour)))
		over := vimap.NewPool(testkit.Patient(t), under.Stage().Then(vimap.Func(testkit.Square).Workers(2)))
		began := time.Now()
		caller := context.WithValue(testkit.Patient(t), key{}, "call")
		out, err := over.Do(caller, 5)
		require.NoError(t, err)
		require.Equal(t, 25, out)
		require.Equal(t, 10*time.Second, time.Since(began))

		for n, took := range map[int]time.Duration{1: time.Minute, 2: time.Second, -1: time.Second} { // stubborn, in hand, in back-off
			began = time.Now()
			_, err = over.Do(context.WithValue(stopAfter(t, time.Second), key{}, "call"), n)
			require.Equal(t, testkit.ErrStop, err)
			require.Equal(t, took, time.Since(began), "input %d", n)
			require.Zero(t, crew.Now.Load())
		}
		began = time.Now()
		testkit.ClosePool(t, under)
		require.Zero(t, time.Since(began), "nothing is left in it")
		_, err = over.Do(caller, 3)
		require.Equal(t, vimap.ErrPoolClosed, err)
		synctest.Wait()
		require.ErrorIs(t, over.Close(), vimap.ErrPoolClosed, "that is why it has ended")
		crew.RequireClosed(t)
	})
}

func TestAPanicOrAGoexitInAWorkerOfAPoolHarmsNoOtherCall(t *testing.T) {
	testkit.Quiet(t)
	var crew testkit.Crew
	pool := vimap.NewPool(t.Context(), crew.Stage(2, func(_ context.Context, n int) (int, error) {
		switch n % 3 {
		case 1:
			runtime.Goexit()
		case 2:
			panic(testkit.ErrOdd)
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
					require.ErrorIs(t, err, testkit.ErrOdd)
				}
			}
		})
	}
	wg.Wait()
	testkit.ClosePool(t, pool)
	crew.RequireClosed(t)
}
