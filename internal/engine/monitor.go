package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// tick is how long a worker may be held up before its chunk is taken from it.
const tick = time.Millisecond

// monitor relieves workers that are held up in a chunk. It sleeps while every
// chunk is of one item, for then there is nothing to take.
type monitor struct {
	awake atomic.Bool
	mu    sync.Mutex // one look at a time
	timer *time.Timer
	quit  bool
}

// watch is called by a worker that has begun a chunk of several items.
func (r *Run) watch() {
	if !r.monitor.awake.Load() && r.monitor.awake.CompareAndSwap(false, true) {
		r.monitor.again(r.look)
	}
}

func (m *monitor) again(look func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.quit:
	case m.timer == nil:
		m.timer = time.AfterFunc(tick, look)
	default:
		m.timer.Reset(tick)
	}
}

func (m *monitor) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quit = true
	if m.timer != nil {
		m.timer.Stop()
	}
}

// look relieves every worker that has begun no item since the last look.
func (r *Run) look() {
	m := &r.monitor
	m.awake.Store(false) // before looking: who begins a chunk now is seen, or wakes the monitor
	m.mu.Lock()
	busy := false
	for _, g := range r.groups {
		busy = g.look() || busy
	}
	m.mu.Unlock()
	if busy && m.awake.CompareAndSwap(false, true) {
		m.again(r.look)
	}
}

func (g *Group) look() (busy bool) {
	g.mu.Lock()
	execs := g.execs
	g.mu.Unlock()
	for _, x := range execs {
		c := x.claims.Load()
		if claims(c).relievable() {
			busy = true
			if c == x.seen {
				x.pull.relieve()
			}
		}
		x.seen = c
	}
	return busy
}
