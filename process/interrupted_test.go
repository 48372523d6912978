package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/vimaptest"
)

// The context of an input may end before its child begins it, and while it is
// written.
func TestATimeThatIsOverAtOnceCostsNoChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	for _, limit := range []time.Duration{1, 10 * time.Microsecond, 30 * time.Microsecond, 100 * time.Microsecond} {
		t.Run(limit.String(), func(t *testing.T) {
			stage := moody.Children(silent).KeyBy(func(string) int { return 1 }).Timeout(limit)
			ins := make([]string, 50)
			for i := range ins {
				ins[i] = "x"
			}
			all, run := outcomes(t, stage, ins...)
			for _, result := range all {
				if result.Err != nil {
					require.ErrorIs(t, result.Err, context.DeadlineExceeded)
				}
			}
			require.Zero(t, run.Stats().Restarts)
		})
	}
}

func TestACancelledCallOfAPoolCostsNoChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	pool := vimap.NewPool(patient(t), moody.Children(silent))
	first, err := pool.Do(patient(t), "pid")
	require.NoError(t, err)
	for i := range 100 {
		ctx, cancel := context.WithCancelCause(patient(t))
		stop := time.AfterFunc(time.Duration(i)*time.Microsecond, func() { cancel(errServer) })
		if _, err := pool.Do(ctx, "wait"); err != nil {
			require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, errServer), "of the child's context, or before it began: %v", err)
		}
		stop.Stop()
		cancel(nil)
	}
	last, err := pool.Do(patient(t), "pid")
	require.NoError(t, err)
	require.Equal(t, first, last)
	require.NoError(t, pool.Close())
}
