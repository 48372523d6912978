package engine

import "math"

// door is where items enter a part of a serial chain: inline steps, and
// whatever is behind them.
type door[T any] struct {
	x  *Exec // runs the steps
	do Handler[T]
}

func newDoor[T any](seg *Segment, mk maker[T]) *door[T] {
	x := &Exec{g: newGroup(seg.run, seg, Spec{Workers: 1, Role: RoleDoor}, false)}
	return &door[T]{x: x, do: mk(x)}
}

func (d *door[T]) take(it Item[T]) {
	x := d.x
	if x.g.run.over() {
		return
	}
	x.slot = it.Slot
	x.guardedStep(func() {
		if it.State == Live {
			d.do(x, it.Val)
		} else {
			x.passBy(it.Slot, it.State)
		}
	})
}

// guardedStep has inline steps do something: a panic in them fails the item in
// hand.
func (x *Exec) guardedStep(f func()) {
	x.guarded(f)
	if c := x.crash; c != nil {
		x.crash = nil
		x.failAt(c.at, c.err)
	}
}

// outward is an outbox that hands on each item at once.
type outward[T any] func(Item[T])

// toward makes handlers that end in to.
func toward[T any](to func(Item[T])) maker[T] {
	return func(x *Exec) Handler[T] {
		o := outward[T](to)
		x.out = o
		return o.put
	}
}

func (o outward[T]) put(x *Exec, v T)          { o(Item[T]{Val: v, Slot: x.slot, State: Live}) }
func (o outward[T]) pass(slot int32, st State) { o(Item[T]{Slot: slot, State: st}) }
func (outward[T]) reserve(int)                 {}
func (outward[T]) flush()                      {}
func (outward[T]) flushUpTo(int) bool          { return false }
func (outward[T]) idle()                       {}
func (outward[T]) held() int                   { return 0 }
func (outward[T]) holds(int) bool              { return false }

// unbounded gives a segment of a serial run as many slots as it asks for: what
// it has in flight is bounded by what its batches hold.
func (s *Segment) unbounded() { s.fixed, s.limit = true, math.MaxInt }

// serially calls the source on the goroutine of the run.
func (h *Head[T]) serially() {
	h.run.parts.flows.Store(int64(h.run.now()))
	defer h.run.parts.read(h.run)
	var err error
	if caught := h.run.guarded(func() { err = h.source(h.run.sourceCtx, &h.emitter) }); caught != nil {
		err = caught
	}
	h.run.sourceEnded(err)
}

// direct sees an item of the source through its chain.
func (h *Head[T]) direct(it Item[T]) bool {
	h.seg.seq++
	h.run.serial.read.Add(1)
	h.door.take(it)
	h.run.makeRoom(h.seg)
	return !h.run.over() && !h.seg.ending()
}

// direct sees an item that was made of another through its chain.
func (e *expander[In, T, Next]) direct(it Item[Next]) bool {
	e.door.take(it)
	e.seg.run.makeRoom(e.seg)
	return !e.seg.run.over()
}
