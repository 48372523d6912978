package vimap

import "fmt"

// tolerance says how many failures a run bears. The zero value bears none.
type tolerance struct {
	isSet bool
	items int64   // -1: any number
	share float64 // of the outcomes; 0: no bound
}

// shareFrom is how many outcomes TolerateShare waits for: before, a share of
// them says little.
const shareFrom = 100

// Tolerate has a run go on over up to n failed items: Zip, and the sinks that
// range over it, pass them over, and [Stats] counts them. The failure after
// these ends the run with a [TooManyFailuresError], which has the first. n must
// not be negative; it replaces an earlier one. Results yields every failure
// and is not bounded by it. What failed is seen by [Pipeline.DeadLetters].
func (p Pipeline[In, Out]) Tolerate(n int) Pipeline[In, Out] {
	notNil(p.compile == nil, "Tolerate", "the source")
	if n < 0 {
		panic(fmt.Sprintf("vimap: Tolerate: n must not be negative, got %d", n))
	}
	p.tolerance.isSet, p.tolerance.items, p.bare = true, int64(n), nil
	return p
}

// TolerateShare is [Pipeline.Tolerate] for a share of the outcomes, above 0 and
// at most 1: the run ends when more than that have failed. It is looked at from
// the hundredth outcome on, and at the end whatever their number. With Tolerate
// beside it, both bounds hold; without, any number may fail.
func (p Pipeline[In, Out]) TolerateShare(share float64) Pipeline[In, Out] {
	notNil(p.compile == nil, "TolerateShare", "the source")
	if !(share > 0 && share <= 1) { // so that NaN is refused too
		panic(fmt.Sprintf("vimap: TolerateShare: share must be above 0 and at most 1, got %v", share))
	}
	if !p.tolerance.isSet {
		p.tolerance.items = -1
	}
	p.tolerance.isSet, p.tolerance.share, p.bare = true, share, nil
	return p
}

// TooManyFailuresError ends a run in which more items failed than
// [Pipeline.Tolerate] or [Pipeline.TolerateShare] allows.
type TooManyFailuresError struct {
	Failed   int64   // items, up to this end
	Outcomes int64   // items that failed or were delivered
	Most     int64   // that Tolerate allows; -1 if it was not the bound
	Share    float64 // that TolerateShare allows; 0 if it was not the bound
	First    error   // the first failure, as an *[ItemError]
}

// Error names the numbers and the first failure.
func (e *TooManyFailuresError) Error() string {
	if e.Share > 0 {
		return fmt.Sprintf("vimap: %d of %d items failed, a share of %v is tolerated; the first: %v", e.Failed, e.Outcomes, e.Share, e.First)
	}
	return fmt.Sprintf("vimap: %d items failed, %d are tolerated; the first: %v", e.Failed, e.Most, e.First)
}

// Unwrap returns First.
func (e *TooManyFailuresError) Unwrap() error { return e.First }

// exceeded returns the error of a run with these outcomes, if it is one.
func (t tolerance) exceeded(failed, outcomes int64, first error) error {
	switch {
	case t.items >= 0 && failed > t.items:
		return &TooManyFailuresError{failed, outcomes, t.items, 0, first}
	case t.share > 0 && float64(failed) > t.share*float64(outcomes):
		return &TooManyFailuresError{failed, outcomes, -1, t.share, first}
	}
	return nil
}

// bear takes a failed item in a loop that yields outputs only. It reports
// whether the run goes on.
func (r *Run[In, Out]) bear(in In, err *ItemError) bool {
	posted := r.letters.takes()
	if !r.post(in, err) {
		return false
	}
	t := r.pipeline.tolerance
	if !t.isSet {
		if posted {
			return true
		}
		r.untold = !r.breakOff(err)
		return false
	}
	if r.first == nil {
		r.first = err
	}
	delivered, failed := r.outlet.Counts()
	failed++ // this one is not freed yet
	if delivered+failed < shareFrom {
		t.share = 0
	}
	if end := t.exceeded(failed, delivered+failed, r.first); end != nil {
		if posted && r.settle != nil { // it has its fate, whatever the loop does with what came before it
			r.settle()
		}
		r.untold = !r.breakOff(end) && !posted
		return false
	}
	return true
}

// breakOff ends the run by an error, when the loop has what came before it. It
// reports whether the error is the run's.
func (r *Run[In, Out]) breakOff(err error) bool {
	if r.flush != nil && !r.flush() {
		return false // the loop was left with that
	}
	return r.engine.Fail(err)
}

// borne looks at the share of failures when all outcomes are known.
func (r *Run[In, Out]) borne() {
	if r.first == nil {
		return
	}
	delivered, failed := r.outlet.Counts()
	if end := r.pipeline.tolerance.exceeded(failed, delivered+failed, r.first); end != nil {
		r.engine.Fail(end)
	}
}
