package engine

import (
	"sync/atomic"
	"time"
)

// arrival says what Outlet.next found.
type arrival uint8

const (
	arrived arrival = iota
	timedOut
	ended // every item of the segment has come through
	cutOff
)

// freeShare is the part of the look-ahead that an outlet may hold back before
// it returns the credits of what was delivered: 1 / freeShare.
const freeShare = 8

// Outlet is the one consumer of a ring: the sink, a FlatMap, a stage with keys
// or batches. It puts items in order if that is asked.
type Outlet[T any] struct {
	run      *Run
	ring     *Ring[T]
	gate     *gate
	waiter   waiter
	chunk    []Item[T]
	i, n     int
	ordered  bool
	seq      int64        // of the next item, if ordered
	early    []Item[T]    // items that came before their turn, at seq modulo length; none at first
	kept     int          // how many these are
	told     atomic.Int64 // kept, as others know it
	freed    []int32
	hold     int                // how many credits freed may hold
	take     func(Item[T]) bool // of a serial run: the loop over it
	blocks   *unpacking         // if what comes are blocks of lines
	meter    *meter             // nil: of the loop over the run
	toOthers yielder            // when it is woken for a slow item

	delivered int64

	few struct { // room of the lists, at first
		chunk [leastRoom]Item[T]
		freed [leastRoom]int32
	}
}

func newOutlet[T any](run *Run, r *Ring[T], g *gate, ordered bool) *Outlet[T] {
	o := &Outlet[T]{
		run: run, ring: r, gate: g, ordered: ordered,
		hold: 1,
	}
	o.chunk, o.freed = o.few.chunk[:], o.few.freed[:0]
	return o
}

// next waits for the next item, at most for wait if that is not negative. Then
// it also comes back when items came, but not the one whose turn it is.
func (o *Outlet[T]) next(wait time.Duration) (it Item[T], a arrival) {
	for filled := false; ; filled = true {
		if o.kept > 0 {
			if p := o.place(o.seq); p.State != None {
				it, *p = *p, it
				o.kept--
				o.seq++
				return it, arrived
			}
		}
		for o.i < o.n {
			p := &o.chunk[o.i]
			o.i++
			if o.ordered {
				if seq := o.ring.seg.seqOf(p.Slot); seq != o.seq {
					o.keep(p, seq)
					continue
				}
				o.seq++
			}
			it, *p = *p, it
			return it, arrived
		}
		if filled && wait >= 0 {
			return it, timedOut
		}
		if a = o.fill(wait); a != arrived {
			return it, a
		}
	}
}

// isNext counts the item in slot if it is the next in order.
func (o *Outlet[T]) isNext(slot int32) bool {
	if o.kept > 0 || o.ring.seg.seqOf(slot) != o.seq {
		return false
	}
	o.seq++
	return true
}

// place is where an item waits that came before its turn.
func (o *Outlet[T]) place(seq int64) *Item[T] {
	return &o.early[seq&int64(len(o.early)-1)]
}

// keep puts an item where its turn will find it.
func (o *Outlet[T]) keep(it *Item[T], seq int64) {
	for seq-o.seq >= int64(len(o.early)) {
		narrow := o.early
		o.early = make([]Item[T], max(8, 2*len(narrow)))
		for i := range int64(len(narrow)) {
			*o.place(o.seq + i) = narrow[(o.seq+i)&int64(len(narrow)-1)]
		}
	}
	var none Item[T]
	*o.place(seq), *it = *it, none
	o.kept++
}

// fill takes what is there, or waits for it.
func (o *Outlet[T]) fill(wait time.Duration) arrival {
	g := o.gate
	o.meter.done(o.n)
	o.n, o.i = 0, 0
	if o.ordered {
		o.told.Store(int64(o.kept))
	}
	lingered := false
	g.mu.Lock()
	for {
		if o.run.halted.Load() && !o.run.drains.Load() {
			g.mu.Unlock()
			return cutOff
		}
		if n := o.ring.takeLocked(o.chunk); n > 0 {
			g.mu.Unlock()
			o.i, o.n = 0, n
			o.meter.got(n)
			if n == len(o.chunk) && n < mostChunk {
				o.widen()
			}
			return arrived
		}
		if o.ring.complete.Load() && o.ring.waitingLocked() == 0 {
			g.mu.Unlock()
			return ended
		}
		if o.run.halted.Load() {
			g.mu.Unlock()
			return cutOff
		}
		if wait == 0 {
			g.mu.Unlock()
			return timedOut
		}
		if !lingered && wait < 0 {
			lingered = true
			if o.lingers() {
				continue
			}
		}
		g.rest(&o.waiter)
		if o.ring.more() || o.ring.complete.Load() || o.run.halted.Load() {
			g.unrest(&o.waiter)
			continue
		}
		g.mu.Unlock()
		o.settle()
		woken := o.park(wait)
		if woken && o.ring.singly() {
			o.toOthers.wait(o.run, always)
		}
		g.mu.Lock()
		if !woken && g.unrest(&o.waiter) {
			g.mu.Unlock()
			return timedOut
		}
		if !woken {
			o.waiter.park(-1) // it is on its way
		}
		g.arrived()
	}
}

// park waits to be woken, at most for wait if that is not negative.
func (o *Outlet[T]) park(wait time.Duration) bool {
	if o.meter != nil {
		return o.waiter.park(wait) // what it does is measured, not what it does not
	}
	return o.run.parts.rests.park(&o.waiter, wait)
}

// queued returns how many items wait for the outlet, or for their turn.
func (o *Outlet[T]) queued() int {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	return o.ring.waitingLocked() + int(o.told.Load())
}

