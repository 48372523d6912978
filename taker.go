package vimap

import (
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

// taker is who takes the outcomes of a run, where that is more than a loop over
// each by itself: see outcomes.
type taker[In, Out any] interface {
	// take takes an outcome and reports whether there is to be another.
	take(Result[In, Out]) bool
	// lull hands over what is held back; all says that nothing may be held back
	// any longer. It reports the same.
	lull(all bool) bool
	wants() wants
}

// wants is what a taker wants of the run, as of now.
type wants struct {
	zips  bool      // a failure ends its loop, as that over Zip
	fails bool      // it takes failures, as a loop over Results
	holds int       // the last so many outputs are not handed over yet
	size  int       // it may come to hold so many
	due   time.Time // when it hands them over at the latest; zero: they don't wait for a time
}

// both is what two takers want of one run.
func (w wants) both(other wants) wants {
	if w.due.IsZero() || !other.due.IsZero() && other.due.Before(w.due) {
		w.due = other.due
	}
	return wants{
		zips: w.zips || other.zips, fails: w.fails || other.fails,
		holds: max(w.holds, other.holds), size: max(w.size, other.size), due: w.due,
	}
}

// pause returns how long to wait for a further outcome; -1 is for ever.
func (w wants) pause() time.Duration {
	if w.due.IsZero() {
		return -1
	}
	return max(0, time.Until(w.due))
}

// zipper and resulter are the bodies of loops over Zip and Results.
type (
	zipper[In, Out any]   func(In, Out) bool
	resulter[In, Out any] func(Result[In, Out]) bool
)

func (z zipper[In, Out]) take(r Result[In, Out]) bool   { return r.Err != nil || z(r.In, r.Out) }
func (z zipper[In, Out]) lull(bool) bool                { return true }
func (z zipper[In, Out]) wants() wants                  { return wants{zips: true} }
func (f resulter[In, Out]) take(r Result[In, Out]) bool { return f(r) }
func (f resulter[In, Out]) lull(bool) bool              { return true }
func (f resulter[In, Out]) wants() wants                { return wants{fails: true} }

// take gives t the outcomes of the run, or of its share in one.
func (r *Run[In, Out]) take(t taker[In, Out]) {
	if r.share != nil {
		r.share.take(t)
		return
	}
	r.outcomes(t)
}

// outcomes runs the pipeline for t. An output that t holds back is delivered
// when t hands it over.
func (r *Run[In, Out]) outcomes(t taker[In, Out]) {
	r.during(t.wants().size, func() (left bool) {
		r.flush = func() bool {
			more := t.lull(true)
			r.freeHeld(t)
			return more
		}
		var failed engine.Item[Out]
		settled := false
		r.settle = func() {
			r.outlet.Free(failed)
			settled = true
		}
		handle := func(it engine.Item[Out]) bool {
			failed, settled = it, false
			more := r.offer(t, it)
			if it.State == engine.Live {
				r.held = append(r.held, it)
			} else if !r.untold && !settled {
				r.outlet.Free(it)
			}
			r.freeHeld(t)
			return more
		}
		if r.engine.IsSerial() {
			left = r.outlet.Drive(handle)
		} else {
			left = r.eachWithin(t, handle)
		}
		if left || r.outlet.IsCut() { // what t holds then is unfinished
			return left
		}
		if !r.flush() {
			return true
		}
		if t.wants().zips {
			r.borne()
		}
		return false
	})
}

// eachWithin calls handle with each item, and has t hand over what it holds
// when none comes in time. It reports whether there was to be no more.
func (r *Run[In, Out]) eachWithin(t taker[In, Out], handle func(engine.Item[Out]) bool) (left bool) {
	pause := func() time.Duration { return t.wants().pause() }
	for {
		it, ok, late := r.outlet.NextWithin(pause)
		switch {
		case late:
			if !t.lull(false) {
				r.freeHeld(t)
				return true
			}
			r.freeHeld(t)
		case !ok:
			return false
		case !handle(it):
			return true
		}
	}
}

// offer gives an outcome to t, and to those who see failures before it.
func (r *Run[In, Out]) offer(t taker[In, Out], it engine.Item[Out]) bool {
	result := Result[In, Out]{In: r.input(it), Out: it.Val, Index: r.outlet.Index(it.Slot)}
	if it.State != engine.Failed {
		return t.take(result)
	}
	err := r.itemError(it)
	result.Err = err
	w := t.wants()
	goesOn := true
	if w.zips {
		if goesOn = r.bear(result.In, err); goesOn && !w.fails {
			r.settle() // it has its fate, and t may have what came before it handed over now
		}
	} else if !r.post(result.In, err) {
		return false
	}
	r.untold = r.untold && !w.fails
	return t.take(result) && goesOn
}

// freeHeld ends the stay of the outputs that t has handed over.
func (r *Run[In, Out]) freeHeld(t taker[In, Out]) {
	over := len(r.held) - t.wants().holds
	for _, it := range r.held[:over] {
		r.outlet.Free(it)
	}
	left := copy(r.held, r.held[over:])
	clear(r.held[left:])
	r.held = r.held[:left]
}
