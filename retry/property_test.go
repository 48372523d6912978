package retry_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/retry"
)

// each calls f with 2,000 policies of every magnitude of waits, from none to
// the longest Duration, the same ones in every run.
func each(f func(first, most time.Duration, share float64)) {
	random := rand.New(rand.NewPCG(1, 2))
	edges := []time.Duration{0, 1, 2, ms, 1<<53 + 3, forever / 2, forever - 1, forever}
	for _, first := range edges {
		for _, most := range edges {
			for _, share := range []float64{0, math.SmallestNonzeroFloat64, 0.5, math.Nextafter(1, 0), 1} {
				if first <= most {
					f(first, most, share)
				}
			}
		}
	}
	for range 2000 {
		most := time.Duration(random.Int64() >> random.IntN(63))
		first := time.Duration(float64(most) * 0.9 * random.Float64())
		f(first, most, random.Float64())
	}
}

// attempts are those whose waits are worth a look, around every power of two
// that a Duration or a shift count could overflow at.
var attempts = []int{1, 2, 3, 4, 5, 10, 31, 32, 33, 52, 53, 54, 62, 63, 64, 65, 127, 128, 129, 256, 257, 1000, math.MaxInt - 1}

func next(t *testing.T, p retry.Policy, attempt int) time.Duration {
	t.Helper()
	wait, again := p.Attempts(math.MaxInt).Next(attempt, 0, errDown)
	require.True(t, again)
	return wait
}

func TestWaitsNeverExceedTheLongestNorFallBelowZero(t *testing.T) {
	t.Parallel()
	each(func(first, most time.Duration, share float64) {
		for _, attempt := range attempts {
			wait := next(t, retry.Exponential(first, most).Jitter(share), attempt)
			if wait < 0 || wait > most {
				require.Failf(t, "out of range", "wait %d of Exponential(%d, %d).Jitter(%v) is %d", attempt, first, most, share, wait)
			}
		}
	})
}

func TestWaitsWithoutJitterNeverShrinkAndEndAtTheLongest(t *testing.T) {
	t.Parallel()
	each(func(first, most time.Duration, _ float64) {
		p, last := retry.Exponential(first, most).Jitter(0), time.Duration(0)
		for _, attempt := range attempts {
			wait := next(t, p, attempt)
			if wait < last {
				require.Failf(t, "shrinks", "wait %d of Exponential(%d, %d) is %d after %d", attempt, first, most, wait, last)
			}
			last = wait
		}
		if first > 0 && last != most {
			require.Failf(t, "ends early", "the last wait of Exponential(%d, %d) is %d", first, most, last)
		}
	})
}

func TestAttempt1000DoesNotOverflow(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Minute, next(t, retry.Exponential(1, time.Minute).Jitter(0), 1000))
	require.Equal(t, forever, next(t, retry.Exponential(1, forever).Jitter(0), 1000))
}

func TestJitterDrawsFromTheWholeShareAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy retry.Policy
		least  time.Duration
	}{
		"half by default":              {retry.Exponential(time.Second, time.Minute), 500 * ms},
		"half of a fixed wait":         {retry.Fixed(time.Second).Jitter(0.5), 500 * ms},
		"full jitter draws from all":   {retry.Fixed(time.Second).Jitter(1), 0},
		"a tenth draws from a tenth":   {retry.Fixed(time.Second).Jitter(0.1), 900 * ms},
		"none draws nothing":           {retry.Exponential(time.Second, time.Minute).Jitter(0), time.Second},
		"a fixed wait has none at all": {retry.Fixed(time.Second), time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// That each tenth stays empty in 10,000 draws has odds of 1 in 10^457.
			var tenths [10]int
			for range 10_000 {
				wait := next(t, test.policy, 1)
				if wait < test.least || wait > time.Second {
					require.Failf(t, "out of range", "%v is not in [%v, 1s]", wait, test.least)
				}
				if spread := time.Second - test.least; spread > 0 {
					tenths[min(9, 10*(wait-test.least)/spread)]++
				}
			}
			if test.least == time.Second {
				return
			}
			for tenth, draws := range tenths {
				require.InDelta(t, 1000, draws, 300, "draws in tenth %d", tenth) // ten standard deviations
			}
		})
	}
}

func TestTheDrawnWaitCountsForWithin(t *testing.T) {
	t.Parallel()
	p := retry.Fixed(time.Second).Jitter(1).Within(500 * ms)
	var allowed int
	for range 10_000 {
		wait, again := p.Next(1, 0, errDown)
		require.LessOrEqual(t, wait, 500*ms)
		if again {
			allowed++
		}
	}
	require.InDelta(t, 5000, allowed, 500) // ten standard deviations
}
