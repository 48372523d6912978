package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Look-ahead, when the user sets none: what the run delivers in about
// lookAhead, at least a few items for each worker and at most mostAhead; of items
// so quick that quickTime is enough for these, quickRow times in a row, up to
// quickAhead, or a core that fell asleep finds nothing left to do when it is back.
// What has gathered while the consumer was held up leaves as quickly, but not so
// often: it is no more than the look-ahead.
const (
	lookAhead  = 4 * time.Millisecond
	mostAhead  = 4096
	quickTime  = lookAhead / 20
	quickRow   = 4
	quickAhead = 16384
	// largestAhead is where stages that want more stop: 2 for each of 8 million
	// workers.
	largestAhead = 1 << 24
	// orderedAhead is how much larger the least look-ahead of an ordered run is:
	// most of it is not work ahead but results that wait behind a slow item.
	orderedAhead = 4
)

// Segment is a part of a chain with one goroutine, its head, at its beginning:
// the source, or a FlatMap. The head numbers the items of the segment. It holds
// one credit, a slot, for each item that has not left the segment, and that is
// what bounds the segment: only the head ever waits for room.
type Segment struct {
	run    *Run
	parent *Segment // of a FlatMap's segment
	rings  []anyRing
	stores []growing // of what is cleared when an item leaves
	basic  []growing // spots, fates and indexes, which need not be
	spots  Store[spot]
	fates  Store[fate]
	// indexes are those of the items in the source, where they are not their seqs.
	indexes *Store[int64]
	total   atomic.Int64 // items that the head made; -1 until it has ended
	enough  atomic.Bool  // nothing further of it is wanted

	mu       sync.Mutex
	free     []int32
	made     int // slots there are
	room     int // places that each ring has
	taken    int // credits that are out
	limit    int // credits there are
	least    int
	most     int
	fixed    bool // the user set the limit
	hard     int  // the limit that the head wants; 0: it follows the work
	own      int  // slots that belong to no item
	since    int  // items that left since mark
	quick    int  // how often in a row as many as there are credits left in quickTime
	mark     time.Duration
	parked   bool
	head     waiter
	stash    []int32 // credits that the head has taken for its next items
	finished bool    // the item that the source had in hand at a stop was taken
	first    [blockSize]int32
	few      struct { // room of the lists, for short chains
		rings  [2]anyRing
		stores [1]growing
		basic  [3]growing
		free   [2 * leastRoom]int32
	}
	seq    int64 // of the head's next item
	rests  rests // of the head, for want of room
	linger linger
	toHead yielder // of who wakes the head
}

func newSegment(run *Run, parent *Segment) *Segment {
	s := &Segment{run: run, parent: parent}
	s.stash, s.rings, s.stores = s.first[:0], s.few.rings[:0], s.few.stores[:0]
	s.free = s.few.free[:0]
	s.basic = append(s.few.basic[:0], &s.spots, &s.fates)
	s.rests.run = run
	s.total.Store(-1)
	run.segments = append(run.segments, s)
	return s
}

// addStore keeps a T for each item of the segment.
func addStore[T any](s *Segment) *Store[T] {
	st := new(Store[T])
	s.stores = append(s.stores, st)
	return st
}

// settle fixes the limits before the run begins: least is what the stages want.
func (s *Segment) settle(inFlight int) {
	s.least = min(max(s.least, 4), largestAhead)
	if s.parent != nil { // what is in flight here is in flight there, too
		s.parent.least += s.least
	}
	if s.run.ordered {
		s.least = min(s.least*orderedAhead, largestAhead)
	}
	s.limit, s.most = s.least, max(quickAhead, s.least)
	if inFlight > 0 {
		s.fixed, s.least, s.limit, s.most = true, inFlight, inFlight, inFlight
	}
	if s.hard > 0 {
		s.fixed, s.least, s.limit, s.most = true, s.hard, s.hard, s.hard
	}
	s.each(func(st growing) { st.reserve(s.most + s.own) })
	s.mark = s.run.now()
}

// each calls do with each store.
func (s *Segment) each(do func(growing)) {
	for _, st := range s.basic {
		do(st)
	}
	for _, st := range s.stores {
		do(st)
	}
}

// numbers has each item keep its index in the source, which is not its seq: the
// caller sees to it that it is set before it is read.
func (s *Segment) numbers() {
	s.indexes = new(Store[int64])
	s.basic = append(s.basic, s.indexes)
}

// index returns where the item in slot comes in the source.
func (s *Segment) index(slot int32) int64 {
	if s.indexes != nil {
		return *s.indexes.At(slot)
	}
	return s.spots.At(slot).seq
}

func (s *Segment) seqOf(slot int32) int64 { return s.spots.At(slot).seq }

func (s *Segment) placeOf(slot int32) *Place { return s.spots.At(slot).place }

// failure is that of the item in slot, to be read and written.
func (s *Segment) failure(slot int32) **Failure { return &s.fates.At(slot).fail }

func (s *Segment) meta(slot int32) Meta {
	return Meta{s.index(slot), s.placeOf(slot), *s.failure(slot)}
}

// next returns a slot for the head's next item, waiting for credit; it fails
// when the run has ended or is to read no more.
func (s *Segment) next() (int32, bool) {
	if s.run.closing.Load() && s.ending() && !s.finishes() {
		return 0, false
	}
	if len(s.stash) == 0 && !s.refill() && !s.finishes() {
		return 0, false
	}
	slot := s.stash[len(s.stash)-1]
	s.stash = s.stash[:len(s.stash)-1]
	return slot, true
}

