package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// waiter is a parked goroutine. It is woken once for each time it parked. It has
// no channel, so that it needs no memory of its own.
type waiter struct {
	mu    sync.Mutex
	cond  sync.Cond
	woken bool
	late  bool
	turn  int // how often it parked
}

// fewWorkers is how many workers a stage has room for in itself.
const fewWorkers = 4

// gate is where the consumers of a ring wait for items. Its lock is the
// consumers' lock of the ring. One waiter is woken at a time, the last that
// came first; who was woken wakes the next when it leaves items behind.
type gate struct {
	mu   sync.Mutex
	idle []*waiter
	few  [fewWorkers]*waiter // room of idle, for as many
	// open says that a push should call: somebody waits or may be spawned, and
	// nobody is being woken already.
	open   atomic.Bool
	waking bool
	// lingering says that a consumer looks for items without being parked.
	lingering bool
	linger    linger
	others    atomic.Int64 // what came that was not pushed: jobs, items given back, the end
	group     *Group       // whose workers wait here; nil: an outlet does
	spare     bool         // group may start a further worker
}

// call wakes a consumer, if one waits, and reports that. Producers call it after
// each push.
func (g *gate) call() bool {
	if !g.open.Load() {
		return false
	}
	g.mu.Lock()
	w := g.pick()
	g.mu.Unlock()
	w.signal()
	return w != nil
}

// pick chooses who is woken next. The caller holds mu and signals it after.
func (g *gate) pick() *waiter {
	if g.waking {
		return nil
	}
	if n := len(g.idle); n > 0 {
		w := g.idle[n-1]
		g.idle[n-1] = nil
		g.idle = g.idle[:n-1]
		g.waking = true
		g.open.Store(false)
		return w
	}
	if g.spare {
		if g.group.spawnLocked() {
			g.waking = true
			g.open.Store(false)
		} else {
			g.spare = false
		}
	}
	return nil
}

// arrived ends a wake: the consumer under mu looks for items itself now.
func (g *gate) arrived() {
	g.waking = false
	g.reopen()
}

// reopen has pushes call again, if there is anybody to call. The caller holds mu.
func (g *gate) reopen() {
	g.open.Store(!g.waking && !g.lingering && (len(g.idle) > 0 || g.spare))
}

// rest parks w; the caller holds mu and unlocks it after.
func (g *gate) rest(w *waiter) {
	if g.idle == nil {
		g.idle = g.few[:0]
	}
	g.idle = append(g.idle, w)
	g.reopen()
}

// unrest takes w back from the waiters and reports whether it was there; if
// not, a signal to it is on its way. The caller holds mu.
func (g *gate) unrest(w *waiter) bool {
	i := slices.Index(g.idle, w)
	if i < 0 {
		return false
	}
	g.idle = slices.Delete(g.idle, i, i+1)
	g.reopen()
	return true
}

// all wakes everyone, for an end.
func (g *gate) all() {
	var few [fewWorkers]*waiter
	g.mu.Lock()
	idle := append(few[:0], g.idle...)
	clear(g.idle)
	g.idle = g.idle[:0]
	g.others.Add(1)
	g.reopen()
	g.mu.Unlock()
	for _, w := range idle {
		w.signal()
	}
}

func (w *waiter) signal() {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.woken = true
	w.mu.Unlock()
	w.cond.Signal()
}

// park waits for the signal, at most for d if d is not negative, and reports
// whether it came. One goroutine parks at a time.
func (w *waiter) park(d time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cond.L = &w.mu
	w.late = false
	w.turn++
	if d >= 0 && !w.woken {
		turn := w.turn
		t := time.AfterFunc(d, func() { w.expire(turn) })
		defer t.Stop()
	}
	for !w.woken && !w.late {
		w.cond.Wait()
	}
	came := w.woken
	w.woken = false
	return came
}

// expire ends a parking whose time is over.
func (w *waiter) expire(turn int) {
	w.mu.Lock()
	w.late = w.late || w.turn == turn
	w.mu.Unlock()
	w.cond.Signal()
}
