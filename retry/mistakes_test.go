package retry_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/retry"
)

func TestMistakesPanicWithRuleAndValue(t *testing.T) {
	t.Parallel()
	var p retry.Policy
	for want, mistake := range map[string]func(){
		"retry: Exponential: first must not be negative, got -1s":         func() { retry.Exponential(-time.Second, time.Second) },
		"retry: Exponential: most must be at least first (1s), got 1ms":   func() { retry.Exponential(time.Second, ms) },
		"retry: Exponential: most must be at least first (1s), got -1s":   func() { retry.Exponential(time.Second, -time.Second) },
		"retry: Fixed: wait must not be negative, got -1ns":               func() { retry.Fixed(-1) },
		"retry: Attempts: n must be at least 1, got 0":                    func() { p.Attempts(0) },
		"retry: Attempts: n must be at least 1, got -9223372036854775808": func() { p.Attempts(math.MinInt) },
		"retry: If: condition must not be nil":                            func() { p.If(nil) },
		"retry: Jitter: share must be between 0 and 1, got -0.1":          func() { p.Jitter(-0.1) },
		"retry: Jitter: share must be between 0 and 1, got 50":            func() { p.Jitter(50) },
		"retry: Jitter: share must be between 0 and 1, got NaN":           func() { p.Jitter(math.NaN()) },
		"retry: Within: d must not be negative, got -1m0s":                func() { p.Within(-time.Minute) },
		"retry: Next: attempt must be at least 1, got 0":                  func() { p.Next(0, 0, errDown) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			require.PanicsWithValue(t, want, mistake)
		})
	}
}

func TestAPanicOfTheConditionIsLetThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken condition")
	p := retry.Fixed(ms).If(func(error) bool { panic(broken) })
	require.PanicsWithError(t, broken.Error(), func() { p.Next(1, 0, errDown) })
}
