package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// line is a connection that is cut by every input that bad knows.
type line struct{ cut bool }

func TestAWorkerThatDoLosesIsClosedAndOpenedAnewAndItsInputTriedAgain(t *testing.T) {
	for name, workers := range map[string]int{"alone": 1, "among others": 3} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var opened, closed atomic.Int64
				tried := map[int]int{}
				stage := vimap.Open(func(context.Context) (*line, error) { opened.Add(1); return new(line), nil }).
					Close(func(*line) error { closed.Add(1); return nil }).
					Do(func(l *line, _ context.Context, n int) (int, error) {
						require.False(t, l.cut, "a lost worker got a further input")
						if tried[n]++; n%50 == 7 && tried[n] == 1 {
							l.cut = true
							return 0, vimap.Lost(testkit.ErrRefused)
						}
						return n, nil
					}).Retry(retry.Fixed(0).Attempts(2)).Restart(retry.Policy{})
				if workers > 1 {
					stage = stage.KeyBy(func(int) int { return 0 }) // one at a time: the counters need no lock
				}
				run := testkit.Count(500, nil).Via(stage.Workers(workers)).Start(testkit.Patient(t))
				var outs []int
				for _, out := range run.Zip() {
					outs = append(outs, out)
				}
				require.NoError(t, run.Err())
				slices.Sort(outs)
				require.Equal(t, testkit.UpTo(500), outs)
				// The last may be tried again by another before its worker is back.
				require.Contains(t, []int64{9, 10}, run.Stats().Restarts)
				require.Equal(t, int64(workers)+run.Stats().Restarts, opened.Load())
				require.Equal(t, opened.Load(), closed.Load())
			})
		})
	}
}

func TestAnInputThatLosesItsWorkerAndIsNotTriedAgainFailsByItsError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return 0, vimap.Lost(testkit.ErrRefused) })
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(5, nil).Via(stage))
		require.NoError(t, run.Err())
		require.Len(t, all, 5)
		for _, result := range all {
			require.ErrorIs(t, result.Err, testkit.ErrRefused)
		}
	})
	require.NoError(t, vimap.Lost(nil))
	require.Equal(t, "x", vimap.Lost(errors.New("x")).Error())
}
