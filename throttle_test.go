package vimap_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// waits is a limiter.
type waits func() error

func (w waits) Wait(context.Context) error { return w() }

func TestThrottleLetsItemsPassAsItsLimiterSays(t *testing.T) {
	for _, serial := range []bool{false, true} {
		testkit.Bubble(t, func(t *testing.T) {
			ctx := testkit.Patient(t)
			if serial {
				ctx = vimaptest.Serial(ctx)
			}
			began := time.Now()
			var at []time.Duration
			limiter := rate.NewLimiter(rate.Every(time.Second), 2)
			for range testkit.Count(5, nil).Throttle(limiter).Via(vimap.Func(testkit.Same).Workers(4)).Ordered().Start(ctx).Zip() {
				at = append(at, time.Since(began))
			}
			require.Equal(t, []time.Duration{0, 0, time.Second, 2 * time.Second, 3 * time.Second}, at)
		})
	}
}

func TestTheEndOfTheContextEndsTheWaitOfAThrottle(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, serial := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			if serial {
				ctx = vimaptest.Serial(ctx)
			}
			began := time.Now()
			outs, err := testkit.Count(100, nil).Throttle(rate.NewLimiter(rate.Every(time.Second), 1)).To(ctx, testkit.Collect)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var item *vimap.ItemError
			require.NotErrorAs(t, err, &item, "the wait that was cut short is no failure")
			require.Len(t, outs, 3)
			require.Equal(t, 2500*time.Millisecond, time.Since(began))
			cancel()
		}
		all, run := testkit.Outcomes(t.Context(), testkit.Count(2, nil).Throttle(rate.NewLimiter(1, 0)))
		require.NoError(t, run.Err())
		require.ErrorContains(t, all[0].Err, `vimap: stage "throttle": item 0: rate: Wait(n=1) exceeds limiter's burst 0`)
	})
}

func TestSampleKeepsTheSameShareInEveryRun(t *testing.T) {
	rerun.Share(t, 12)
	testkit.Quiet(t)
	const n = 6_000
	p := testkit.Count(n, nil).Via(vimap.Func(testkit.Same).Workers(4))
	keep := func(ctx context.Context, p vimap.Pipeline[int, int]) []int {
		outs, err := p.To(ctx, testkit.Collect)
		require.NoError(t, err)
		slices.Sort(outs)
		return outs
	}
	for _, share := range []float64{0.001, 0.1, 0.5, 0.9, 1} {
		first := keep(t.Context(), p.Sample(share, 1))
		require.InDelta(t, share*n, len(first), 250)
		require.Equal(t, first, keep(t.Context(), p.Sample(share, 1).Ordered()))
		require.Equal(t, first, keep(vimaptest.Serial(t.Context()), p.Sample(share, 1)))
		both := keep(t.Context(), p.Sample(share, 1).Sample(share, 2))
		require.InDelta(t, share*share*n, len(both), 250)
	}
	twice := func(v int) iter.Seq[int] { return slices.Values([]int{v, v}) }
	outs := keep(t.Context(), p.FlatMap(twice).Sample(0.5, 3))
	for i := 0; i < len(outs); i += 2 {
		require.Equal(t, outs[i], outs[i+1])
	}
}
