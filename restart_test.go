package vimap_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// brittle is a stage of workers that take a second for an input and are lost
// by those for which breaks is true.
func brittle(crew *crew, breaks func(int) bool) vimap.Stage[int, int] {
	return crew.stage(1, func(ctx context.Context, n int) (int, error) {
		_, err := sleepy(time.Second)(ctx, n)
		if err == nil && breaks(n) {
			err = vimap.Lost(errRefused)
		}
		return n, err
	}).Named("brittle")
}

func TestAWorkerIsGivenUpThatIsRestartedTooOftenWithinASpan(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := brittle(&crew, func(n int) bool { return n >= 100 }).RestartLimit(3, time.Minute)
		all, run := outcomes(patient(t), count(1000, nil).Via(stage).Ordered())
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		var limit *vimap.RestartLimitError
		require.ErrorAs(t, run.Err(), &limit)
		require.Equal(t, 3, limit.Limit)
		require.Equal(t, time.Minute, limit.Within)
		require.ErrorIs(t, limit, errRefused)
		require.EqualError(t, run.Err(), `vimap: stage "brittle": no worker left: vimap: stage "brittle": worker 0: restart: more than 3 restarts within 1m0s: connection refused`)
		outs, failed := split(all)
		require.Len(t, outs, 100)
		require.Len(t, failed, 4, "the worker did them, though it was lost each time")
		require.Equal(t, int64(3), run.Stats().Restarts)
		require.Equal(t, int64(4), crew.opened.Load())
		crew.requireClosed(t)
		requireAddsUp(t, run.Stats())
	})
}

func TestAWorkerThatIsRestartedNowAndThenGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		stage := brittle(&crew, multipleOf(30)).RestartLimit(3, time.Minute) // two or three a minute
		all, run := outcomes(patient(t), count(300, nil).Via(stage))
		require.NoError(t, run.Err())
		require.Len(t, all, 300)
		require.Equal(t, int64(10), run.Stats().Restarts)
		crew.requireClosed(t)
	})
}

func TestTheLimitOfRestartsHoldsForOpeningsAndStuckWorkersToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opened := 0
		stage := vimap.Open(func(context.Context) (int, error) { opened++; return 0, errRefused }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
			Restart(retry.Fixed(time.Second).Attempts(100)).RestartLimit(5, time.Hour)
		run := count(10, nil).Via(stage).Start(patient(t))
		_, err := collect(run)
		require.ErrorIs(t, err, vimap.ErrNoWorkers)
		require.ErrorIs(t, err, errRefused)
		require.Equal(t, 6, opened)
		require.Zero(t, run.Stats().Read)

		hang := vimap.Func(func(context.Context, int) (int, error) { deaf(time.Minute); return 0, nil }).Timeout(time.Second).RestartLimit(2, time.Hour)
		run = count(10, nil).Via(hang).Start(patient(t))
		seen := 0
		for result := range run.Results() {
			seen++
			require.ErrorIs(t, result.Err, context.DeadlineExceeded)
		}
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		require.LessOrEqual(t, seen, 3)
		requireAddsUp(t, run.Stats())
		time.Sleep(time.Hour) // in which those that hang come back
	})
}

func TestOneWorkerBeyondItsLimitLeavesTheWorkToTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stage := vimap.OpenWith(func(_ context.Context, config string) (string, error) { return config, nil }).
			Do(func(config string, ctx context.Context, n int) (int, error) {
				if config == "bad" {
					return 0, vimap.Lost(errRefused)
				}
				return sleepy(time.Second)(ctx, n)
			}).Each("bad", "good").Retry(retry.Fixed(0).Attempts(100)).RestartLimit(10, time.Hour)
		run := count(100, nil).Via(stage).Start(patient(t))
		outs, err := collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 100)
		require.Len(t, run.Stats().Lost, 1)
		require.ErrorIs(t, run.Stats().Lost[0], errRefused)
	})
}
