package retry_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/retry"
)

func TestMarkedErrors(t *testing.T) {
	t.Parallel()
	const refused = time.Duration(-1) // no further attempt
	p := retry.Exponential(ms, 10*ms).Jitter(1)
	for name, test := range map[string]struct {
		policy retry.Policy
		err    error
		want   time.Duration
	}{
		"a permanent error is not retried":             {p, retry.Permanent(errDown), refused},
		"nor is one that wraps it":                     {p, fmt.Errorf("post: %w", retry.Permanent(errDown)), refused},
		"nor one that it is joined to":                 {p, errors.Join(errDown, retry.Permanent(errDown)), refused},
		"permanent wins over After outside":            {p, retry.After(retry.Permanent(errDown), ms), refused},
		"permanent wins over After inside":             {p, retry.Permanent(retry.After(errDown, ms)), refused},
		"permanent wins over the condition":            {p.If(func(error) bool { return true }), retry.Permanent(errDown), refused},
		"After sets a longer wait than the longest":    {p, retry.After(errDown, time.Hour), time.Hour},
		"After sets a shorter wait than the first":     {p, retry.After(errDown, 3), 3},
		"a negative After retries at once":             {p, retry.After(errDown, -time.Second), 0},
		"After 0 retries at once":                      {p, retry.After(errDown, 0), 0},
		"After is found in an error that wraps it":     {p, fmt.Errorf("post: %w", retry.After(errDown, time.Hour)), time.Hour},
		"After is found in one that it is joined to":   {p, errors.Join(errDown, retry.After(errDown, time.Hour)), time.Hour},
		"the outermost After counts":                   {p, retry.After(retry.After(errDown, 1), 2), 2},
		"After up to the limit is waited for":          {p.Within(time.Minute), retry.After(errDown, time.Minute), time.Minute},
		"After beyond the limit is refused":            {p.Within(time.Minute), retry.After(errDown, time.Minute+1), refused},
		"the longest After does not overflow":          {p.Within(time.Minute), retry.After(errDown, forever), refused},
		"the longest After is allowed without a limit": {p, retry.After(errDown, forever), forever},
		"After grants no attempt":                      {p.Attempts(1), retry.After(errDown, ms), refused},
		"After grants the zero policy no attempt":      {retry.Policy{}, retry.After(errDown, ms), refused},
		"After does not overrule the condition":        {p.If(func(error) bool { return false }), retry.After(errDown, ms), refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait, again := test.policy.Next(1, 0, test.err)
			if test.want == refused {
				require.False(t, again)
				require.Zero(t, wait)
				return
			}
			require.True(t, again)
			require.Equal(t, test.want, wait)
		})
	}
}

func TestAMarkedErrorIsTheErrorItMarks(t *testing.T) {
	t.Parallel()
	inner := &fs.PathError{Op: "open", Path: "requests.jsonl", Err: fs.ErrNotExist}
	for name, err := range map[string]error{
		"permanent": retry.Permanent(inner),
		"after":     retry.After(inner, ms),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, inner.Error(), err.Error())
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.Same(t, inner, errors.Unwrap(err))
		})
	}
}

func TestMarkingNoErrorGivesNone(t *testing.T) {
	t.Parallel()
	require.NoError(t, retry.Permanent(nil))
	require.NoError(t, retry.After(nil, time.Second))
}
