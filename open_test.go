package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

var errRefused = errors.New("connection refused")

// dialled returns a stage whose workers open by f and do work.
func dialled(crew *crew, f func(ctx context.Context, config string) error, work func(context.Context, int) (int, error), configs ...string) vimap.Stage[int, int] {
	return vimap.OpenWith(func(ctx context.Context, config string) (*hand, error) {
		if err := f(ctx, config); err != nil {
			return nil, err
		}
		return crew.openWith(ctx, config)
	}).Close((*hand).close).Do(func(h *hand, ctx context.Context, n int) (int, error) {
		defer h.begin()()
		return work(ctx, n)
	}).Each(configs...).Named("dial")
}

func refuse(context.Context, string) error { return errRefused }

func TestARunWhoseWorkersAllFailToOpenEndsWithTheErrorOfEach(t *testing.T) {
	for _, restart := range []retry.Policy{{}, retry.Fixed(time.Second).Attempts(3)} {
		bubble(t, func(t *testing.T) {
			var crew crew
			var reads atomic.Int64
			stage := dialled(&crew, func(_ context.Context, config string) error { return fmt.Errorf("%s: %w", config, errRefused) }, square, "a", "b", "c").Restart(restart)
			run := count(10_000, &reads).Map(plus(0)).Via(stage).Via(vimap.Func(same).Workers(2)).Start(patient(t))
			began := time.Now()
			outs, err := collect(run)
			require.Less(t, time.Since(began), 10*time.Second)
			require.Empty(t, outs)
			require.ErrorIs(t, err, vimap.ErrNoWorkers)
			require.ErrorIs(t, err, errRefused)
			require.Contains(t, err.Error(), `"dial"`)
			var none *vimap.NoWorkersError
			require.ErrorAs(t, err, &none)
			require.Equal(t, "dial", none.Stage)
			require.Len(t, none.Workers, 3)
			configs, numbers := map[any]bool{}, map[int]bool{}
			for _, lost := range none.Workers {
				var worker *vimap.WorkerError
				require.ErrorAs(t, lost, &worker)
				require.Equal(t, "open", worker.Phase)
				require.Equal(t, "dial", worker.Stage)
				require.ErrorContains(t, worker.Err, worker.Config.(string)+":")
				configs[worker.Config], numbers[worker.Worker] = true, true
			}
			require.Equal(t, map[any]bool{"a": true, "b": true, "c": true}, configs)
			require.Len(t, numbers, 3)
			require.Zero(t, reads.Load(), "input was consumed for nothing")
			require.Zero(t, crew.closed.Load(), "only what was opened is closed")
			requireAddsUp(t, run.Stats())
			require.Len(t, run.Stats().Lost, 3)
		})
	}
}

func TestAnEndlessInputIsNoReasonToTryToOpenForEver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		var tries atomic.Int64
		stage := dialled(&crew, func(context.Context, string) error { tries.Add(1); return errRefused }, square, "a", "b")
		_, err := count(endless, nil).Via(vimap.Func(same)).Via(stage).Ordered().To(patient(t), collect)
		require.ErrorIs(t, err, vimap.ErrNoWorkers, "with the policy a stage has by default")
		require.Less(t, tries.Load(), int64(1_000))
	})
}

func TestWhenOneOfThreeFailsToOpenTheOthersDoAllTheWork(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := dialled(&crew, func(_ context.Context, config string) error {
			if config == "b" {
				return errRefused
			}
			return nil
		}, sleepy(time.Second), "a", "b", "c").Restart(retry.Fixed(time.Second).Attempts(2))
		began := time.Now()
		run := count(100, nil).Via(stage).Ordered().Start(patient(t))
		outs, err := collect(run)
		require.NoError(t, err)
		require.Equal(t, upTo(100), outs)
		require.Equal(t, 50*time.Second, time.Since(began), "nobody waits for the third")
		require.Len(t, run.Stats().Lost, 1)
		var worker *vimap.WorkerError
		require.ErrorAs(t, run.Stats().Lost[0], &worker)
		require.Equal(t, any("b"), worker.Config)
		require.ErrorIs(t, worker, errRefused)
		require.Equal(t, int64(2), crew.opened.Load())
		crew.requireClosed(t)
	})
}