// widen makes room for larger chunks.
func (o *Outlet[T]) widen() {
	wider := make([]Item[T], 2*len(o.chunk))
	copy(wider, o.chunk)
	clear(o.chunk) // it may be few's, which stays
	o.chunk = wider
}

// Next waits for the next item that is delivered or failed; false is the end.
func (o *Outlet[T]) Next() (Item[T], bool) {
	if o.blocks != nil {
		return o.unpack()
	}
	for {
		it, a := o.next(-1)
		if a != arrived || o.IsCut() {
			return it, false
		}
		if it.State != Filtered {
			return it, true
		}
		o.run.stats.filtered.Add(1)
		o.free(it.Slot)
	}
}

// Each hands the outputs to live and the failed items to failed, and ends their
// stay, until there are no more or one of these wants no more; then left is true.
// That item does not end its stay if keep is true then.
func (o *Outlet[T]) Each(live func(slot int32, v T) bool, failed func(Item[T]) bool, keep *bool) (left bool) {
	var none Item[T]
	for {
		// What next does, for the common case.
		for o.i < o.n && o.blocks == nil && !o.run.halted.Load() {
			p := &o.chunk[o.i]
			if p.State != Live || o.ordered && !o.isNext(p.Slot) {
				break
			}
			slot, v := p.Slot, p.Val
			*p = none
			o.i++
			more := live(slot, v)
			if !more && *keep {
				return true
			}
			o.delivered++
			o.free(slot)
			if !more {
				return true
			}
		}
		it, ok := o.Next()
		if !ok {
			return false
		}
		var more bool
		if it.State == Live {
			more = live(it.Slot, it.Val)
		} else {
			more = failed(it)
		}
		if more || !*keep {
			o.Free(it)
		}
		if !more {
			return true
		}
	}
}

// NextWithin is Next for a loop that holds items back: pause says how long it
// can wait for the next, -1 for ever. late means that none came in time.
func (o *Outlet[T]) NextWithin(pause func() time.Duration) (it Item[T], ok, late bool) {
	for {
		it, a := o.next(pause())
		switch {
		case a == timedOut:
		case a != arrived || o.IsCut():
			return it, false, false
		case it.State != Filtered:
			return it, true, false
		default:
			o.run.stats.filtered.Add(1)
			o.free(it.Slot)
		}
		if pause() == 0 {
			return it, true, true
		}
	}
}

// Hold says that the loop may hold back n outputs.
func (o *Outlet[T]) Hold(n int) {
	s := o.ring.seg
	s.least = min(s.least+n, largestAhead)
}

// IsCut reports whether the run has ended and what is finished is left.
func (o *Outlet[T]) IsCut() bool { return o.run.halted.Load() && !o.run.drains.Load() }

// Meta returns what is known of an item that was not freed yet.
func (o *Outlet[T]) Meta(slot int32) Meta { return o.ring.seg.meta(slot) }

// Index is that of [Meta].
func (o *Outlet[T]) Index(slot int32) int64 { return o.ring.seg.index(slot) }

// Fail sets the failure of an item that Next returned; nil: it has none any more.
func (o *Outlet[T]) Fail(slot int32, f *Failure) { *o.ring.seg.failure(slot) = f }

// Free ends the stay of an item that Next returned.
func (o *Outlet[T]) Free(it Item[T]) {
	if o.blocks != nil {
		o.freeEvent(it)
		return
	}
	if it.State == Live {
		o.delivered++
	} else {
		o.run.stats.failed.Add(1)
		o.Fail(it.Slot, nil)
	}
	o.free(it.Slot)
}

// Turn says that the output that Free is called for next counts as a failure.
func (o *Outlet[T]) Turn(it Item[T]) {
	o.Fail(it.Slot, nil)
	o.delivered--
	o.run.stats.failed.Add(1)
}

// Counts returns how many outputs and how many failures were freed.
func (o *Outlet[T]) Counts() (delivered, failed int64) {
	return o.delivered + o.run.stats.absorbed.Load(), o.run.stats.failed.Load()
}

// Close gives back what Free has held back.
func (o *Outlet[T]) Close() { o.flush() }

// free gives back the credit of an item that has left.
func (o *Outlet[T]) free(slot int32) {
	o.freed = append(o.freed, slot)
	if len(o.freed) >= o.hold {
		o.flush()
	}
}

func (o *Outlet[T]) flush() {
	o.ring.seg.leave(o.freed)
	o.freed = o.freed[:0]
	o.hold = max(1, o.ring.seg.ahead()/freeShare)
	o.run.stats.delivered.Store(o.delivered)
}

// settle leaves nothing behind before the outlet sleeps.
func (o *Outlet[T]) settle() {
	if len(o.freed) > 0 {
		o.flush()
	}
	for s := o.ring.seg; s != nil; s = s.parent {
		s.nudge()
	}
}

// single is the puller of a group whose one worker takes items one by one.
type single[T any] struct {
	x   *Exec
	out *Outlet[T]
	do  Handler[T]
	// Of a stage with batches: pause says how long to wait for a further item,
	// and lull what to do when none came.
	pause func() time.Duration
	check func() // called behind each item
	lull  func()
}

func (s *single[T]) serve() {
	x := s.x
	x.atGate()
	for {
		x.out.flush()
		wait := time.Duration(-1)
		if s.pause != nil {
			wait = s.pause()
		}
		it, a := s.out.next(wait)
		switch a {
		case arrived:
			x.slot = it.Slot
			if it.State == Live {
				s.do(x, it.Val)
			} else {
				x.passBy(it.Slot, it.State)
			}
			if s.check != nil {
				s.check()
			}
		case timedOut:
			s.lull()
		case ended:
			if s.lull != nil {
				s.lull()
			}
			x.g.finish()
			return
		case cutOff:
			return
		}
	}
}

func (s *single[T]) relieve() {}
func (s *single[T]) release() {}
