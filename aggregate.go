package vimap

import "github.com/vimap-go/vimap/internal/engine"

// Aggregate runs the pipeline and adds every input and its output to an
// accumulator, one for each worker of the last stage, in that worker; when the
// run is over it merges these and returns the result. The outputs need not
// travel to one goroutine, as they must for [Run.Zip].
//
// newAcc makes an accumulator, before the first item of a worker, and once if
// there was none. add makes a new value of the accumulator's value; it may
// change what that refers to and return it as it was. newAcc and add are called
// from several goroutines at once, but never two with one accumulator. merge
// makes one of two, of which it may change and use both; it is called in the
// goroutine of the loop, and neither how the items are divided among the
// accumulators nor the order of these is said.
//
// After [Pipeline.Ordered], in a serial run, in a sink of a [Run.Tee], and behind
// a source or a FlatMap that no step or stage follows, there is one accumulator, and it is fed in the
// goroutine of the loop, in source order if that is asked. Lines that workers cut
// ([Borrowed], [Strings]) are added by these workers; those of a Borrowed in order,
// too, with an accumulator for each piece of the text.
//
// A failure ends the run as it ends a Zip, and Err is that: the result is made
// of what was added before the end, which [Stats] counts as delivered. A panic
// in add or newAcc is the failure of its item, at the step "aggregate": the
// accumulator keeps the value that it had, with what add had changed behind a
// pointer or in a map. In a sink of a [Run.Tee] such a panic is that sink's.
func (r *Run[In, Out]) Aggregate[A any](newAcc func() A, add func(A, In, Out) A, merge func(A, A) A) A {
	notNil(newAcc == nil, "Aggregate", "newAcc")
	notNil(add == nil, "Aggregate", "add")
	notNil(merge == nil, "Aggregate", "merge")
	if r.share != nil {
		acc := newAcc()
		for in, out := range r.Zip() {
			acc = add(acc, in, out)
		}
		return acc
	}
	a := &engine.Absorber[In, Out, A]{Name: "aggregate", Begin: newAcc, Add: add}
	r.absorb = func(f *engine.Flow[Out], origins *engine.Store[In]) *engine.Outlet[Out] {
		return engine.Absorb(f, origins, a)
	}
	here := a.Cells.New()
	r.loop(func(slot int32, out Out) bool {
		if part := a.Part; part != nil {
			a.Part = nil
			if here.Is {
				part.Val = merge(here.Val, part.Val)
			}
			*here = *part
			return true
		}
		in := *r.origins.At(slot)
		err := engine.ContainHere(faults, func() error {
			a.Into(here, in, out)
			return nil
		})
		return err == nil || r.turn(engine.Item[Out]{Slot: slot}, in, &engine.Failure{Err: err})
	}, r.bearItem, r.borne)
	r.absorb = nil
	return merged(a.Cells.All(), newAcc, merge)
}

// turn makes a failure of an output that could not be added.
func (r *Run[In, Out]) turn(it engine.Item[Out], in In, f *engine.Failure) (more bool) {
	f.Stage, f.Attempts = "aggregate", 1
	r.outlet.Fail(it.Slot, f)
	more = r.bear(in, r.itemError(it))
	if !r.untold {
		r.outlet.Turn(it)
	}
	return more
}

// merged makes one value of all cells.
func merged[A any](cells []*engine.Cell[A], newAcc func() A, merge func(A, A) A) (result A) {
	found := false
	for _, c := range cells {
		switch {
		case !c.Is:
		case !found:
			result, found = c.Val, true
		default:
			result = merge(result, c.Val)
		}
	}
	if !found {
		return newAcc()
	}
	return result
}