// finishes sees to a slot for the item that the source had in hand when the run
// was stopped: it was read, and may be nowhere else any more.
func (s *Segment) finishes() bool {
	if s.finished || s.run.halted.Load() || s.enough.Load() {
		return false
	}
	s.finished = true
	if len(s.stash) > 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.limit {
		return false
	}
	s.fetch(1)
	return true
}

// ending reports whether the head is to make no further item.
func (s *Segment) ending() bool {
	return s.run.halted.Load() || s.enough.Load() || s.parent == nil && s.run.stopped.Load()
}

// await waits until there is credit for a further item: the source makes none
// before.
func (s *Segment) await() bool {
	return (len(s.stash) > 0 || s.refill()) && (!s.run.closing.Load() || !s.ending())
}

// several is next for up to n items. The slots are valid until the next call.
func (s *Segment) several(n int) ([]int32, bool) {
	if len(s.stash) == 0 && !s.refill() {
		return nil, false
	}
	if s.run.closing.Load() && s.ending() {
		return nil, false
	}
	left := max(0, len(s.stash)-n)
	slots := s.stash[left:]
	s.stash = s.stash[:left]
	return slots, true
}

// stock has the stash hold n slots, if there is credit for as many.
func (s *Segment) stock(n int) {
	if len(s.stash) >= n {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if room := s.limit - s.taken; room > 0 && !s.ending() {
		s.fetch(min(room, max(blockSize, n-len(s.stash))))
	}
}

func (s *Segment) refill() bool {
	s.mu.Lock()
	if s.taken >= s.limit && !s.ending() {
		s.lingers()
	}
	for s.taken >= s.limit && !s.ending() {
		s.parked = true
		s.mu.Unlock()
		s.rests.park(&s.head, -1)
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if s.ending() { // there may be room, but it is the end that made it
		return false
	}
	s.fetch(min(s.limit-s.taken, blockSize))
	return true
}

// fetch puts n slots into the stash. The caller holds mu.
func (s *Segment) fetch(n int) {
	s.taken += n
	left, all := max(0, len(s.free)-n), len(s.stash)+n
	s.stash = append(s.stash, s.free[left:]...)
	s.free = s.free[:left]
	for len(s.stash) < all {
		s.stash = append(s.stash, s.make())
	}
}

// make adds a slot, and room for it everywhere.
func (s *Segment) make() int32 {
	if s.made%blockSize == 0 {
		s.each(func(st growing) { st.grow(s.made / blockSize) })
	}
	s.made++
	if s.made > s.room {
		s.room = max(8, 2*s.room)
		s.free = slices.Grow(s.free, s.room)
		for _, r := range s.rings {
			r.grow(s.room)
		}
	}
	return int32(s.made - 1)
}

// leave ends the stay of items in the segment, and that of the items of which
// a FlatMap made them, once nothing of these is left.
func (s *Segment) leave(slots []int32) {
	if s.parent != nil {
		var done []int32
		for _, slot := range slots {
			if p := s.fates.At(slot).parent; s.parent.fates.At(p).refs.Add(-1) == 0 {
				done = append(done, p)
			}
		}
		s.parent.leave(done)
	}
	s.release(slots)
}

// release gives back the credits of items that have left the segment.
func (s *Segment) release(slots []int32) {
	if len(slots) == 0 {
		return
	}
	for _, st := range s.stores {
		st.clear(slots)
	}
	s.mu.Lock()
	s.free = append(s.free, slots...)
	s.taken -= len(slots)
	s.since += len(slots)
	if s.since >= s.limit && !s.fixed {
		s.measure()
	}
	wake := s.parked && s.limit-s.taken >= max(1, s.limit/4)
	if wake {
		s.parked = false
	}
	s.mu.Unlock()
	if wake {
		s.head.signal()
		s.toHead.wait(s.run, s.run.crowded) // or the head waits here until the releasing side runs dry
	}
}

// ahead returns the look-ahead as it is now.
func (s *Segment) ahead() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// measure sets the look-ahead by the time that the last items took to leave.
func (s *Segment) measure() {
	now := s.run.now()
	took := (now - s.mark) * time.Duration(s.limit) / time.Duration(s.since)
	s.quick++
	if took >= quickTime {
		s.quick = 0
	}
	switch {
	case s.quick >= quickRow:
		s.limit = min(4*s.limit, s.most)
	case took < lookAhead/2:
		s.limit = max(s.limit, min(2*s.limit, mostAhead))
	case took > 2*lookAhead || s.limit > mostAhead:
		s.limit = max(s.limit/2, s.least)
	}
	s.since, s.mark = 0, now
}

// nudge wakes the head if there is any credit: whoever frees credits calls it
// before it goes to sleep itself.
func (s *Segment) nudge() {
	s.mu.Lock()
	wake := s.parked && (s.limit > s.taken || s.ending())
	if wake {
		s.parked = false
	}
	s.mu.Unlock()
	if wake {
		s.head.signal()
	}
}

// wakeHead wakes the head whether there is credit or not, for an end.
func (s *Segment) wakeHead() {
	s.mu.Lock()
	wake := s.parked
	s.parked = false
	s.mu.Unlock()
	if wake {
		s.head.signal()
	}
}

// end fixes the number of items: the head makes no more.
func (s *Segment) end(total int64) {
	if !s.total.CompareAndSwap(-1, total) {
		return
	}
	for _, r := range s.rings {
		r.recheck()
	}
}
