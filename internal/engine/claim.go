package engine

import (
	"runtime"
	"time"
)

// A worker's claims, in one word: how many items of its chunk it has begun, how
// many results it has complete, how many items the chunk has. Both the worker
// and who relieves it change the word with one atomic operation, so that an
// item is always either begun or given back, never both.
const (
	oneBegun   = 1
	oneResult  = 1 << 20
	oneItem    = 1 << 40
	countMask  = 1<<20 - 1
	cutBit     = 1 << 62
	resultsPos = 20
	itemsPos   = 40
)

type claims uint64

func (c claims) begun() int   { return int(c & countMask) }
func (c claims) results() int { return int(c >> resultsPos & countMask) }
func (c claims) items() int   { return int(c >> itemsPos & countMask) }
func (c claims) isCut() bool  { return c&cutBit != 0 }
func (c claims) taken() int   { return min(c.begun(), c.items()) } // as far as it will not be given back

// relievable says whether there is something that others could take: what has
// not been begun, or results that wait for the rest of the chunk.
func (c claims) relievable() bool {
	return !c.isCut() && c.items() > 1 && c.begun() <= c.items() && (c.begun() < c.items() || c.results() > 0)
}

// cutHere is c with no items beyond those begun.
func (c claims) cutHere() claims {
	return c&^(countMask<<itemsPos) | claims(c.begun())<<itemsPos | cutBit
}

// puller takes chunks of a ring and works them off. Without a ring it works
// the group's jobs only.
type puller[T any] struct {
	x     *Exec
	ring  *Ring[T]
	do    Handler[T]
	batch []Item[T]     // the chunk in hand; replaced only between chunks
	taken int           // how many items it had at first; 0 after a crash in it
	jobs  int           // in hand since the clock was looked at
	place *Place        // of the item in hand, if it is one
	quick bool          // the jobs before were
	last  time.Duration // when what was in hand before was done; 0 if the worker has waited since
	turn  time.Duration // when it last let others have the processor
	yield bool          // it is time to do so again
	first [leastRoom]Item[T]
}

// serve works until the group is over. After a crash it goes on with the rest
// of the chunk in hand.
func (p *puller[T]) serve() {
	p.x.atGate()
	p.taken, p.last = 0, 0
	p.work()
	for {
		p.x.out.flush()
		p.x.fresh = 0
		if p.x.leaving {
			if p.jobs > 0 {
				p.settle(0)
			}
			p.x.tally.catchUp(&p.x.g.latencies)
			return
		}
		if p.jobs == 0 && p.x.tally.untold == 0 {
			p.x.tally.catchUp(&p.x.g.latencies)
		}
		if p.yield {
			p.yield = false
			runtime.Gosched()
		}
		n, job := p.take()
		switch {
		case job != nil:
			p.beginJob()
			job(p.x)
			p.endJob()
		case n > 0:
			if p.jobs > 0 {
				p.settle(0)
			}
			p.ring.cut(p.batch[:n])
			p.begin(n)
			p.x.claims.Store(uint64(n) * oneItem)
			if p.x.g.run.halted.Load() { // who halted may have looked before
				p.x.cut()
			}
			if n > 1 {
				p.x.g.run.watch()
			}
			p.work()
		default:
			if p.jobs > 0 {
				p.settle(0)
			}
			p.x.tally.catchUp(&p.x.g.latencies)
			return
		}
	}
}

// work works off the items of the chunk that nobody has claimed.
func (p *puller[T]) work() {
	x := p.x
	for {
		c := claims(x.claims.Add(oneBegun + x.fresh*oneResult))
		x.fresh = 0
		i := c.begun() - 1
		if i >= c.items() {
			if c.isCut() {
				x.awaitRelief()
			}
			now := x.g.run.now()
			if p.taken == 1 { // the accounts have time
				x.out.flush()
				if x.woke && now-p.turn >= turnTime {
					p.turn, x.woke = now, false
					runtime.Gosched()
				}
			}
			p.settleAt(c, now)
			x.claims.Store(0)
			clear(p.batch)
			return
		}
		it := &p.batch[i]
		x.slot = it.Slot
		if it.State == Live {
			p.do(x, it.Val)
		} else {
			x.passBy(it.Slot, it.State)
		}
	}
}

