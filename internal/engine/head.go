package engine

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Head runs the source of a run in a goroutine of its own.
type Head[T any] struct {
	run     *Run
	seg     *Segment
	ring    *Ring[T]
	own     Ring[T]   // that ring is, unless it is another's
	flow    border[T] // behind it
	door    *door[T]  // of a serial run, in the place of ring
	origins *Store[T] // nil if Decode makes the items
	store   Store[T]  // that origins is, unless it is another's
	source  func(context.Context, *Emitter[T]) error
	emitter Emitter[T]
	done    chan struct{}
	name    atomic.Pointer[[]byte] // of its goroutine
	called  []byte                 // the name that it begins with
	room    [64]byte               // of that
	clean   bool
	once    sync.Once
}

// Emitter takes the items of a source, from one goroutine.
type Emitter[T any] struct {
	h     *Head[T]
	place *Place
	lines []T      // room for those of a text
	lane  *lane[T] // of a source that is merged with others: the rest is unused then
}

// anyHead is a head whose type the run need not know.
type anyHead interface {
	start()
	abandon()
	finished() <-chan struct{}
	read() int64
}

// Source begins a chain. With keeps it keeps the items, in the store.
func Source[T any](r *Run, source func(context.Context, *Emitter[T]) error, keeps bool) (*Flow[T], *Store[T]) {
	h := &Head[T]{run: r, seg: newSegment(r, nil), source: source, done: make(chan struct{})}
	h.emitter.h = h
	if keeps {
		h.origins = &h.store
		h.seg.stores = append(h.seg.stores, h.origins)
	}
	if r.serial != nil {
		r.serial.source = h.serially
		return &Flow[T]{seg: h.seg, origin: &originOf[T]{serials: func(mk maker[T]) { h.door = newDoor(h.seg, mk) }}}, h.origins
	}
	r.heads = append(r.heads, h)
	return h.flow.begin(h.seg, func(g *gate) *Ring[T] {
		h.ring = &h.own
		h.ring.join(h.seg, g)
		cutsTexts(h)
		return h.ring
	}), h.origins
}

func (h *Head[T]) start() { go h.main() }

func (h *Head[T]) finished() <-chan struct{} { return h.done }

// read returns how many items were read so far.
func (h *Head[T]) read() int64 { return h.ring.pub.Load() &^ closedBit }

func (h *Head[T]) main() {
	defer h.end()
	named := h.run.naming.name(h.run.ctx, "source", 0)
	defer named()
	h.called = nameIn(h.room[:])
	h.name.Store(&h.called)
	if ready := h.run.allReady; ready != nil {
		<-ready
	}
	if !h.run.closing.Load() {
		h.run.parts.flows.Store(int64(h.run.now()))
		h.run.sourceEnded(h.source(h.run.sourceCtx, &h.emitter))
	}
	h.clean = true
}

// end runs when the source has returned, or crashed.
func (h *Head[T]) end() {
	if !h.clean {
		h.run.sourceEnded(h.run.caught(recover()))
	}
	h.run.parts.read(h.run)
	h.seg.end(h.ring.closing())
	close(h.done)
}

// abandon gives the source up that has not come back: it can make no item now.
func (h *Head[T]) abandon() {
	total := h.ring.closing()
	h.once.Do(func() {
		h.run.Note(h.run.faults.Stuck(StuckCall{Stage: "source", Index: -1, Stack: goroutineStack(*h.name.Load())}))
	})
	h.seg.end(total)
}

// One hands an item to the run; false means that the source is to return.
func (e *Emitter[T]) One(item T) bool {
	if e.lane != nil {
		return e.lane.one(item)
	}
	s := e.h.seg
	slot, ok := s.next()
	if !ok {
		return false
	}
	*s.spots.At(slot) = spot{s.seq, e.place}
	if e.h.origins != nil {
		*e.h.origins.At(slot) = item
	}
	it := Item[T]{Val: item, Slot: slot, State: Live}
	if e.h.door != nil {
		return e.h.direct(it)
	}
	if !e.h.ring.push(it) {
		return false
	}
	s.seq++
	return s.await()
}

// Many hands items to the run, as many at once as there is room for.
func (e *Emitter[T]) Many(items []T) bool {
	if e.lane != nil {
		return e.lane.many(items)
	}
	h, s := e.h, e.h.seg
	if h.door != nil {
		return !slices.ContainsFunc(items, func(item T) bool { return !e.One(item) })
	}
	for len(items) > 0 {
		slots, ok := s.several(len(items))
		if !ok {
			return false
		}
		for i, slot := range slots {
			at := s.spots.At(slot)
			at.seq = s.seq + int64(i)
			if at.place != e.place {
				at.place = e.place
			}
		}
		if h.origins != nil {
			h.origins.set(slots, items)
		}
		s.seq += int64(len(slots))
		if !h.ring.publish(slots, items) {
			return false
		}
		items = items[len(slots):]
	}
	return s.await()
}

// Places sets how the places of the items from here on are named.
func (e *Emitter[T]) Places(name func(n int64) string) {
	if e.lane != nil {
		e.lane.places(name)
		return
	}
	e.place = nil
	if name != nil {
		e.place = &Place{First: e.h.seg.seq, Name: name}
	}
}

// Total says how much there is to be read, in which unit.
func (e *Emitter[T]) Total(n int64, unit string) {
	of := &inItems
	if unit != inItems {
		own := unit
		of = &own
	}
	e.h.run.parts.unit.Store(of)
	e.h.run.parts.total.Store(n)
}

// inItems is the unit of most sources that know a total.
var inItems = "items"

// Advance says that n more of it were read.
func (e *Emitter[T]) Advance(n int64) { e.h.run.parts.position.Add(n) }

// awaitSource waits for the source, and no longer than Grace once it must end.
func (r *Run) awaitSource(h anyHead) {
	select {
	case <-h.finished():
	default:
		t := time.NewTimer(Grace)
		defer t.Stop()
		select {
		case <-h.finished():
		case <-t.C:
			h.abandon()
		}
	}
}
