package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// brittle is a stage of workers that take a second for an input and are lost
// by those for which breaks is true.
func brittle(crew *testkit.Crew, breaks func(int) bool) vimap.Stage[int, int] {
	return crew.Stage(1, func(ctx context.Context, n int) (int, error) {
		_, err := testkit.Sleepy(time.Second)(ctx, n)
		if err == nil && breaks(n) {
			err = vimap.Lost(testkit.ErrRefused)
		}
		return n, err
	}).Named("brittle")
}

func TestAWorkerIsGivenUpThatIsRestartedTooOftenWithinASpan(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := brittle(&crew, func(n int) bool { return n >= 100 }).RestartLimit(3, time.Minute)
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(1000, nil).Via(stage).Ordered())
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		var limit *vimap.RestartLimitError
		require.ErrorAs(t, run.Err(), &limit)
		require.Equal(t, 3, limit.Limit)
		require.Equal(t, time.Minute, limit.Within)
		require.ErrorIs(t, limit, testkit.ErrRefused)
		require.EqualError(t, run.Err(), `vimap: stage "brittle": no worker left: vimap: stage "brittle": worker 0: restart: more than 3 restarts within 1m0s: connection refused`)
		outs, failed := testkit.Split(all)
		require.Len(t, outs, 100)
		require.Len(t, failed, 4, "the worker did them, though it was lost each time")
		require.Equal(t, int64(3), run.Stats().Restarts)
		require.Equal(t, int64(4), crew.Opened.Load())
		crew.RequireClosed(t)
		testkit.RequireAddsUp(t, run.Stats())
	})
}

func TestAWorkerThatIsRestartedNowAndThenGoesOn(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		stage := brittle(&crew, testkit.MultipleOf(30)).RestartLimit(3, time.Minute) // two or three a minute
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(300, nil).Via(stage))
		require.NoError(t, run.Err())
		require.Len(t, all, 300)
		require.Equal(t, int64(10), run.Stats().Restarts)
		crew.RequireClosed(t)
	})
}

func TestTheLimitOfRestartsHoldsForOpeningsAndStuckWorkersToo(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		opened := 0
		stage := vimap.Open(func(context.Context) (int, error) { opened++; return 0, testkit.ErrRefused }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
			Restart(retry.Fixed(time.Second).Attempts(100)).RestartLimit(5, time.Hour)
		run := testkit.Count(10, nil).Via(stage).Start(testkit.Patient(t))
		_, err := testkit.Collect(run)
		require.ErrorIs(t, err, vimap.ErrNoWorkers)
		require.ErrorIs(t, err, testkit.ErrRefused)
		require.Equal(t, 6, opened)
		require.Zero(t, run.Stats().Read)

		hang := vimap.Func(func(context.Context, int) (int, error) { deaf(time.Minute); return 0, nil }).Timeout(time.Second).RestartLimit(2, time.Hour)
		run = testkit.Count(10, nil).Via(hang).Start(testkit.Patient(t))
		seen := 0
		for result := range run.Results() {
			seen++
			require.ErrorIs(t, result.Err, context.DeadlineExceeded)
		}
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		require.LessOrEqual(t, seen, 3)
		testkit.RequireAddsUp(t, run.Stats())
		time.Sleep(time.Hour) // in which those that hang come back
	})
}

func TestOneWorkerBeyondItsLimitLeavesTheWorkToTheOthers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.OpenWith(func(_ context.Context, config string) (string, error) { return config, nil }).
			Do(func(config string, ctx context.Context, n int) (int, error) {
				if config == "bad" {
					return 0, vimap.Lost(testkit.ErrRefused)
				}
				return testkit.Sleepy(time.Second)(ctx, n)
			}).Each("bad", "good").Retry(retry.Fixed(0).Attempts(100)).RestartLimit(10, time.Hour)
		run := testkit.Count(100, nil).Via(stage).Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 100)
		require.Len(t, run.Stats().Lost, 1)
		require.ErrorIs(t, run.Stats().Lost[0], testkit.ErrRefused)
	})
}
