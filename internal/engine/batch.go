package engine

import (
	"context"
	"slices"
	"time"
)

// rest is a batch in the hands of a worker, as far as it is not handed on.
type rest[In, Out any] struct {
	slots []int32
	ins   []In
	outs  []Out
	next  int
	begun time.Duration
}

func (s *single[T]) onLull(pause func() time.Duration, check, lull func()) {
	s.pause, s.check, s.lull = pause, check, lull
}

// batcher gathers the inputs of a stage into batches, for its workers.
type batcher[In, Out any] struct {
	*crew[In, Out]
	size  int
	slots []int32
	ins   []In
	due   time.Duration // when the oldest has waited for the linger time

	queued waitsFor // inputs in batches that no worker has
}

// bulk puts a worker before those of the stage that gathers batches for them.
func (c *crew[In, Out]) bulk(f *Flow[In], mk maker[Out]) []*Group {
	run := f.seg.run
	b := &batcher[In, Out]{crew: c, size: c.Size}
	c.g.waits, c.g.batches = &b.queued, true
	if run.inFlight > 0 {
		b.size = min(b.size, max(1, run.inFlight-run.holding)) // there will never be more
	}
	f.seg.least = min(f.seg.least+2*min(b.size, largestAhead)*c.g.spec.Workers, largestAhead)
	c.hireIdle(mk)
	gather := newGroup(run, f.seg, Spec{Name: c.g.spec.Name, Workers: 1, Role: RoleBatches, Node: c.g.spec.Node}, false)
	f.pull(gather, func(x *Exec) Handler[In] {
		mk(x)
		return b.add
	}, &oneByOne{set: func(s pausing) { s.onLull(b.pause, b.check, b.flush) }})
	return []*Group{c.g, gather}
}

func (b *batcher[In, Out]) add(x *Exec, in In) {
	if len(b.ins) == 0 {
		b.due = b.g.run.now() + b.Linger
	}
	b.slots, b.ins = append(b.slots, x.slot), append(b.ins, in)
	b.queued.Add(1)
	if len(b.ins) >= b.size {
		b.flush()
	}
}

// check flushes a batch whose time has come while other items came by.
func (b *batcher[In, Out]) check() {
	if b.Linger > 0 && b.pause() == 0 {
		b.flush()
	}
}

// pause returns how long the batch may still wait for inputs; -1 is for ever.
func (b *batcher[In, Out]) pause() time.Duration {
	if len(b.ins) == 0 {
		return -1
	}
	return max(0, b.due-b.g.run.now())
}

func (b *batcher[In, Out]) flush() {
	if len(b.ins) == 0 {
		return
	}
	r := rest[In, Out]{slots: b.slots, ins: b.ins}
	b.slots, b.ins = nil, nil
	b.g.add(func(x *Exec) {
		b.queued.Add(-int64(len(r.slots)))
		x.task.(*hand[In, Out]).batch(r)
	})
}

// batch works on a whole batch.
func (h *hand[In, Out]) batch(r rest[In, Out]) {
	h.x.tally.gets(len(r.slots))
	if h.g.run.calls != nil && !h.admit(&r) {
		return
	}
	h.rest = r
	h.rest.begun = h.g.run.now()
	h.x.served = true
	h.x.at = &h.step
	ctx, end := h.limit()
	outs, err := h.Bulk(ctx, slices.Clone(r.ins)) // ours must stay beside their slots
	err = end(err)
	h.parted()
	if err == nil {
		err = h.counted(len(outs), len(r.ins))
	}
	if err != nil {
		h.batchFailed(err)
		return
	}
	h.rest.outs = outs
	h.deliver()
}

func (h *hand[In, Out]) counted(got, want int) error {
	if got == want {
		return nil
	}
	return h.g.run.faults.Bulk(got, want)
}

// deliver hands on what is left of a batch.
func (h *hand[In, Out]) deliver() {
	r := &h.rest
	for r.next < len(r.outs) {
		i := r.next
		r.next++
		h.x.slot = r.slots[i]
		if h.g.spec.Hooks.hear(Done) {
			h.in = r.ins[i]
			h.event(Done, 1, 0, nil)
			var none In
			h.in = none
		}
		h.next(h.x, r.outs[i])
		h.g.run.callOf(h.x.slot).leave()
	}
	h.rest = rest[In, Out]{}
}

// batchFailed tries each input of a failed batch again by itself, so that the
// blame is exact, or fails them all if nothing is tried again.
func (h *hand[In, Out]) batchFailed(err error) {
	if h.g.run.interrupted() {
		for _, slot := range h.rest.slots {
			h.g.run.callOf(slot).leave()
		}
		return
	}
	if h.g.run.calls != nil {
		h.sift(&h.rest, func(c *call) bool { return !c.interrupted() })
		if len(h.rest.ins) == 0 {
			h.rest = rest[In, Out]{}
			return
		}
	}
	var wait time.Duration
	again := false
	if h.g.spec.Retry != nil {
		h.x.at = &h.cond
		wait, again = h.g.spec.Retry.Next(1, h.g.run.now()-h.rest.begun, err)
	}
	if !again {
		h.failBatch(err)
		return
	}
	r := h.rest
	h.rest = rest[In, Out]{}
	for i, slot := range r.slots {
		j := job[In]{slot: slot, in: r.ins[i], made: 1, earlier: []error{err}, begun: r.begun}
		h.x.slot, h.in = slot, j.in
		h.x.tally.retried++
		h.event(AttemptFailed, 1, 0, err)
		h.event(Retried, 1, wait, err)
		h.retryAfter(wait, j)
	}
}

func (h *hand[In, Out]) failBatch(err error) {
	r := h.rest
	h.rest = rest[In, Out]{}
	for i, slot := range r.slots {
		h.x.slot, h.in = slot, r.ins[i]
		h.event(AttemptFailed, 1, 0, err)
		h.giveUp(job[In]{in: r.ins[i], made: 1}, err)
	}
}

// alone is a batch of one.
func (h *hand[In, Out]) alone(ctx context.Context, in In) (out Out, err error) {
	outs, err := h.Bulk(ctx, []In{in})
	if err == nil {
		err = h.counted(len(outs), 1)
	}
	if err != nil {
		return out, err
	}
	return outs[0], nil
}
