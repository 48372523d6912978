package engine

import (
	"context"
	"slices"
	"time"
)

// turn is a step that takes one item after another, because what it makes of one
// hangs on those before. It has a goroutine of its own, which takes the items in
// source order if that is asked, and stands behind a ring, so that everything
// before it has had its say, failures too.
type turn[T, Next any] struct {
	name string
	// take takes an item, and hands it on by next, or passes it by.
	take func(x *Exec, v T, next Handler[Next])
	// failed takes the failed item in hand; nil: it passes by.
	failed func(x *Exec)
}

// inTurn adds a step.
func inTurn[T, Next any](f *Flow[T], ordered bool, t turn[T, Next]) *Flow[Next] {
	run, step, node := f.seg.run, &Step{t.name}, NodeOf(f)
	begins := boundary(f.seg, f.ringFor)
	enter := func(x *Exec, next Handler[Next]) Handler[T] {
		if t.failed != nil {
			x.rescue = func() { t.failed(x) }
		}
		return func(x *Exec, v T) {
			x.at = step
			t.take(x, v, next)
		}
	}
	return behind(f.seg, func(mk maker[Next]) []*Group {
		g := newGroup(run, f.seg, Spec{Name: t.name, Workers: 1, Role: RoleTurn, Node: node}, false)
		begins.pull(g, func(x *Exec) Handler[T] { return enter(x, mk(x)) }, &oneByOne{ordered: ordered})
		return []*Group{g}
	}, func(mk maker[Next]) {
		d := newDoor(f.seg, func(x *Exec) Handler[T] { return enter(x, mk(x)) })
		f.serial(toward(d.take))
	})
}

// Take adds a step that lets n items pass and then ends the reading. What still
// comes is dropped, failures too.
func Take[T any](f *Flow[T], name string, n int64, ordered bool) *Flow[T] {
	var passed int64
	if n == 0 {
		f.seg.run.enough(f.seg)
	}
	return inTurn(f, ordered, turn[T, T]{
		name: name,
		take: func(x *Exec, v T, next Handler[T]) {
			if passed == n {
				x.drop()
				return
			}
			if passed++; passed == n {
				f.seg.run.enough(f.seg)
			}
			next(x, v)
		},
		failed: func(x *Exec) {
			if passed < n {
				x.tally.passed++
				x.out.pass(x.slot, Failed)
				return
			}
			*f.seg.failure(x.slot) = nil
			x.drop()
		},
	})
}

// Choose adds a step that lets those items pass for which keep is true. keep is
// called for one after another.
func Choose[T any](f *Flow[T], name string, keep func(T) bool, ordered bool) *Flow[T] {
	return inTurn(f, ordered, turn[T, T]{name: name, take: func(x *Exec, v T, next Handler[T]) {
		if keep(v) {
			next(x, v)
			return
		}
		x.drop()
	}})
}

// Await adds a step that lets an item pass when wait has returned. An error of
// it fails the item.
func Await[T any](f *Flow[T], name string, wait func(context.Context) error, ordered bool) *Flow[T] {
	run := f.seg.run
	return inTurn(f, ordered, turn[T, T]{name: name, take: func(x *Exec, v T, next Handler[T]) {
		err := wait(timeless{run.ctx})
		switch {
		case err == nil:
			next(x, v)
		case !run.interrupted():
			x.fail(&Failure{Stage: name, Input: v, HasInput: true, Attempts: 1, Err: err})
		}
	}})
}

// timeless is a context that ends when it ends, and does not say when that will
// be: who knows that would not wait until then.
type timeless struct{ context.Context }

// Deadline says that there is none.
func (timeless) Deadline() (time.Time, bool) { return time.Time{}, false }

// Numbered is an item with its number among those that came to a step.
type Numbered[T any] struct {
	N   int64
	Val T
}

// Enumerate adds a step that numbers the items from 0.
func Enumerate[T any](f *Flow[T], name string, ordered bool) *Flow[Numbered[T]] {
	var n int64
	return inTurn(f, ordered, turn[T, Numbered[T]]{name: name, take: func(x *Exec, v T, next Handler[Numbered[T]]) {
		n++
		next(x, Numbered[T]{n - 1, v})
	}})
}

// Window adds a step that makes an output of each item and the n-1 before it.
func Window[T, Next any](f *Flow[T], name string, n int, fn func([]T) Next, ordered bool) *Flow[Next] {
	var past []T // with room, so that windows share what they have in common
	return inTurn(f, ordered, turn[T, Next]{name: name, take: func(x *Exec, v T, next Handler[Next]) {
		if len(past) >= 2*n {
			past = slices.Clone(past[len(past)-n+1:])
		}
		past = append(past, v)
		if len(past) < n {
			x.drop()
			return
		}
		next(x, fn(slices.Clip(past[len(past)-n:])))
	}})
}

// Pick adds a step that lets those items pass whose index in the source keep
// says.
func Pick[T any](f *Flow[T], keep func(index int64) bool) *Flow[T] {
	next := inline(f, func(do Handler[T]) Handler[T] {
		return func(x *Exec, v T) {
			if keep(x.g.seg.index(x.slot)) {
				do(x, v)
				return
			}
			x.drop()
		}
	})
	next.fuse = nil // lines of a block have no index while they are worked on
	return next
}
