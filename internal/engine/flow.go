package engine

import (
	"context"
	"time"
)

// Flow is a chain as far as it is described: a boundary, where items wait for
// whoever takes them, and inline steps behind it. The steps run in the workers
// that pull from the boundary, or, at the end of the chain, in those before it.
type Flow[T any] struct {
	seg *Segment
	origin[T]
	// fuse, if not nil, has the steps run where blocks are cut into items, up to
	// the end of the chain, which mk makes.
	fuse func(mk maker[T]) *lending
	bare bool // no step is behind where blocks are cut
	// last makes the boundary itself the last ring, where no step is behind it.
	last func(g *gate) *Ring[T]
}

// origin is where the items of a flow come from.
type origin[T any] interface {
	// pull makes g pull from the boundary; mk makes the handlers behind the steps.
	pull(g *Group, mk maker[T], one *oneByOne)
	// end has the steps run before a last ring, and returns who pushes to it.
	end(mk maker[T]) []*Group
	// serial has a serial run hand its items to the steps behind it.
	serial(mk maker[T])
}

// originOf is an origin made of functions.
type originOf[T any] struct {
	pulls   func(g *Group, mk maker[T], one *oneByOne)
	ends    func(mk maker[T]) []*Group
	serials func(mk maker[T])
}

func (o *originOf[T]) pull(g *Group, mk maker[T], one *oneByOne) { o.pulls(g, mk, one) }
func (o *originOf[T]) end(mk maker[T]) []*Group                  { return o.ends(mk) }
func (o *originOf[T]) serial(mk maker[T])                        { o.serials(mk) }

// oneByOne asks for a single worker that takes items one after another.
type oneByOne struct {
	window  bool // no: any number of workers, which take several
	ordered bool
	set     func(s pausing) // called with the puller, if there is anything to set
}

// pausing is a single whose type does not matter.
type pausing interface {
	onLull(pause func() time.Duration, check, lull func())
}

// boundary returns a flow that begins at a ring; ring makes it for its consumers.
func boundary[T any](seg *Segment, ring func(g *gate) *Ring[T]) *Flow[T] {
	return new(border[T]).begin(seg, ring)
}

// border is the origin of a flow that begins at a ring.
type border[T any] struct{ flow Flow[T] }

func (b *border[T]) begin(seg *Segment, ring func(g *gate) *Ring[T]) *Flow[T] {
	b.flow.seg, b.flow.last, b.flow.origin = seg, ring, b
	return &b.flow
}

func (b *border[T]) pull(g *Group, mk maker[T], one *oneByOne) {
	pullFrom(b.flow.last(&g.gate), g, mk, one)
}

// end gives steps behind a source that no stage follows a worker of their own.
func (b *border[T]) end(mk maker[T]) []*Group {
	seg := b.flow.seg
	g := newGroup(seg.run, seg, Spec{Workers: 1, Role: RoleSteps, Node: -1}, false)
	b.pull(g, mk, nil)
	return []*Group{g}
}

func (b *border[T]) serial(maker[T]) { panic("engine: a serial run has no rings") }

// pullFrom makes g pull from r.
func pullFrom[T any](r *Ring[T], g *Group, mk maker[T], one *oneByOne) {
	g.waits = r
	r.crowd = r.cuts != nil && (one == nil || one.window) && g.spec.Workers > 1
	if one != nil {
		g.eager = true // it has to see the end, also when nothing comes before
	}
	g.build = func(x *Exec) {
		if x.task == nil {
			x.task = plainTask{x}
		}
		do := mk(x)
		switch {
		case one == nil:
			p, seated := x.pull.(*puller[T])
			if !seated {
				p = new(puller[T])
			}
			p.x, p.ring, p.do = x, r, do
			x.pull = p
			return
		case one.window:
			x.pull = &window[T]{x: x, ring: r, do: do}
			return
		}
		s := &single[T]{x: x, out: newOutlet(g.run, r, &g.gate, one.ordered), do: do}
		s.out.meter = &meter{x: x}
		x.pull = s
		if one.set != nil {
			one.set(s)
		}
	}
}

