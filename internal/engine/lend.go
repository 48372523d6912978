package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// What a worker's hand does besides, for items that are calls of a pool.

// take takes the call of the input in hand; false means that it was dropped.
func (h *hand[In, Out]) take(c *call) bool {
	ctx, ok := c.enter(h.job.made > 0)
	if !ok {
		h.drop()
		return false
	}
	h.ctx = ctx
	return true
}

// letGo ends the work on a call that goes on elsewhere, if not over.
func (h *hand[In, Out]) letGo(c *call) {
	c.leave()
	h.ctx = h.g.run.ctx
}

// drop ends the way of an input that nobody waits for any more.
func (h *hand[In, Out]) drop() {
	h.x.drop()
	h.settled()
	h.ctx = h.g.run.ctx
}

// retryAfter has j tried again after a wait, in which no worker is held. The
// end of a call ends its wait.
func (h *hand[In, Out]) retryAfter(wait time.Duration, j job[In]) {
	again := func(x *Exec) { x.task.(*hand[In, Out]).again(j) }
	c := h.g.run.callOf(j.slot)
	if c == nil {
		h.g.later(wait, again)
		return
	}
	turn := c.leave() // first: the next worker may be quick
	t := h.g.later(wait, again)
	c.rest(turn, func() { h.g.hasten(t, again) })
}

// hasten ends the wait of a job that later put off.
func (g *Group) hasten(t *time.Timer, job func(*Exec)) {
	g.mu.Lock()
	_, waits := g.timers[t]
	delete(g.timers, t)
	g.mu.Unlock()
	if waits && t.Stop() {
		g.add(job)
	}
}

// admit takes the calls of a batch and drops the inputs of those that are over.
// The context of the batch ends when those of all its calls have ended.
func (h *hand[In, Out]) admit(r *rest[In, Out]) bool {
	var contexts []context.Context
	h.sift(r, func(c *call) bool {
		ctx, ok := c.enter(false)
		if ok {
			contexts = append(contexts, ctx)
		}
		return ok
	})
	switch len(contexts) {
	case 0:
		return false
	case 1:
		h.ctx = contexts[0]
	default:
		h.ctx, h.part = joint(h.g.run.ctx, contexts)
	}
	return true
}

// sift drops the inputs of a batch whose calls are not to be kept.
func (h *hand[In, Out]) sift(r *rest[In, Out], keep func(*call) bool) {
	n := 0
	for i, slot := range r.slots {
		if !keep(h.g.run.callOf(slot)) {
			h.x.dropped(slot)
			continue
		}
		r.slots[n], r.ins[n] = slot, r.ins[i]
		n++
	}
	clear(r.ins[n:])
	r.slots, r.ins = r.slots[:n], r.ins[:n]
}

// joint returns a context that ends with the last of several. What must be
// called when it is no longer needed may be left out if all of them end.
func joint(run context.Context, contexts []context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(run)
	var left atomic.Int64
	left.Store(int64(len(contexts)))
	stops := make([]func() bool, len(contexts))
	for i, one := range contexts {
		stops[i] = context.AfterFunc(one, func() {
			if left.Add(-1) == 0 {
				cancel(context.Cause(one))
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(nil)
	}
}

// parted ends the context of a batch.
func (h *hand[In, Out]) parted() {
	if h.part != nil {
		h.part()
		h.part = nil
	}
	h.ctx = h.g.run.ctx
}
