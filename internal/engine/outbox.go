package engine

// outbox gathers what a worker hands on until its chunk is done.
type outbox[T any] struct {
	x    *Exec
	ring *Ring[T]
	buf  []Item[T] // replaced only between chunks, see puller.relieve
	n    int       // items in buf
	sent int       // of those, already handed on by who relieved the worker

	first [leastRoom]Item[T]
}

// anyOutbox is an outbox whose type the worker need not know.
type anyOutbox interface {
	pass(slot int32, s State)
	reserve(n int)
	flush()
	flushUpTo(n int) (woke bool)
	idle()     // the worker is about to sleep
	held() int // what flush would count
	// holds reports whether what came of the i-th item of the chunk in hand is
	// still here, and so the item's slot its own. The worker itself calls it.
	holds(i int) bool
}

// into makes handlers that end in r.
func into[T any](r *Ring[T]) maker[T] {
	put := func(x *Exec, v T) {
		x.out.(*outbox[T]).add(Item[T]{Val: v, Slot: x.slot, State: Live})
	}
	return func(x *Exec) Handler[T] {
		o, seated := x.out.(*outbox[T])
		if !seated {
			o = new(outbox[T])
		}
		o.x, o.ring = x, r
		x.out = o
		return put
	}
}

func (o *outbox[T]) pass(slot int32, s State) {
	o.add(Item[T]{Slot: slot, State: s})
}

func (o *outbox[T]) add(it Item[T]) {
	if o.n == len(o.buf) { // a job with several items: nobody relieves it
		o.grow(max(leastRoom, 2*len(o.buf)))
	}
	o.buf[o.n] = it
	o.n++
	o.x.fresh = 1
}

// reserve makes room for n items, so that buf stays where it is.
func (o *outbox[T]) reserve(n int) {
	if len(o.buf) < n {
		o.grow(n)
	}
}

func (o *outbox[T]) grow(n int) {
	buf := o.first[:]
	if n > leastRoom {
		buf = make([]Item[T], n)
		copy(buf, o.buf[:o.n])
		clear(o.buf[:o.n]) // it may be first, which stays
	}
	o.buf = buf
}

func (o *outbox[T]) idle()     {}
func (o *outbox[T]) held() int { return o.n }

func (o *outbox[T]) holds(i int) bool { return i >= o.sent && i < o.n }

// flush hands on what there is.
func (o *outbox[T]) flush() {
	o.x.woke = o.flushUpTo(o.n) || o.x.woke
	o.x.tally.handed += int64(o.n)
	clear(o.buf[:o.n])
	o.n, o.sent = 0, 0
}

// flushUpTo hands on the first n items and keeps their places.
func (o *outbox[T]) flushUpTo(n int) (woke bool) {
	if n > o.sent {
		woke = o.ring.pushAll(o.buf[o.sent:n])
		o.sent = n
	}
	return woke
}
