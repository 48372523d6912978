package engine

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
)

// turnLength is how many items of one source go to a run at a time.
const turnLength = blockSize

// merger lets several sources hand their items to one emitter. They have turns,
// in the order in which they ask: whoever has something waits at most for one
// turn of each of the others, and nobody waits for one that has nothing.
type merger[T any] struct {
	out    *Emitter[T]
	cancel context.CancelFunc

	mu    sync.Mutex
	busy  bool      // somebody has the turn
	queue []*waiter // who waits for it
	over  bool      // the run wants no more, or a source has failed
	err   error     // of the source that failed first
}

// lane is one of the sources of a merger. Its emitter hands items to it.
type lane[T any] struct {
	*merger[T]
	emitter Emitter[T]
	waiter  waiter
	place   func(n int64) string
	n       int64        // items since place was set
	given   *Place       // of the items handed over last
	yield   func(T) bool // of a serial run: hands an item to who resumed the source
	name    chan []byte  // of its goroutine
	done    chan struct{}
}

// Merge runs sources at once and hands over what they emit as it comes. The
// first error ends them all, and is returned when they have ended.
func (e *Emitter[T]) Merge(ctx context.Context, sources []func(context.Context, *Emitter[T]) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := &merger[T]{out: e, cancel: cancel}
	lanes := make([]*lane[T], len(sources))
	for i := range lanes {
		l := &lane[T]{merger: m, name: make(chan []byte, 1), done: make(chan struct{})}
		l.emitter.lane = l
		lanes[i] = l
	}
	defer e.Places(nil)
	if e.head().run.serial != nil {
		return m.serially(ctx, lanes, sources)
	}
	for i, l := range lanes {
		go l.main(ctx, sources[i])
	}
	for _, l := range lanes {
		if e.lane == nil { // if the run gives the source up, it is for this one
			name := <-l.name
			e.h.name.Store(&name)
		}
		<-l.done
	}
	return m.err
}

// head is where the items go in the end.
func (e *Emitter[T]) head() *Head[T] {
	for e.lane != nil {
		e = e.lane.out
	}
	return e.h
}

// main calls the source, in a goroutine of its own.
func (l *lane[T]) main(ctx context.Context, source func(context.Context, *Emitter[T]) error) {
	returned := false
	defer func() {
		if !returned {
			l.ended(l.out.head().run.caught(recover()))
		}
		close(l.done)
	}()
	l.name <- goroutineName()
	l.ended(source(ctx, &l.emitter))
	returned = true
}

// ended takes what a source returned: the first error ends the others.
func (m *merger[T]) ended(err error) {
	if err == nil {
		return
	}
	m.mu.Lock()
	if m.err == nil && (!m.over || !errors.Is(err, context.Canceled)) {
		m.err = err
	}
	m.over = true
	m.mu.Unlock()
	m.cancel()
}

// turn waits for the turn of a lane, has it hand over n items, and reports
// whether there may be more.
func (l *lane[T]) turn(n int, hand func() bool) bool {
	m := l.merger
	m.mu.Lock()
	if m.busy {
		m.queue = append(m.queue, &l.waiter)
		m.mu.Unlock()
		l.waiter.park(-1)
		m.mu.Lock()
	}
	m.busy = true
	more := !m.over
	m.mu.Unlock()
	if more {
		l.named()
		l.n += int64(n)
		more = hand()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = m.over || !more
	if m.busy = len(m.queue) > 0; m.busy {
		m.queue[0].signal()
		m.queue = slices.Delete(m.queue, 0, 1)
	}
	return !m.over
}

// one is Emitter.One for a source that is merged with others.
func (l *lane[T]) one(item T) bool {
	if l.yield != nil {
		return l.yield(item)
	}
	return l.turn(1, func() bool { return l.out.One(item) })
}

// many is Emitter.Many for a source that is merged with others.
func (l *lane[T]) many(items []T) bool {
	if l.yield != nil {
		return !slices.ContainsFunc(items, func(item T) bool { return !l.yield(item) })
	}
	for chunk := range slices.Chunk(items, turnLength) {
		if !l.turn(len(chunk), func() bool { return l.out.Many(chunk) }) {
			return false
		}
	}
	return true
}

func (l *lane[T]) places(name func(n int64) string) { l.place, l.n, l.given = name, 0, nil }

// named says at the emitter behind how the next item is called.
func (l *lane[T]) named() {
	e := l.out
	switch {
	case e.lane != nil:
		e.lane.place, e.lane.n, e.lane.given = l.place, l.n, nil
		return
	case l.place == nil:
		l.given = nil
	default:
		if first := e.h.seg.seq - l.n; l.given == nil || l.given.First != first { // others had items in between
			l.given = &Place{First: first, Name: l.place}
		}
	}
	e.place = l.given
}

// serially takes an item of each source in turn, on the goroutine of the run.
func (m *merger[T]) serially(ctx context.Context, lanes []*lane[T], sources []func(context.Context, *Emitter[T]) error) error {
	resumes := make([]func() (T, bool), len(lanes))
	for i, l := range lanes {
		resume, end := iter.Pull(func(yield func(T) bool) {
			l.yield = func(item T) bool { return yield(item) && !m.over }
			m.ended(sources[i](ctx, &l.emitter))
		})
		defer end() // also if another dies
		resumes[i] = resume
	}
	for left := len(lanes); left > 0; {
		for i, l := range lanes {
			if resumes[i] == nil {
				continue
			}
			item, ok := resumes[i]()
			switch {
			case m.over:
				return m.err
			case !ok:
				resumes[i] = nil
				left--
				continue
			}
			l.named()
			l.n++
			if !m.out.One(item) {
				m.over = true
				return nil
			}
		}
	}
	return nil
}
