package retry

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Policy says whether a failed attempt is followed by another, and after what
// wait. It is made by [Exponential] or [Fixed].
//
// A Policy is an immutable value: its methods return changed copies, and any
// number of goroutines may use it. The zero Policy never retries; it is equal
// to Fixed(0).Attempts(1). Two policies are equal (==) when they were made
// from the same values; one with a condition is equal only to its own copies.
type Policy struct {
	retries   int               // attempts after the first
	first     time.Duration     // the wait after the first attempt
	most      time.Duration     // no wait is longer; at least first
	share     float64           // of a wait that jitter may take away
	limit     time.Duration     // latest start of an attempt; 0: none
	condition *func(error) bool // nil: every error; a pointer keeps Policy comparable
}

// defaultAttempts is what a Policy has before Attempts sets it.
const defaultAttempts = 3

// Exponential returns a policy of 3 attempts whose waits double: first, then
// 2·first, 4·first and so on, but never more than most. [Policy.Jitter] is 0.5,
// so that a wait is between half of that and all of it.
//
// A first of 0 makes every wait 0. Exponential panics if first is negative or
// most is less than first.
func Exponential(first, most time.Duration) Policy {
	notNegative("Exponential", "first", first)
	if most < first {
		panic(fmt.Sprintf("retry: Exponential: most must be at least first (%v), got %v", first, most))
	}
	return Policy{retries: defaultAttempts - 1, first: first, most: most, share: 0.5}
}

// Fixed returns a policy of 3 attempts with the same wait before each retry,
// without jitter. A wait of 0 retries at once.
//
// Fixed panics if wait is negative.
func Fixed(wait time.Duration) Policy {
	notNegative("Fixed", "wait", wait)
	return Policy{retries: defaultAttempts - 1, first: wait, most: wait}
}

// Attempts returns a copy that allows n attempts in all, the first included:
// Attempts(1) never retries, math.MaxInt is no limit. It replaces the 3 of
// [Exponential] and [Fixed], and what an earlier Attempts set.
//
// Attempts panics if n is less than 1.
func (p Policy) Attempts(n int) Policy {
	if n < 1 {
		panic(fmt.Sprintf("retry: Attempts: n must be at least 1, got %d", n))
	}
	p.retries = n - 1
	return p
}

// If returns a copy that retries only errors for which condition is true. It
// replaces the condition of an earlier If; without one every error is retried.
//
// The condition gets the error as the work returned it, once for each failed
// attempt that [Policy.Attempts] lets another follow, and no [Permanent] one.
// It may be called from several goroutines at once.
//
// If panics if condition is nil.
func (p Policy) If(condition func(error) bool) Policy {
	if condition == nil {
		panic("retry: If: condition must not be nil")
	}
	p.condition = &condition
	return p
}

// Jitter returns a copy that draws each wait evenly from
// [(1-share)·wait, wait], so that it is never longer than without jitter. It
// replaces the 0.5 of [Exponential] and the 0 of [Fixed], and what an earlier
// Jitter set. A share of 0 draws nothing, 1 draws from all of [0, wait].
//
// Jitter panics if share is not between 0 and 1.
func (p Policy) Jitter(share float64) Policy {
	if !(share >= 0 && share <= 1) { // so that NaN is refused too
		panic(fmt.Sprintf("retry: Jitter: share must be between 0 and 1, got %v", share))
	}
	p.share = share
	return p
}

// Within returns a copy that starts no attempt later than d after the first
// one began. A wait that would end later is not shortened: there is no further
// attempt. It bounds when attempts start, not how long one takes. It replaces
// what an earlier Within set; 0, the default, is no limit.
//
// Within panics if d is negative.
func (p Policy) Within(d time.Duration) Policy {
	notNegative("Within", "d", d)
	p.limit = d
	return p
}

// Next says whether there is another attempt after attempt failed with err,
// and how long to wait before it. The wait is 0 when again is false.
//
// attempt is how many attempts were made, from 1. elapsed is the time since
// the first one began; one below 0, as a clock that was set back gives, counts
// as 0. A nil err is no failure: again is false.
//
// Next panics if attempt is less than 1. It calls the condition of [Policy.If]
// and lets a panic of it through.
func (p Policy) Next(attempt int, elapsed time.Duration, err error) (wait time.Duration, again bool) {
	if attempt < 1 {
		panic(fmt.Sprintf("retry: Next: attempt must be at least 1, got %d", attempt))
	}
	if err == nil || attempt > p.retries {
		return 0, false
	}
	if _, permanent := errors.AsType[*permanentError](err); permanent {
		return 0, false
	}
	if p.condition != nil && !(*p.condition)(err) {
		return 0, false
	}
	wait = p.wait(attempt)
	if after, ok := errors.AsType[*afterError](err); ok {
		wait = after.wait
	}
	// Compared by a subtraction, since the sum of the two may overflow.
	if p.limit > 0 && wait > p.limit-max(elapsed, 0) {
		return 0, false
	}
	return wait, true
}

// wait draws the policy's own wait after the given attempt.
func (p Policy) wait(attempt int) time.Duration {
	wait := p.most
	if doublings := attempt - 1; p.first <= p.most>>doublings {
		wait = p.first << doublings
	}
	// Float64 is at most 1-2^-53, so that the product is never more than wait,
	// not even where float64(wait) was rounded up to 2^63.
	return wait - time.Duration(rand.Float64()*p.share*float64(wait))
}

// notNegative panics if the argument called name of the function rule is.
func notNegative(rule, name string, d time.Duration) {
	if d < 0 {
		panic(fmt.Sprintf("retry: %s: %s must not be negative, got %v", rule, name, d))
	}
}
