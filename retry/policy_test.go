package retry_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/retry"
)

const (
	ms      = time.Millisecond
	forever = time.Duration(math.MaxInt64)
)

var errDown = errors.New("server down")

// waits runs the policy over attempts that all fail with errDown and take no
// time, and returns the waits it asked for, at most 20.
func waits(p retry.Policy) (all []time.Duration) {
	var elapsed time.Duration
	for attempt := 1; attempt <= 20; attempt++ {
		wait, again := p.Next(attempt, elapsed, errDown)
		if !again {
			break
		}
		all = append(all, wait)
		elapsed += wait
	}
	return all
}

func TestWaits(t *testing.T) {
	t.Parallel()
	plain := retry.Exponential(10*ms, 50*ms).Jitter(0)
	for name, test := range map[string]struct {
		policy retry.Policy
		want   []time.Duration
	}{
		"the zero policy never retries":                 {retry.Policy{}, nil},
		"the zero policy with attempts retries at once": {retry.Policy{}.Attempts(3), []time.Duration{0, 0}},
		"three attempts are the default":                {plain, []time.Duration{10 * ms, 20 * ms}},
		"waits double up to the longest":                {plain.Attempts(6), []time.Duration{10 * ms, 20 * ms, 40 * ms, 50 * ms, 50 * ms}},
		"a doubling that just fits is taken":            {retry.Exponential(1, 3).Jitter(0).Attempts(4), []time.Duration{1, 2, 3}},
		"one attempt is no retry":                       {plain.Attempts(1), nil},
		"a later Attempts replaces the earlier":         {plain.Attempts(9).Attempts(2), []time.Duration{10 * ms}},
		"first may equal the longest":                   {retry.Exponential(ms, ms).Jitter(0), []time.Duration{ms, ms}},
		"an exponential of nothing is nothing":          {retry.Exponential(0, time.Hour), []time.Duration{0, 0}},
		"a fixed wait stays":                            {retry.Fixed(7 * ms).Attempts(4), []time.Duration{7 * ms, 7 * ms, 7 * ms}},
		"a fixed wait of 0 retries at once":             {retry.Fixed(0), []time.Duration{0, 0}},
		"an attempt may start at the limit itself":      {plain.Within(30 * ms), []time.Duration{10 * ms, 20 * ms}},
		"a wait beyond the limit is not shortened":      {plain.Within(29 * ms), []time.Duration{10 * ms}},
		"a limit of 0 is none":                          {plain.Within(ms).Within(0), []time.Duration{10 * ms, 20 * ms}},
		"a later Within replaces the earlier":           {plain.Within(ms).Within(10 * ms), []time.Duration{10 * ms}},
		"a limit below the first wait allows no retry":  {plain.Within(ms), nil},
		"a later Jitter replaces the earlier":           {retry.Fixed(ms).Jitter(1).Jitter(0), []time.Duration{ms, ms}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, waits(test.policy))
		})
	}
}

func TestMathMaxIntIsNoLimitOfAttempts(t *testing.T) {
	t.Parallel()
	_, again := retry.Fixed(ms).Attempts(math.MaxInt).Next(math.MaxInt-1, 0, errDown)
	require.True(t, again)
}

func TestTheTimeThatWorkTookCountsForWithin(t *testing.T) {
	t.Parallel()
	p := retry.Fixed(10 * ms).Within(time.Second)
	for elapsed, want := range map[time.Duration]bool{
		-forever:  true, // a clock set back
		0:         true,
		990 * ms:  true,
		991 * ms:  false,
		time.Hour: false,
		forever:   false,
	} {
		_, again := p.Next(1, elapsed, errDown)
		require.Equal(t, want, again, "elapsed %v", elapsed)
	}
}

func TestWhichErrorsAreRetried(t *testing.T) {
	t.Parallel()
	down := func(err error) bool { return errors.Is(err, errDown) }
	all, none := func(error) bool { return true }, func(error) bool { return false }
	p := retry.Fixed(ms)
	for name, test := range map[string]struct {
		policy retry.Policy
		err    error
		want   bool
	}{
		"any error without a condition":         {p, errDown, true},
		"a cancellation like any other":         {p, context.Canceled, true},
		"a deadline like any other":             {p, context.DeadlineExceeded, true},
		"no error is no failure":                {p, nil, false},
		"one the condition is true for":         {p.If(down), errDown, true},
		"a wrapped one too":                     {p.If(down), fmt.Errorf("post: %w", errDown), true},
		"none the condition is false for":       {p.If(down), errors.New("bad request"), false},
		"a later condition replaces an earlier": {p.If(none).If(all), errDown, true},
		"and in the other order":                {p.If(all).If(none), errDown, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, again := test.policy.Next(1, 0, test.err)
			require.Equal(t, test.want, again)
		})
	}
}

func TestTheConditionIsAskedOnceForEachAttemptButTheLast(t *testing.T) {
	t.Parallel()
	var asked []error
	p := retry.Fixed(0).If(func(err error) bool { asked = append(asked, err); return true })
	wrapped := retry.After(errDown, ms)
	for attempt := 1; attempt <= 3; attempt++ {
		p.Next(attempt, 0, wrapped)
	}
	p.Next(1, 0, nil)
	p.Next(1, 0, retry.Permanent(errDown))
	require.Equal(t, []error{wrapped, wrapped}, asked)
}

// same says whether two policies are equal as a user's == finds them.
func same(a, b retry.Policy) bool { return a == b }

func TestMethodsLeaveTheirReceiverAsItWas(t *testing.T) {
	t.Parallel()
	p := retry.Exponential(ms, time.Second)
	before := p
	p.Attempts(9)
	p.If(func(error) bool { return false })
	p.Jitter(1)
	p.Within(time.Hour)
	require.True(t, same(before, p))
}

func TestPoliciesMadeFromTheSameValuesAreEqual(t *testing.T) {
	t.Parallel()
	policy := func() retry.Policy {
		return retry.Exponential(ms, time.Second).Attempts(9).Jitter(1).Within(time.Hour)
	}
	require.True(t, same(policy(), policy()))
	require.True(t, same(retry.Policy{}, retry.Fixed(0).Attempts(1)))
	require.False(t, same(policy(), policy().Attempts(8)))

	conditional := policy().If(func(error) bool { return true })
	kept := conditional
	require.True(t, same(conditional, kept))
	require.False(t, same(conditional, policy()))
}
