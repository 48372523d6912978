package engine

import "iter"

// expander makes the items of a further segment: for each item that comes to
// it, those that a function of the user's makes of it. It is the head there.
type expander[In, T, Next any] struct {
	plainTask
	take    Handler[T]    // makes the items
	last    func(x *Exec) // called when no more items come; nil: nothing is left to be done then
	step    *Step
	seg     *Segment // that it makes
	from    *Segment
	ring    *Ring[Next]
	door    *door[Next] // of a serial run, in the place of ring
	origins *Store[In]  // of seg; nil if Decode makes the items
	before  *Store[In]  // of from
	parent  int32       // the slot of the item in hand
	made    int         // items made of it
	holding bool        // there is one in hand
}

// FlatMap begins a new segment. origins is that of f, and the result that of
// the new flow.
func FlatMap[In, T, Next any](f *Flow[T], origins *Store[In], name string, fn func(T) iter.Seq[Next], ordered bool) (*Flow[Next], *Store[In]) {
	e := &expander[In, T, Next]{step: &Step{name}}
	e.take = func(_ *Exec, v T) { e.expand(fn(v)) }
	return e.behind(f, origins, ordered)
}

// behind begins the segment that e makes.
func (e *expander[In, T, Next]) behind(f *Flow[T], origins *Store[In], ordered bool) (*Flow[Next], *Store[In]) {
	run, node := f.seg.run, NodeOf(f)
	e.from, e.before = f.seg, origins
	e.seg = newSegment(run, f.seg)
	e.seg.numbers()
	if origins != nil {
		e.origins = addStore[In](e.seg)
	}
	mk := func(x *Exec) Handler[T] {
		e.plainTask = plainTask{x}
		x.out, x.task = e, e
		return func(x *Exec, v T) {
			x.at = e.step
			e.hold(x.slot)
			if e.seg.enough.Load() {
				e.done()
				return
			}
			e.take(x, v)
		}
	}
	if run.serial != nil {
		return &Flow[Next]{seg: e.seg, origin: &originOf[Next]{serials: func(next maker[Next]) {
			e.door = newDoor(e.seg, next)
			var x *Exec
			f.serial(func(of *Exec) Handler[T] {
				x = of
				return mk(of)
			})
			if e.last != nil {
				run.serial.atEnd(run, func() { x.guardedStep(func() { e.last(x) }) })
			}
		}}}, e.origins
	}
	return boundary(e.seg, func(gt *gate) *Ring[Next] {
		e.ring = newRing[Next](e.seg, gt)
		g := newGroup(run, f.seg, Spec{Name: e.step.Name, Workers: 1, Role: RoleFlatMap, Node: node}, false)
		g.makes = e.seg
		f.pull(g, mk, &oneByOne{ordered: ordered, set: func(s pausing) {
			if e.last != nil {
				s.onLull(never, nothingToDo, func() { e.last(e.x) })
			}
		}})
		return e.ring
	}), e.origins
}

func (e *expander[In, T, Next]) serve() error {
	e.x.pull.serve()
	if !e.x.g.run.halted.Load() {
		e.seg.end(e.ring.closing())
	}
	return nil
}

// expand makes items of the one in hand until there are none or the run ends.
func (e *expander[In, T, Next]) expand(items iter.Seq[Next]) {
	for next := range items {
		if e.one(Item[Next]{Val: next, State: Live}, nil) {
			continue
		}
		if e.seg.run.halted.Load() {
			return
		}
		break // there is enough
	}
	e.done()
}

// hold holds the item in slot until all that is made of it has left.
func (e *expander[In, T, Next]) hold(slot int32) {
	e.parent, e.made, e.holding = slot, 0, true
	e.from.fates.At(slot).refs.Store(1)
}

// done ends the making.
func (e *expander[In, T, Next]) done() {
	e.holding = false
	if e.made == 0 {
		e.seg.run.stats.filtered.Add(1)
		e.x.tally.filtered++
	}
	e.x.tally.handed++
	if e.from.fates.At(e.parent).refs.Add(-1) == 0 {
		e.from.leave([]int32{e.parent})
	}
}

// one hands an item to the new segment.
func (e *expander[In, T, Next]) one(it Item[Next], fail *Failure) bool {
	slot, ok := e.seg.next()
	if !ok {
		return false
	}
	*e.seg.spots.At(slot) = spot{e.seg.seq, e.from.placeOf(e.parent)}
	*e.seg.indexes.At(slot) = e.from.index(e.parent)
	f := e.seg.fates.At(slot)
	f.fail, f.parent = fail, e.parent
	e.from.fates.At(e.parent).refs.Add(1)
	if e.origins != nil {
		*e.origins.At(slot) = *e.before.At(e.parent)
	}
	it.Slot = slot
	if e.made++; e.made > 1 {
		e.seg.run.stats.extra.Add(1)
	}
	e.seg.seq++
	if e.door != nil {
		return e.direct(it)
	}
	return e.ring.push(it)
}

// pass takes items that have failed or been filtered on their way here, and
// one that fails in expand.
func (e *expander[In, T, Next]) pass(slot int32, s State) {
	if s == Failed {
		if !e.holding {
			e.hold(slot)
		}
		f := e.from.failure(slot)
		e.one(Item[Next]{State: Failed}, *f)
		*f = nil
		e.done()
		return
	}
	e.seg.run.stats.filtered.Add(1)
	e.x.tally.handed++
	e.from.leave([]int32{slot})
}

func (*expander[In, T, Next]) reserve(int)        {}
func (*expander[In, T, Next]) flush()             {}
func (*expander[In, T, Next]) flushUpTo(int) bool { return false }
func (*expander[In, T, Next]) idle()              {}
func (*expander[In, T, Next]) held() int          { return 0 }
func (*expander[In, T, Next]) holds(int) bool     { return false }
