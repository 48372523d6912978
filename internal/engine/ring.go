package engine

import (
	"sync"
	"sync/atomic"
)

// closedBit in Ring.pub refuses every further push.
const closedBit = 1 << 62

// Ring is the bounded channel between two parts of a chain. Producers push
// items, consumers take as many at once as they choose. It needs no test for
// being full: every item in it holds a credit of its segment, and a ring has at
// least as many places as its segment has credits.
type Ring[T any] struct {
	seg  *Segment
	gate *gate // of the consumers

	pmu sync.Mutex // producers, where there may be several
	buf []Item[T]  // len is a power of two; changed under pmu and gate.mu
	_   [64]byte
	pub atomic.Int64 // items pushed, with closedBit
	_   [64]byte

	// Under gate.mu.
	head  int64     // items taken
	crowd bool      // several workers take the items, and may cut them; it never changes
	back  []Item[T] // given back by a worker; taken first

	gone     atomic.Int64 // items that were kept by who would have pushed them
	upstream []*Group     // who pushes
	complete atomic.Bool
	cuts     cuts[T] // of the ring behind a source of lines

	first [leastRoom]Item[T] // room of buf, at first
}

func newRing[T any](seg *Segment, g *gate) *Ring[T] {
	r := new(Ring[T])
	r.join(seg, g)
	return r
}

// join makes the ring one of seg, whose consumers wait at g.
func (r *Ring[T]) join(seg *Segment, g *gate) {
	r.seg, r.gate = seg, g
	seg.rings = append(seg.rings, r)
}

// push adds one item. Only the head of a segment calls it, on its first ring.
func (r *Ring[T]) push(it Item[T]) bool {
	t := r.pub.Load()
	if t&closedBit != 0 {
		return false
	}
	r.buf[t&int64(len(r.buf)-1)] = it
	if !r.pub.CompareAndSwap(t, t+1) {
		return false // closed meanwhile
	}
	r.gate.call()
	return true
}

// publish pushes as many values as there are slots. Like push it is for the head.
func (r *Ring[T]) publish(slots []int32, values []T) bool {
	t := r.pub.Load()
	if t&closedBit != 0 {
		return false
	}
	values = values[:len(slots)]
	buf, mask := r.buf, int64(len(r.buf)-1)
	for i, slot := range slots {
		it := &buf[(t+int64(i))&mask]
		it.Val, it.Slot, it.State = values[i], slot, Live
	}
	if !r.pub.CompareAndSwap(t, t+int64(len(slots))) {
		return false // closed meanwhile
	}
	r.gate.call()
	return true
}

// pushAll adds items of a worker, and reports whether it woke who takes them.
func (r *Ring[T]) pushAll(items []Item[T]) (woke bool) {
	if len(items) == 0 {
		return false
	}
	r.pmu.Lock()
	t := r.pub.Load()
	at := t & int64(len(r.buf)-1)
	n := copy(r.buf[at:], items)
	copy(r.buf, items[n:])
	t += int64(len(items))
	r.pub.Store(t)
	r.pmu.Unlock()
	woke = r.gate.call()
	r.check(t)
	return woke
}

// check completes the ring once all items of the segment have come through.
func (r *Ring[T]) check(pushed int64) {
	if pushed+r.gone.Load() == r.seg.total.Load() && !r.complete.Swap(true) {
		for _, g := range r.upstream {
			g.finish()
		}
		r.gate.all()
	}
}

// closing refuses further pushes and returns how many there were.
func (r *Ring[T]) closing() int64 {
	for {
		t := r.pub.Load()
		if t&closedBit != 0 || r.pub.CompareAndSwap(t, t|closedBit) {
			return t &^ closedBit
		}
	}
}

func (r *Ring[T]) recheck() { r.check(r.pub.Load() &^ closedBit) }

// waitingLocked returns how many items may be taken.
func (r *Ring[T]) waitingLocked() int {
	return len(r.back) + int(r.pub.Load()&^closedBit-r.head)
}

// more reports whether any item may be taken. The caller holds the gate's mu.
func (r *Ring[T]) more() bool { return r.waitingLocked() > 0 }

// takeLocked moves up to len(dst) items into dst, those given back first.
func (r *Ring[T]) takeLocked(dst []Item[T]) int {
	got := 0
	if len(r.back) > 0 {
		got = copy(dst, r.back)
		left := copy(r.back, r.back[got:])
		clear(r.back[left:])
		r.back = r.back[:left]
	}
	n := min(int(r.pub.Load()&^closedBit-r.head), len(dst)-got)
	if n <= 0 {
		return got
	}
	at := int(r.head) & (len(r.buf) - 1)
	first := min(n, len(r.buf)-at)
	copy(dst[got:], r.buf[at:at+first])
	clear(r.buf[at : at+first])
	copy(dst[got+first:], r.buf[:n-first])
	clear(r.buf[:n-first])
	r.head += int64(n)
	if r.crowd {
		r.divide(dst[got : got+n])
	}
	return got + n
}

// giveBack returns items that a worker has taken but not begun.
func (r *Ring[T]) giveBack(items []Item[T]) {
	if len(items) == 0 {
		return
	}
	r.gate.mu.Lock()
	r.back = append(r.back, items...)
	r.gate.others.Add(1)
	r.gate.mu.Unlock()
	r.gate.call()
}

// grow gives the ring at least n places. Only the segment's head calls it.
func (r *Ring[T]) grow(n int) {
	r.pmu.Lock()
	defer r.pmu.Unlock()
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	if len(r.buf) >= n {
		return
	}
	size := max(leastRoom, len(r.buf))
	for size < n {
		size *= 2
	}
	buf := r.first[:]
	if size > leastRoom {
		buf = make([]Item[T], size)
	}
	for i := r.head; i < r.pub.Load()&^closedBit; i++ {
		buf[i&int64(size-1)] = r.buf[i&int64(len(r.buf)-1)]
	}
	clear(r.buf) // it may be first, which stays
	r.buf = buf
}

// rings of a segment, whatever their type.
type anyRing interface {
	grow(n int)
	recheck()
}
