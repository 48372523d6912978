package engine

import "fmt"

// unpacking is what an outlet knows of the blocks of lines that come to it: it
// shows the loop over the run what happened in them.
type unpacking struct {
	*lending
	slot  int32
	block *block // in hand; nil: none
	part  *part
	next  int   // event of the part
	lines int64 // of the parts before it
	err   error // of the first text that could not be read
	of    int64 // the place of its block
	over  bool  // nothing more is to be shown
}

// absorbLines is Absorb for lines of blocks.
func absorbLines[T, In, A any](f *Flow[T], origins *Store[In], a *Absorber[In, T, A]) *Outlet[T] {
	step := &Step{a.Name}
	o := endLines(f, func(w *cutting) Handler[T] {
		var cell *Cell[A]
		if w.merges {
			w.renew = func() { cell = nil }
		} else {
			cell = a.Cells.New()
		}
		origin, add := origins.At(w.x.slot), a.Add
		return func(x *Exec, v T) {
			x.at = step
			if cell == nil {
				cell = new(Cell[A])
				w.cell = cell
			}
			if !cell.Is { // this is Into
				cell.Val, cell.Is = a.Begin(), true
			}
			cell.Val = add(cell.Val, *origin, v)
			w.kept++
		}
	})
	o.blocks.bring = func(cell any) { a.Part = cell.(*Cell[A]) }
	return o
}

// endLines ends a chain where blocks are cut.
func endLines[T any](f *Flow[T], mk func(w *cutting) Handler[T]) *Outlet[T] {
	run := f.seg.run
	g := new(gate)
	run.gates = append(run.gates, g)
	r := newRing[T](f.seg, g)
	lent := f.fuse(func(x *Exec) Handler[T] {
		w := x.pull.(*cutting)
		w.push = func(slot int32) { r.pushAll([]Item[T]{{Slot: slot, State: Live}}) }
		w.leave = func(slot int32) {
			f.seg.leave([]int32{slot})
			r.gone.Add(1)
			r.recheck()
		}
		return mk(w)
	})
	r.upstream = []*Group{lent.g}
	o := newOutlet(run, r, g, run.ordered)
	o.blocks = &unpacking{lending: lent}
	return o
}

// unpack waits for the next thing in a block that the loop over the run is to
// see: a failure, or, where cells are merged, what was made of some lines.
func (o *Outlet[T]) unpack() (Item[T], bool) {
	u := o.blocks
	for !u.over && (!o.run.halted.Load() || o.run.drains.Load()) {
		if u.block != nil {
			if s := o.event(); s != None {
				return Item[T]{Slot: u.slot, State: s}, true
			}
			continue
		}
		it, a := o.next(-1)
		if a != arrived {
			break
		}
		u.slot, u.block = it.Slot, *u.blocks.At(it.Slot)
		u.part, u.next, u.lines = u.block.first, 0, 0
	}
	if u.err != nil {
		o.run.unreadable(u.err)
	}
	return Item[T]{}, false
}

// event finds what is to be shown next of the block in hand; None: nothing.
func (o *Outlet[T]) event() State {
	u := o.blocks
	for ; u.part != nil; u.part, u.next = u.part.next, 0 {
		p := u.part
		for ; u.next < len(p.events); u.next++ {
			e := &p.events[u.next]
			if e.kept > 0 {
				u.bring(e.cell)
				return Live
			}
			o.run.stats.filtered.Add(e.filtered)
			e.filtered = 0
			if e.fail != nil {
				u.present(e)
				return Failed
			}
		}
		u.lines += p.lines
		if p.err != nil {
			u.unreadable(p.err)
			if u.over {
				return None
			}
		}
	}
	u.ledger.left(u.block)
	u.block = nil
	o.free(u.slot)
	return None
}

// freeEvent ends the stay of what unpack returned.
func (o *Outlet[T]) freeEvent(it Item[T]) {
	u := o.blocks
	e := &u.part.events[u.next]
	if it.State == Live {
		o.delivered += e.kept
		e.kept = 0
		return
	}
	o.run.stats.failed.Add(1)
	e.fail = nil
	o.Fail(it.Slot, nil)
}

// present has the slot of the block stand for a line that failed.
func (u *unpacking) present(e *event) {
	lines, text := u.ledger.before(u.block)
	line := u.lines + e.line
	*u.seg.indexes.At(u.slot) = lines + line
	*u.seg.failure(u.slot) = e.fail
	place := &u.seg.spots.At(u.slot).place
	*place = nil
	if name := u.block.Place; name != nil {
		*place = &Place{First: lines - text, Name: name}
	}
	for _, st := range u.stores {
		st.clear([]int32{u.slot})
	}
	for _, restore := range e.restores {
		restore(u.slot)
	}
}

// unreadable takes the error of reading a block, and ends the run behind it.
func (u *unpacking) unreadable(err error) {
	run := u.seg.run
	seq := u.seg.seqOf(u.slot)
	if u.err != nil && u.of < seq {
		return
	}
	_, text := u.ledger.before(u.block)
	if name := u.block.Place; name != nil {
		_ = ContainHere(run.faults, func() error {
			err = fmt.Errorf("%s: %w", name(text+u.lines), err)
			return nil
		})
	}
	u.err, u.of, u.over = err, seq, run.ordered
	u.broken.Store(true)
	run.Stop()
}

// unreadable takes an error of the source that came to light behind it.
func (r *Run) unreadable(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source = r.faults.Source(err)
}
