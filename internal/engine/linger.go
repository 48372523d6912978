package engine

import (
	"runtime"
	"time"
)

const (
	// lingerTime is how long a goroutine of a chain of quick items that finds
	// nothing to do lets others go on and looks again before it sleeps: as long as a
	// processor that fell asleep takes to come back, on a virtual machine.
	lingerTime = 50 * time.Microsecond
	// lingerTurns is how often it looks, at most, whatever the time is.
	lingerTurns = 256
	// quickChunk is the size of chunks from which on items are that quick: one
	// takes less than 80 ns.
	quickChunk = 128
)

func (p *pace) isQuick() bool { return p.size.Load() >= quickChunk }

// linger waits for what quick neighbours are about to bring, without being parked.
// Where others keep the processors busy none falls asleep, and who lingers would
// come back later than who is woken: then it is left for a while.
type linger struct{ not int } // how often it is not to be done

// until returns when found says so, or no later than lingerTime, unless others
// have the processors for longer. It reports whether it is worth another look.
func (l *linger) until(r *Run, found func() bool) bool {
	if l.not > 0 {
		l.not--
		return false
	}
	began, took := r.now(), time.Duration(0)
	for i := 0; i < lingerTurns && took < lingerTime && !found(); i++ {
		runtime.Gosched()
		took = r.now() - began
	}
	if took > gatherTime {
		l.not = gatherLater
	}
	return true
}

// linger waits until more is pushed, see linger.until. One consumer of a ring does
// so at a time; it leaves nothing behind that others wait for. The caller holds
// the gate's mu.
func (r *Ring[T]) linger() bool {
	g := r.gate
	if g.lingering {
		return false
	}
	at := r.pub.Load()
	g.lingering = true
	g.reopen()
	g.mu.Unlock()
	again := g.linger.until(r.seg.run, func() bool { return r.pub.Load() != at })
	g.mu.Lock()
	g.lingering = false
	g.reopen()
	return again
}

// lingers is linger of an outlet, if those who push to it have quick items.
func (o *Outlet[T]) lingers() bool {
	if len(o.ring.upstream) == 0 {
		return false
	}
	for _, g := range o.ring.upstream {
		if !g.pace.isQuick() {
			return false
		}
	}
	o.gate.mu.Unlock()
	o.settle()
	o.gate.mu.Lock()
	if o.meter != nil {
		return o.ring.linger()
	}
	return o.run.parts.rests.during(o.ring.linger)
}

// lingers has the head wait for credit, where items are as quick. The caller holds mu.
func (s *Segment) lingers() {
	if s.limit <= mostAhead || s.parent != nil {
		return
	}
	s.mu.Unlock()
	s.rests.during(func() bool {
		return s.linger.until(s.run, func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.taken < s.limit || s.ending()
		})
	})
	s.mu.Lock()
}