// inline adds a step: wrap makes a handler before it of one behind it.
func inline[T, Next any](f *Flow[T], wrap func(Handler[Next]) Handler[T]) *Flow[Next] {
	before := func(mk maker[Next]) maker[T] {
		return func(x *Exec) Handler[T] { return wrap(mk(x)) }
	}
	next := &Flow[Next]{seg: f.seg, origin: &originOf[Next]{
		pulls:   func(g *Group, mk maker[Next], one *oneByOne) { f.pull(g, before(mk), one) },
		ends:    func(mk maker[Next]) []*Group { return f.end(before(mk)) },
		serials: func(mk maker[Next]) { f.serial(before(mk)) },
	}}
	if f.fuse != nil {
		next.fuse = func(mk maker[Next]) *lending { return f.fuse(before(mk)) }
	}
	return next
}

// Map adds a step that can't fail.
func Map[T, Next any](f *Flow[T], name string, fn func(T) Next) *Flow[Next] {
	step := &Step{name}
	return inline(f, func(do Handler[Next]) Handler[T] {
		return func(x *Exec, v T) {
			x.at = step
			do(x, fn(v))
		}
	})
}

// Try adds a step that may fail.
func Try[T, Next any](f *Flow[T], name string, fn func(T) (Next, error)) *Flow[Next] {
	step := &Step{name}
	return inline(f, func(do Handler[Next]) Handler[T] {
		return func(x *Exec, v T) {
			x.at = step
			next, err := fn(v)
			if err != nil {
				x.fail(&Failure{Stage: name, Input: v, HasInput: true, Attempts: 1, Err: err})
				return
			}
			do(x, next)
		}
	})
}

// Filter adds a step that lets items pass for which keep is true.
func Filter[T any](f *Flow[T], name string, keep func(T) bool) *Flow[T] {
	step := &Step{name}
	return inline(f, func(do Handler[T]) Handler[T] {
		return func(x *Exec, v T) {
			x.at = step
			if keep(v) {
				do(x, v)
				return
			}
			x.drop()
		}
	})
}

// Originate makes what has come this far the item itself, as if the source had
// produced it.
func Originate[T any](f *Flow[T]) (*Flow[T], *Store[T]) {
	origins := addStore[T](f.seg)
	next := inline(f, func(do Handler[T]) Handler[T] {
		return func(x *Exec, v T) {
			*origins.At(x.slot) = v
			do(x, v)
		}
	})
	if f.fuse != nil { // inline's does not say that there is an item to be kept
		next.fuse = func(mk maker[T]) *lending {
			return f.fuse(func(x *Exec) Handler[T] {
				w, do, origin := x.pull.(*cutting), mk(x), origins.At(x.slot)
				return func(x *Exec, v T) {
					*origin, w.in = v, true
					do(x, v)
				}
			})
		}
	}
	return next, origins
}

// Beside remembers what comes past and puts it beside what stage makes of it.
func Beside[In, Out, Both any](f *Flow[In], stage func(*Flow[In]) *Flow[Out], join func(In, Out) Both) *Flow[Both] {
	kept := addStore[In](f.seg)
	out := stage(inline(f, func(do Handler[In]) Handler[In] {
		return func(x *Exec, v In) {
			*kept.At(x.slot) = v
			do(x, v)
		}
	}))
	return inline(out, func(do Handler[Both]) Handler[Out] {
		return func(x *Exec, v Out) { do(x, join(*kept.At(x.slot), v)) }
	})
}

// End ends the chain in an outlet.
func End[T any](f *Flow[T], ordered bool) *Outlet[T] {
	run := f.seg.run
	g := run.newGate()
	if run.serial != nil {
		o := newOutlet(run, &Ring[T]{seg: f.seg}, g, ordered)
		f.serial(toward(o.deliver))
		return o
	}
	o := newOutlet(run, f.ringFor(g), g, ordered)
	run.parts.queue = o
	return o
}

// ringFor ends the flow in a ring whose consumers wait at g.
func (f *Flow[T]) ringFor(g *gate) *Ring[T] {
	if f.last != nil {
		return f.last(g)
	}
	r := newRing[T](f.seg, g)
	r.upstream = f.end(into(r))
	return r
}

// plainTask is that of workers that only run inline steps.
type plainTask struct{ x *Exec }

func (plainTask) needed() bool                 { return false }
func (plainTask) open(context.Context) error   { return nil }
func (plainTask) close() error                 { return nil }
func (plainTask) inHand() (any, bool)          { return nil, false }
func (plainTask) orphaned(error) func(x *Exec) { return nil }
func (t plainTask) serve() error               { t.x.pull.serve(); return nil }
func (t plainTask) crashed(at *Step, err error) bool {
	t.x.failAt(at, err)
	return false
}
