package vimap

import (
	"errors"
	"iter"
	"runtime/debug"
	"slices"

	"github.com/vimap-go/vimap/internal/engine"
)

// Tee runs the pipeline for two sinks at once and returns what they make of it.
// Each is given a run of its own to range over, which has every outcome of this
// one: what it would see alone. sinks.Tee is this as a sink, and nests, for
// three and more.
//
// The sinks take turns in one goroutine at a time, an outcome each: they may
// share what they like without a lock, and a slow one slows the run instead of
// filling a queue. One that leaves its loop early, without an error, gets no
// more, and the others go on; when all have left, the run ends. One that fails
// or panics ends the run, and the run of the other ends with that error, so
// that a file that is to be whole is not kept.
//
// Tee returns when the run and both sinks have ended. Its error is that of the
// sink that failed, joined with that of the run and of the other sink if they
// have one of their own. A failed item ends the run as soon as one of the sinks
// ranges by Zip or Batches, unless [Pipeline.Tolerate] or
// [Pipeline.DeadLetters] says otherwise; those that range by Results see it
// before.
//
// The sinks must range over their runs in the goroutine that they are called
// in. Stop, Stats and Context of these are those of the run itself.
func (r *Run[In, Out]) Tee[A, B any](first func(*Run[In, Out]) (A, error), second func(*Run[In, Out]) (B, error)) (a A, b B, err error) {
	notNil(first == nil, "Tee", "first")
	notNil(second == nil, "Tee", "second")
	err = r.tee(
		func(run *Run[In, Out]) (err error) { a, err = first(run); return err },
		func(run *Run[In, Out]) (err error) { b, err = second(run); return err },
	)
	return a, b, err
}

// root is the run that the share is of, or the run itself.
func (r *Run[In, Out]) root() *Run[In, Out] {
	for r.share != nil {
		r = r.share.of
	}
	return r
}

// share is the part that one sink of a Tee has in a run. The sink is a
// coroutine: giving it an outcome runs it until it asks for the next.
type share[In, Out any] struct {
	of     *Run[In, Out]
	resume func() (struct{}, bool)
	wait   func(struct{}) bool
	begun  bool
	taker  taker[In, Out] // what ranges over it; nil: nothing does
	result Result[In, Out]
	lulls  bool // there is no result: what is held is to be handed over
	all    bool // and all of it
	over   bool
	ended  bool    // the sink returned
	err    error   // the sink's
	told   verdict // how the run ended, for the sink
}

// shareOf begins with a sink, and runs it until it asks for an outcome.
func shareOf[In, Out any](r *Run[In, Out], sink func(*Run[In, Out]) error) *share[In, Out] {
	s := &share[In, Out]{of: r}
	run := &Run[In, Out]{ctx: r.ctx, share: s, verdict: &s.told}
	s.resume, _ = iter.Pull(func(wait func(struct{}) bool) {
		s.wait = wait
		returned := false
		defer func() {
			s.ended, s.taker = true, nil
			if !returned { // a Goexit, of which the stack is here
				s.err = faults.Panic(faults.Goexit, debug.Stack())
			}
		}()
		s.err = engine.ContainHere(faults, func() error { return sink(run) })
		returned = true
	})
	return s
}

// take has t range over the share. It runs in the coroutine.
func (s *share[In, Out]) take(t taker[In, Out]) {
	if s.begun {
		panic("vimap: Run: it must be ranged over only once")
	}
	s.begun = true
	s.taker = t
	defer func() { s.taker = nil }()
	for more := true; more && !s.over; {
		s.wait(struct{}{})
		switch {
		case s.over:
		case s.lulls:
			more = t.lull(s.all)
		default:
			more = t.take(s.result)
		}
	}
}

// goOn runs the sink until it asks for an outcome or returns.
func (s *share[In, Out]) goOn() {
	if !s.ended {
		s.resume()
	}
}

// tee gives the outcomes of a run to all of its ends.
type tee[In, Out any] struct{ ends []*share[In, Out] }

func (t *tee[In, Out]) take(r Result[In, Out]) bool {
	for _, s := range t.ends {
		if s.taker != nil {
			s.result = r
			s.goOn()
			s.result = Result[In, Out]{}
		}
	}
	return t.more()
}

func (t *tee[In, Out]) lull(all bool) bool {
	for _, s := range t.ends {
		if s.taker != nil && s.taker.wants().holds > 0 {
			s.lulls, s.all = true, all
			s.goOn()
			s.lulls = false
		}
	}
	return t.more()
}

func (t *tee[In, Out]) wants() (w wants) {
	for _, s := range t.ends {
		if s.taker != nil {
			w = w.both(s.taker.wants())
		}
	}
	return w
}

// more reports whether the run is to go on: no sink failed, and one wants more.
func (t *tee[In, Out]) more() bool {
	return t.failed() == nil && slices.ContainsFunc(t.ends, func(s *share[In, Out]) bool { return s.taker != nil })
}

func (t *tee[In, Out]) failed() error {
	for _, s := range t.ends {
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

// tee runs the pipeline for several sinks.
func (r *Run[In, Out]) tee(sinks ...func(*Run[In, Out]) error) (err error) {
	t := new(tee[In, Out])
	contain := func(f func() error) error { return engine.ContainIn(r.ctx, faults, f) }
	if r.share != nil { // a coroutine rests on its own goroutine
		contain = func(f func() error) error { return engine.ContainHere(faults, f) }
	}
	var caught error
	defer func() { err = t.end(contain, r, caught) }() // also for a Goexit that is let through
	caught = contain(func() error {
		for _, sink := range sinks {
			s := shareOf(r, sink)
			t.ends = append(t.ends, s)
			s.goOn()
			if t.failed() != nil {
				break
			}
		}
		if t.more() {
			r.take(t)
		}
		return nil
	})
	return err
}

// end tells the sinks how the run ended, waits for them, and returns the error
// of all this.
func (t *tee[In, Out]) end(contain func(func() error) error, r *Run[In, Out], caught error) error {
	failed := t.failed()
	if failed == nil {
		failed = caught
	}
	errs := []error{failed, r.Err()}
	t.endFrom(0, contain, errs)
	for _, s := range t.ends {
		errs = append(errs, s.err)
	}
	return distinct(errs)
}

// endFrom ends the sinks from the i-th on, whatever one of them does.
func (t *tee[In, Out]) endFrom(i int, contain func(func() error) error, errs []error) {
	if i == len(t.ends) {
		return
	}
	s := t.ends[i]
	defer func() { t.endFrom(i+1, contain, append(errs, s.err)) }()
	s.over = true
	s.told.set(distinct(errs))
	_ = contain(func() error { s.goOn(); return nil }) // what it contains is in s.err, too
}

// distinct joins errors, without those that are part of one before them.
func distinct(errs []error) error {
	var all []error
	for _, err := range errs {
		if err != nil && !slices.ContainsFunc(all, func(before error) bool { return errors.Is(before, err) }) {
			all = append(all, err)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}
