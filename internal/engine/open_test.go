package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func refuse(context.Context, string) error { return testkit.ErrRefused }

func TestARunWhoseWorkersAllFailToOpenEndsWithTheErrorOfEach(t *testing.T) {
	for _, restart := range []retry.Policy{{}, retry.Fixed(time.Second).Attempts(3)} {
		testkit.Bubble(t, func(t *testing.T) {
			var crew testkit.Crew
			var reads atomic.Int64
			stage := testkit.Dialled(&crew, func(_ context.Context, config string) error { return fmt.Errorf("%s: %w", config, testkit.ErrRefused) }, testkit.Square, "a", "b", "c").Restart(restart)
			run := testkit.Count(10_000, &reads).Map(testkit.Plus(0)).Via(stage).Via(vimap.Func(testkit.Same).Workers(2)).Start(testkit.Patient(t))
			began := time.Now()
			outs, err := testkit.Collect(run)
			require.Less(t, time.Since(began), 10*time.Second)
			require.Empty(t, outs)
			require.ErrorIs(t, err, vimap.ErrNoWorkers)
			require.ErrorIs(t, err, testkit.ErrRefused)
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
			require.Zero(t, crew.Closed.Load(), "only what was opened is closed")
			testkit.RequireAddsUp(t, run.Stats())
			require.Len(t, run.Stats().Lost, 3)
		})
	}
}

func TestAnEndlessInputIsNoReasonToTryToOpenForEver(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		var tries atomic.Int64
		stage := testkit.Dialled(&crew, func(context.Context, string) error { tries.Add(1); return testkit.ErrRefused }, testkit.Square, "a", "b")
		_, err := testkit.Count(testkit.Endless, nil).Via(vimap.Func(testkit.Same)).Via(stage).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.ErrorIs(t, err, vimap.ErrNoWorkers, "with the policy a stage has by default")
		require.Less(t, tries.Load(), int64(1_000))
	})
}

func TestWhenOneOfThreeFailsToOpenTheOthersDoAllTheWork(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := testkit.Dialled(&crew, func(_ context.Context, config string) error {
			if config == "b" {
				return testkit.ErrRefused
			}
			return nil
		}, testkit.Sleepy(time.Second), "a", "b", "c").Restart(retry.Fixed(time.Second).Attempts(2))
		began := time.Now()
		run := testkit.Count(100, nil).Via(stage).Ordered().Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(100), outs)
		require.Equal(t, 50*time.Second, time.Since(began), "nobody waits for the third")
		require.Len(t, run.Stats().Lost, 1)
		var worker *vimap.WorkerError
		require.ErrorAs(t, run.Stats().Lost[0], &worker)
		require.Equal(t, any("b"), worker.Config)
		require.ErrorIs(t, worker, testkit.ErrRefused)
		require.Equal(t, int64(2), crew.Opened.Load())
		crew.RequireClosed(t)
	})
}

func TestTheErrorOfAWorkerNamesItsConfigurationIfItCanBePrinted(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		_, err := testkit.Count(3, nil).Via(testkit.Dialled(new(testkit.Crew), refuse, testkit.Square, "server-7").Restart(retry.Policy{})).To(testkit.Patient(t), testkit.Collect)
		require.ErrorContains(t, err, "server-7")

		odd := vimap.OpenWith(func(context.Context, oddity) (int, error) { return 0, testkit.ErrRefused }).
			Do(func(_ int, ctx context.Context, n int) (int, error) { return testkit.Square(ctx, n) }).Each(oddity{}).Restart(retry.Policy{})
		_, err = testkit.Count(3, nil).Via(odd).To(testkit.Patient(t), testkit.Collect)
		require.ErrorIs(t, err, testkit.ErrRefused)
		require.NotPanics(t, func() { _ = err.Error() })
	})
}

func TestAWorkerThatFailsToOpenIsOpenedAgainAsItsPolicySays(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		var tries atomic.Int64
		began := time.Now()
		stage := testkit.Dialled(&crew, func(context.Context, string) error {
			if tries.Add(1) < 3 {
				return testkit.ErrRefused
			}
			return nil
		}, testkit.Square, "a").Restart(retry.Fixed(time.Second).Attempts(3))
		run := testkit.Count(10, nil).Via(stage).Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 10)
		require.Equal(t, 2*time.Second, time.Since(began))
		require.Equal(t, int64(3), tries.Load())
		require.Empty(t, run.Stats().Lost)
		crew.RequireClosed(t)
	})
}

func TestAWorkerThatCannotBeOpenedAnewAfterAPanicIsLost(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		var tries atomic.Int64
		stage := testkit.Dialled(&crew, func(context.Context, string) error {
			if tries.Add(1) > 1 {
				return testkit.ErrRefused
			}
			return nil
		}, func(_ context.Context, n int) (int, error) {
			if n == 5 {
				panic("five")
			}
			return n, nil
		}, "a").Restart(retry.Policy{})
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(10_000, nil).Via(stage).Ordered())
		outs, failed := testkit.Split(all)
		require.Equal(t, testkit.UpTo(5), outs)
		require.NotEmpty(t, failed)
		var panicked *vimap.PanicError
		require.ErrorAs(t, failed[0].Err, &panicked)
		require.Equal(t, 5, failed[0].In)
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		require.ErrorIs(t, run.Err(), testkit.ErrRefused)
		testkit.RequireAddsUp(t, run.Stats())
		crew.RequireClosed(t)
	})
}

func TestAWorkerThatIsSlowToOpenIsNotWaitedFor(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := testkit.Dialled(&crew, func(ctx context.Context, config string) error {
			if config == "slow" {
				_, err := testkit.Sleepy(time.Hour)(ctx, 0)
				return err
			}
			return nil
		}, testkit.Square, "a", "slow")
		began := time.Now()
		outs, err := testkit.Count(1_000, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 1_000)
		require.Less(t, time.Since(began), time.Second, "its opening is interrupted when nothing is left to do")
		crew.RequireClosed(t)
	})
}

func TestAnOpeningThatWaitsForItsRestartIsNotWaitedForEither(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := testkit.Dialled(&crew, func(_ context.Context, config string) error {
			if config == "bad" {
				return testkit.ErrRefused
			}
			return nil
		}, testkit.Square, "a", "bad").Restart(retry.Fixed(time.Hour).Attempts(5))
		began := time.Now()
		run := testkit.Count(1_000, nil).Via(stage).Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 1_000)
		require.Less(t, time.Since(began), time.Second)
		crew.RequireClosed(t)
	})
}

func TestWhatIsInFlightWhenNoWorkerIsLeftHasAFate(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			p := testkit.Count(testkit.Endless, nil).Via(vimap.Func(testkit.Jitter).Workers(3)).Via(testkit.Dialled(new(testkit.Crew), func(ctx context.Context, _ string) error {
				_, _ = testkit.Sleepy(time.Second)(ctx, 0)
				return testkit.ErrRefused
			}, testkit.Square, "a", "b").Restart(retry.Policy{}))
			if ordered {
				p = p.Ordered()
			}
			all, run := testkit.Outcomes(testkit.Patient(t), p)
			outs, _ := testkit.Split(all)
			require.Empty(t, outs)
			require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
			stats := run.Stats()
			testkit.RequireAddsUp(t, stats)
			require.Equal(t, int64(len(all)), stats.Failed)
			require.Zero(t, stats.Delivered)
		}
	})
}
