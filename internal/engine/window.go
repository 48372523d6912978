package engine

import "time"

// window is the puller of a worker that has several inputs in hand: it takes
// more while the outcomes of the others are awaited.
type window[T any] struct {
	x     *Exec
	ring  *Ring[T]
	do    Handler[T]
	batch []Item[T] // what it took, from next to n
	next  int
	n     int
}

// severalTask is the stage's part of such a worker.
type severalTask interface {
	room() int
	holding() bool
	collectReturned(room int) int
	hasReturned() bool
	turn()
	handOn()
}

func (p *window[T]) serve() {
	x, h := p.x, p.x.task.(severalTask)
	x.atGate()
	for {
		h.handOn()
		x.tally.tell()
		p.work() // what a crash has left
		if x.leaving && !h.holding() {
			return
		}
		job, over := p.take(h)
		if over {
			return
		}
		if job != nil {
			job(x)
			x.out.flush()
			continue
		}
		p.work()
		if h.holding() {
			h.turn()
		}
	}
}

// work takes what is left of the batch through the steps before the stage. What
// does not come to it is handed on, for it may be long until something else is.
func (p *window[T]) work() {
	if p.next == p.n {
		return
	}
	for p.next < p.n {
		it := p.batch[p.next]
		p.batch[p.next] = Item[T]{}
		p.next++
		p.x.slot = it.Slot
		if it.State == Live {
			p.do(p.x, it.Val)
		} else {
			p.x.passBy(it.Slot, it.State)
		}
	}
	p.x.out.flush()
}

// take takes as many items as there is room for. With nothing in hand it waits
// for them, and takes a job before them; with something it takes none while a
// job waits, so that the job's turn comes.
func (p *window[T]) take(h severalTask) (job func(*Exec), over bool) {
	g, x := p.x.g, p.x
	g.mu.Lock()
	for !g.over {
		holds := h.holding()
		if holds && g.jobs.len() > 0 {
			g.mu.Unlock()
			return nil, false
		}
		if job := g.jobs.pop(); job != nil {
			g.unlockAndWake(p.more(h))
			return job, false
		}
		room := h.room()
		took := h.collectReturned(room)
		if room -= took; room > 0 {
			for len(p.batch) < room {
				p.batch = append(p.batch, Item[T]{})
			}
			p.next, p.n = 0, p.ring.takeLocked(p.batch[:room])
			took += p.n
			x.tally.begun += int64(p.n)
		}
		p.takes(took)
		if took > 0 || holds {
			g.unlockAndWake(p.more(h))
			p.ring.cut(p.batch[p.next:p.n])
			return nil, false
		}
		p.settles()
		g.rest(&x.waiter)
		if p.more(h) {
			g.unrest(&x.waiter)
			continue
		}
		g.mu.Unlock()
		x.out.idle()
		x.waiter.park(-1)
		g.mu.Lock()
		g.arrived()
	}
	g.mu.Unlock()
	return nil, true
}

// takes has the worker be at work if it was not, with n inputs for a beginning.
func (p *window[T]) takes(n int) {
	if t := &p.x.tally; n > 0 && t.since.Load() == 0 {
		t.take(p.x.g.run.now(), n, -1)
	}
}

// settles says that the worker has nothing in hand any more.
func (p *window[T]) settles() {
	t := &p.x.tally
	if since := t.since.Load(); since != 0 {
		t.settle(max(0, p.x.g.run.now()-time.Duration(since)))
	}
	t.tell()
}

// more reports whether there is work for another worker. The caller holds mu.
func (p *window[T]) more(h severalTask) bool {
	return p.x.g.jobs.len() > 0 || h.hasReturned() || p.ring.more()
}

func (p *window[T]) relieve() {}

// release gives back what is left of the batch, so that the worker can be away.
func (p *window[T]) release() {
	p.settles()
	p.x.out.flush()
	if p.next < p.n {
		p.ring.giveBack(p.batch[p.next:p.n])
		p.x.tally.begun -= int64(p.n - p.next)
		clear(p.batch[p.next:p.n])
		p.next, p.n = 0, 0
	}
}