// awaitRelief waits until who relieves this worker is done with its chunk.
func (x *Exec) awaitRelief() {
	x.mu.Lock()
	defer x.mu.Unlock()
}

// take waits for a chunk or a job; neither means that the group is over.
func (p *puller[T]) take() (int, func(*Exec)) {
	g, x := p.x.g, p.x
	g.mu.Lock()
	lingered := false
	for !g.over {
		if job := g.jobs.pop(); job != nil {
			g.unlockAndWake(p.more())
			return 0, job
		}
		if p.ring != nil {
			size := int(g.pace.size.Load())
			if len(p.batch) < size && p.ring.waitingLocked() > len(p.batch) {
				p.batch = p.first[:]
				if size > leastRoom {
					p.batch = make([]Item[T], size)
				}
				x.out.reserve(len(p.batch))
			}
			if n := p.ring.takeLocked(p.batch[:min(size, p.share(), len(p.batch))]); n > 0 {
				g.unlockAndWake(p.more())
				return n, nil
			}
		}
		if !lingered && p.ring != nil && g.pace.isQuick() && g.lingers() {
			lingered = true
			p.lull()
			g.mu.Unlock()
			x.out.idle()
			g.mu.Lock()
			if !g.lingering && !g.over && !p.more() { // none of these came meanwhile
				p.ring.linger()
			}
			x.tally.resting = false
			continue
		}
		g.rest(&x.waiter)
		if p.more() {
			g.unrest(&x.waiter)
			continue
		}
		p.lull()
		g.mu.Unlock()
		x.out.idle()
		x.waiter.park(-1)
		g.mu.Lock()
		x.tally.resting = false
		g.arrived()
	}
	g.mu.Unlock()
	return 0, nil
}

// lull says that the worker waits for items from here on. The caller holds mu.
func (p *puller[T]) lull() {
	if p.jobs > 0 {
		p.settle(0)
	}
	p.x.tally.resting, p.last = true, 0
}

// share is how many items a worker takes at most: of those that were given back,
// which may be as slow as what held that worker up, as many as each could have.
// The caller holds mu.
func (p *puller[T]) share() int {
	back := len(p.ring.back)
	if back == 0 {
		return mostChunk
	}
	g := p.x.g
	return 1 + back/(1+len(g.idle)+g.spec.Workers-g.started)
}

// more reports whether there is work for another worker. The caller holds mu.
func (p *puller[T]) more() bool {
	return p.x.g.jobs.len() > 0 || p.ring != nil && p.ring.more()
}

// relieve takes from a worker that is held up what it has not begun, and hands
// on what it has finished. Others call it; it never waits for the worker.
func (p *puller[T]) relieve() {
	x := p.x
	x.mu.Lock()
	defer x.mu.Unlock()
	c := claims(x.claims.Load())
	n, all := c.begun(), c.items()
	if n == 0 || !c.relievable() {
		return
	}
	if !x.claims.CompareAndSwap(uint64(c), uint64(c.cutHere())) {
		return // it moves
	}
	x.out.flushUpTo(c.results())
	p.ring.giveBack(p.batch[n:all])
}

// cut ends the chunk behind the item in hand, for an end of the run.
func (x *Exec) cut() {
	for {
		c := claims(x.claims.Load())
		if c.begun() >= c.items() || c.isCut() {
			return
		}
		if x.claims.CompareAndSwap(uint64(c), uint64(c.cutHere())) {
			return
		}
	}
}

// release gives back the rest of the chunk, so that the worker can be away.
func (p *puller[T]) release() {
	x := p.x
	x.mu.Lock()
	defer x.mu.Unlock()
	c := claims(x.claims.Swap(0))
	x.fresh = 0
	p.settle(c)
	x.out.flush()
	x.tally.catchUp(&x.g.latencies)
	if n := c.begun(); n < c.items() {
		p.ring.giveBack(p.batch[n:c.items()])
	}
	clear(p.batch)
}
