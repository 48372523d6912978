package engine

import (
	"context"
	"errors"
	"runtime"
)

func goexit() { runtime.Goexit() }

// Feed gives the worker function of a loop stage its inputs. The pulling runs
// inside All, on the goroutine of that function.
type Feed[In, Out any] struct {
	h     *hand[In, Out]
	yield func(context.Context, In) bool

	holds  bool // an item is in hand
	inside bool // All is ranged over
	begun  bool // All was ranged over
	count  int  // outputs for the item in hand
	out    Out
	err    error
}

// All serves inputs to yield until the run has no more for this worker.
func (f *Feed[In, Out]) All(yield func(context.Context, In) bool) {
	x := f.h.x
	if f.inside {
		panic(x.g.run.faults.Nested)
	}
	f.recovered()
	f.inside = true
	defer func() { f.inside = false }()
	f.yield = yield
	if !f.begun {
		f.begun = true
		x.g.ready()
	}
	x.leaving = false
	x.isUp()
	x.pull.serve()
	x.setsUp()
	x.at = &f.h.step
}

// recovered gives the item in hand its fate if the loop was left by a panic, of
// its body or of a step, that the worker function has stopped to go on.
func (f *Feed[In, Out]) recovered() {
	h, x := f.h, f.h.x
	switch fault := x.g.run.faults.Yield(0, nil); {
	case f.holds:
		if h.cancel != nil {
			h.cancel()
			h.cancel = nil
		}
		if !x.watch.settle() { // it did so too late
			goexit()
		}
		f.drop()
		h.failed(fault)
	case x.at != &h.step:
		x.failAt(x.at, fault)
		h.settled()
	}
	x.at = &h.step
}

// Yield gives the output of the item in hand.
func (f *Feed[In, Out]) Yield(out Out, err error) {
	if !f.holds {
		panic(f.h.g.run.faults.NoItem)
	}
	if f.count++; f.count == 1 {
		f.out, f.err = out, err
	}
}

// Context is that of the worker: it ends when the stage does.
func (f *Feed[In, Out]) Context() context.Context { return f.h.g.ctx }

// drop reports whether an item was in hand, and lets go of it.
func (f *Feed[In, Out]) drop() (held bool) {
	held, f.holds = f.holds, false
	return held
}

// turn runs the body of the user's loop for one input.
func (f *Feed[In, Out]) turn(in In) (out Out, err error) {
	h, x := f.h, f.h.x
	ctx, end := h.limit()
	f.holds, f.count, f.out, f.err = true, 0, out, nil
	stays := f.yield(ctx, in)
	err = end(f.err)
	if !stays {
		x.leaving = true
		x.pull.relieve()
		if f.count == 0 {
			return out, nil // it is still in hand: what the function returns is its error
		}
	}
	f.holds = false
	if f.count != 1 {
		err = h.g.run.faults.Yield(f.count, nil)
	}
	out, f.out, f.err = f.out, out, nil
	return out, err
}

// loop runs the user's worker function once.
func (h *hand[In, Out]) loop() error {
	x, f := h.x, h.feed
	x.at = &h.step
	f.begun, f.holds = false, false
	x.setsUp()
	err := h.Loop(f, x.number)
	if !x.watch.settle() { // it stopped a panic within its time limit, or too late
		goexit()
	}
	switch {
	case f.drop(): // the loop was left, by its own will or a panic that it stopped
		h.failed(h.g.run.faults.Yield(0, err))
	case x.at != &h.step: // it stopped the panic of a step behind it
		x.failAt(x.at, h.g.run.faults.Yield(0, err))
		h.settled()
	}
	if !h.g.isOver() {
		if err == nil {
			err = h.g.run.faults.Left
		}
		return err
	}
	if err != nil && !errors.Is(err, context.Canceled) { // which says no more than that it is over
		h.g.closeFailed(x, err)
	}
	return nil
}