func TestTheErrorOfAWorkerNamesItsConfigurationIfItCanBePrinted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, err := count(3, nil).Via(dialled(new(crew), refuse, square, "server-7").Restart(retry.Policy{})).To(patient(t), collect)
		require.ErrorContains(t, err, "server-7")

		odd := vimap.OpenWith(func(context.Context, oddity) (int, error) { return 0, errRefused }).
			Do(func(_ int, ctx context.Context, n int) (int, error) { return square(ctx, n) }).Each(oddity{}).Restart(retry.Policy{})
		_, err = count(3, nil).Via(odd).To(patient(t), collect)
		require.ErrorIs(t, err, errRefused)
		require.NotPanics(t, func() { _ = err.Error() })
	})
}

func TestAWorkerThatFailsToOpenIsOpenedAgainAsItsPolicySays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		var tries atomic.Int64
		began := time.Now()
		stage := dialled(&crew, func(context.Context, string) error {
			if tries.Add(1) < 3 {
				return errRefused
			}
			return nil
		}, square, "a").Restart(retry.Fixed(time.Second).Attempts(3))
		run := count(10, nil).Via(stage).Start(patient(t))
		outs, err := collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 10)
		require.Equal(t, 2*time.Second, time.Since(began))
		require.Equal(t, int64(3), tries.Load())
		require.Empty(t, run.Stats().Lost)
		crew.requireClosed(t)
	})
}

func TestAWorkerThatCannotBeOpenedAnewAfterAPanicIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		var tries atomic.Int64
		stage := dialled(&crew, func(context.Context, string) error {
			if tries.Add(1) > 1 {
				return errRefused
			}
			return nil
		}, func(_ context.Context, n int) (int, error) {
			if n == 5 {
				panic("five")
			}
			return n, nil
		}, "a").Restart(retry.Policy{})
		all, run := outcomes(patient(t), count(10_000, nil).Via(stage).Ordered())
		outs, failed := split(all)
		require.Equal(t, upTo(5), outs)
		require.NotEmpty(t, failed)
		var panicked *vimap.PanicError
		require.ErrorAs(t, failed[0].Err, &panicked)
		require.Equal(t, 5, failed[0].In)
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		require.ErrorIs(t, run.Err(), errRefused)
		requireAddsUp(t, run.Stats())
		crew.requireClosed(t)
	})
}

func TestAWorkerThatIsSlowToOpenIsNotWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := dialled(&crew, func(ctx context.Context, config string) error {
			if config == "slow" {
				_, err := sleepy(time.Hour)(ctx, 0)
				return err
			}
			return nil
		}, square, "a", "slow")
		began := time.Now()
		outs, err := count(1_000, nil).Via(stage).To(patient(t), collect)
		require.NoError(t, err)
		require.Len(t, outs, 1_000)
		require.Less(t, time.Since(began), time.Second, "its opening is interrupted when nothing is left to do")
		crew.requireClosed(t)
	})
}

func TestAnOpeningThatWaitsForItsRestartIsNotWaitedForEither(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := dialled(&crew, func(_ context.Context, config string) error {
			if config == "bad" {
				return errRefused
			}
			return nil
		}, square, "a", "bad").Restart(retry.Fixed(time.Hour).Attempts(5))
		began := time.Now()
		run := count(1_000, nil).Via(stage).Start(patient(t))
		outs, err := collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 1_000)
		require.Less(t, time.Since(began), time.Second)
		crew.requireClosed(t)
	})
}

func TestWhatIsInFlightWhenNoWorkerIsLeftHasAFate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			p := count(endless, nil).Via(vimap.Func(jitter).Workers(3)).Via(dialled(new(crew), func(ctx context.Context, _ string) error {
				_, _ = sleepy(time.Second)(ctx, 0)
				return errRefused
			}, square, "a", "b").Restart(retry.Policy{}))
			if ordered {
				p = p.Ordered()
			}
			all, run := outcomes(patient(t), p)
			outs, _ := split(all)
			require.Empty(t, outs)
			require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
			stats := run.Stats()
			requireAddsUp(t, stats)
			require.Equal(t, int64(len(all)), stats.Failed)
			require.Zero(t, stats.Delivered)
		}
	})
}
