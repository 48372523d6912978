package vimap_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

func TestTakeOfNoneWaitsForNoOpening(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Open(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}).Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil })
		began := time.Now()
		for _, p := range []vimap.Pipeline[int, int]{
			testkit.Count(10, nil).Take(0).Via(stage),
			testkit.Count(10, nil).Via(stage).Take(0),
		} {
			outs, err := p.To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Empty(t, outs)
			require.Zero(t, time.Since(began))
		}
	})
}
