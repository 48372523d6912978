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
	// lingerTurns is how often it lets others go on, at most, whatever the time is.
	lingerTurns = 256
	// mostVain is how often in a row it may find nothing: from then on it is left
	// once more each time.
	mostVain = 16
	// quickChunk is the size of chunks from which on items are that quick: one
	// takes less than 100 ns, by chunkTime.
	quickChunk = mostChunk
)

func (p *pace) isQuick() bool { return p.size.Load() >= quickChunk }

// linger waits for what quick neighbours are about to bring, without being parked.
// Where others keep the processors busy none falls asleep, and who lingers would
// come back later than who is woken: then it is left for a while. So it is where
// nothing comes, time after time.
type linger struct {
	not  int // how often it is not to be done
	vain int // how often in a row nothing came
}

// due reports whether it is to be done this time.
func (l *linger) due() bool {
	if l.not > 0 {
		l.not--
		return false
	}
	return true
}

// until returns when found says so, or no later than lingerTime, unless others
// have the processors for longer. It returns what found said at last.
func (l *linger) until(r *Run, found func() bool) bool {
	began, took := r.now(), time.Duration(0)
	there := found()
	for i := 0; !there && i < lingerTurns && took < lingerTime; i++ {
		runtime.Gosched()
		took = r.now() - began
		there = found()
	}
	l.vain++
	if there {
		l.vain = 0
	}
	l.not = max(0, min(l.vain-mostVain, yieldLater))
	if took > yieldTime {
		l.not = yieldLater
	}
	return there
}

// linger waits until more is pushed, see linger. One consumer of a ring does so at
// a time, and not if there is something already. The caller holds the gate's mu.
func (r *Ring[T]) linger() bool {
	g := r.gate
	at, others := r.pub.Load(), g.others.Load()
	if r.more() || r.complete.Load() {
		return true
	}
	g.lingering = true
	g.reopen()
	g.mu.Unlock()
	found := g.linger.until(r.seg.run, func() bool { return r.pub.Load() != at || g.others.Load() != others })
	g.mu.Lock()
	g.lingering = false
	g.reopen()
	return found
}

// lingers reports whether a consumer is to linger. The caller holds mu.
func (g *gate) lingers() bool { return !g.lingering && g.linger.due() }

// lingers has the outlet linger, if those who push to it have quick items. The
// caller holds the gate's mu; if lingers returns true it was unlocked meanwhile.
func (o *Outlet[T]) lingers() bool {
	if len(o.ring.upstream) == 0 {
		return false
	}
	for _, g := range o.ring.upstream {
		if !g.pace.isQuick() {
			return false
		}
	}
	if !o.gate.lingers() {
		return false
	}
	o.gate.mu.Unlock()
	o.settle()
	o.gate.mu.Lock()
	switch {
	case o.ring.more() || o.ring.complete.Load() || o.run.halted.Load(): // came meanwhile
	case o.meter != nil:
		o.ring.linger()
	default:
		o.run.parts.rests.during(o.ring.linger)
	}
	return true
}

// lingers has the head wait for credit, where items are as quick. The caller
// holds mu.
func (s *Segment) lingers() {
	if s.fixed || s.limit <= max(s.least, mostAhead) || s.parent != nil || !s.linger.due() {
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
