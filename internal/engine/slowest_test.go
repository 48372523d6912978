package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

// What others take from a worker that is held up is delivered while it works on,
// and its places are used again by the items behind.
func TestTheSlowestInputsAreNamedAsTheyWereRead(t *testing.T) {
	rerun.Share(t, 4)
	testkit.Quiet(t)
	named := 0
	for range 10 {
		slower := func(_ context.Context, n int) (int, error) {
			if n < 5_000 {
				return n, nil // so that chunks are large
			}
			// Each takes a little longer than all before: one of the five slowest.
			for end := time.Now().Add(time.Millisecond + time.Duration(n-5_000)*20*time.Microsecond); time.Now().Before(end); {
			}
			return n, nil
		}
		run := testkit.Count(5_060, nil).Via(vimap.Func(slower).Workers(2)).ShowInputs().Start(t.Context())
		for range run.Zip() {
		}
		require.NoError(t, run.Err())
		slowest := run.Stats().Stages[0].Slowest
		require.NotEmpty(t, slowest)
		for _, slow := range slowest {
			if slow.Index >= 0 && slow.Input != nil {
				named++
				require.EqualValues(t, slow.Input, slow.Index)
			}
		}
	}
	require.GreaterOrEqual(t, named, 10, "the last ones come one by one")
}
