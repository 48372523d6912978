package retry

import "time"

// Permanent marks err as one that no further attempt can mend: whatever the
// policy, [Policy.Next] then allows none. The result has the text of err and
// unwraps to it. Permanent of a nil error is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// After sets the wait before the next attempt to d, as a server's Retry-After
// does. It replaces the policy's own wait for this one time: d is not cut to
// the policy's longest and not jittered. It grants no attempt that the policy
// would not have made, and if d ends after [Policy.Within] there is none; a
// policy for work that passes on what a server says should set that limit.
//
// The result has the text of err and unwraps to it. Of several nested Afters
// the outermost counts. After of a nil error is nil.
//
// A negative d counts as 0, so that time.Until(date) fits as it is: d comes from
// the world, and a date may have passed.
func After(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &afterError{err, max(0, d)}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

type afterError struct {
	err  error
	wait time.Duration
}

func (e *afterError) Error() string { return e.err.Error() }
func (e *afterError) Unwrap() error { return e.err }
