package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Worker is what a stage's Open returns: what one worker does with an input,
// and how it ends. Close may be nil.
type Worker[In, Out any] struct {
	Do      func(context.Context, In) (Out, error)
	Close   func() error
	Several Several[In, Out] // of a stage that is so
}

// Stage describes the workers of a stage. One of Do, Open, Loop and Bulk is set.
type Stage[In, Out any] struct {
	Do     func(context.Context, In) (Out, error)
	Open   func(ctx context.Context, worker int) (Worker[In, Out], error)
	Loop   func(feed *Feed[In, Out], worker int) error
	Bulk   func(context.Context, []In) ([]Out, error)
	Size   int           // of a batch
	Linger time.Duration // of its oldest input
	Key    func(In) any  // nil: none

	// Several says that each worker that Open opens can have several inputs in
	// hand. With keys, in a pool and in a serial run it has one all the same.
	Several bool
}

// crew is a stage in one run.
type crew[In, Out any] struct {
	Stage[In, Out]
	g    *Group
	step Step
	cond Step // the condition of the retry policy
	spec Spec
	up   *Flow[In]
	flow Flow[Out]
	few  [1]*Group

	returned []held[In] // by workers that had several in hand; under g.mu
}

// Via adds a stage.
func Via[In, Out any](f *Flow[In], spec Spec, st Stage[In, Out]) *Flow[Out] {
	c := &crew[In, Out]{Stage: st, step: Step{spec.Name}, cond: Step{spec.Name}, spec: spec, up: f}
	c.spec.Node = NodeOf(f)
	if hooks := f.seg.run.hooks; hooks != nil {
		c.spec.Hooks = c.spec.Hooks.and(hooks(c.spec))
	}
	c.flow.seg, c.flow.origin = f.seg, c
	return &c.flow
}

// found makes the group.
func (c *crew[In, Out]) found() {
	opens := c.Open != nil || c.Loop != nil
	c.g = newGroup(c.up.seg.run, c.up.seg, c.spec, opens)
	c.g.seats = c
	if opens {
		c.g.wantsReady()
	}
}

// The stage is the origin of the flow behind it.

func (c *crew[In, Out]) pull(g *Group, mk maker[Out], one *oneByOne) {
	pullFrom(ringBehind(c.up.seg, &g.gate, c.end), g, mk, one)
}

func (c *crew[In, Out]) end(mk maker[Out]) []*Group {
	c.found()
	calls := c.up.seg.run.calls != nil
	switch {
	case c.Key != nil:
		return c.keyed(c.up, mk)
	case c.Bulk != nil:
		return c.bulk(c.up, mk)
	case c.Several && !calls:
		return c.severally(c.up, mk)
	}
	var do Handler[In]
	if c.spec.Timeout == 0 && c.spec.Retry == nil && c.Loop == nil && !c.spec.Hooks.hear(Done) && !calls {
		do = plain[In, Out]
	} else {
		do = untried[In, Out]
	}
	c.up.pull(c.g, func(x *Exec) Handler[In] {
		c.hire(x, mk)
		return do
	}, nil)
	c.few[0] = c.g
	return c.few[:]
}

func (c *crew[In, Out]) serial(mk maker[Out]) {
	c.found()
	c.serially(c.up, mk)
}

// ringBehind returns a ring behind workers that begin makes.
func ringBehind[Out any](seg *Segment, gt *gate, begin func(mk maker[Out]) []*Group) *Ring[Out] {
	r := newRing[Out](seg, gt)
	r.upstream = begin(into(r))
	return r
}

// behind is the flow behind other workers, which begin makes, or serially in a
// serial run.
func behind[Out any](seg *Segment, begin func(mk maker[Out]) []*Group, serially func(mk maker[Out])) *Flow[Out] {
	return &Flow[Out]{seg: seg, origin: &originOf[Out]{
		pulls: func(g *Group, mk maker[Out], one *oneByOne) {
			pullFrom(ringBehind(seg, &g.gate, begin), g, mk, one)
		},
		ends:    begin,
		serials: serially,
	}}
}

// hire gives a worker its task.
func (c *crew[In, Out]) hire(x *Exec, mk maker[Out]) *hand[In, Out] {
	h, seated := x.task.(*hand[In, Out])
	if !seated {
		h = new(hand[In, Out])
	}
	h.crew, h.x, h.next, h.do, h.ctx = c, x, mk(x), c.Do, c.g.run.ctx
	switch {
	case c.Loop != nil:
		h.feed = &Feed[In, Out]{h: h}
	case c.Bulk != nil:
		h.do = h.alone
	}
	x.task = h
	return h
}

// hireIdle gives a worker its task where items come as jobs and not by a ring.
func (c *crew[In, Out]) hireIdle(mk maker[Out]) {
	c.g.build = func(x *Exec) {
		c.hire(x, mk)
		x.pull = &puller[struct{}]{x: x}
	}
}

// job is an input that does not come from the ring for the first time.
type job[In any] struct {
	slot    int32
	in      In
	made    int // attempts that were made
	earlier []error
	begun   time.Duration // the first attempt
	done    func()        // called when the item has its fate here
}

// hand is the stage's part of a worker: it holds one input at a time.
type hand[In, Out any] struct {
	*crew[In, Out]
	x      *Exec
	hands  *hands[In, Out] // nil: one input at a time
	next   Handler[Out]
	do     func(context.Context, In) (Out, error)
	end    func() error
	feed   *Feed[In, Out]
	ctx    context.Context    // of what is in hand: the run's, or that of a call
	part   func()             // ends ctx, if it is that of several calls
	cancel context.CancelFunc // of the attempt
	lost   error              // that Do lost the worker by

	in   In
	job  job[In] // of in, except its slot and in; zero for the first attempt
	rest rest[In, Out]
}

// plain is untried for a stage that has no limit, no retry and no loop, and whose
// hooks are not told of what went well.
func plain[In, Out any](x *Exec, in In) {
	h := x.task.(*hand[In, Out])
	x.served, x.at, h.in = true, &h.step, in
	out, err := h.do(h.ctx, in)
	if err != nil {
		h.failed(err)
		return
	}
	var none In
	h.in = none
	h.next(x, out)
}

// untried takes an input that has not been tried.
func untried[In, Out any](x *Exec, in In) {
	h := x.task.(*hand[In, Out])
	h.in = in
	if h.g.spec.Retry != nil {
		h.job.begun = h.g.run.now()
	}
	h.attempt()
}

// again takes an input that has.
func (h *hand[In, Out]) again(j job[In]) {
	h.x.slot, h.in, h.job = j.slot, j.in, j
	if j.made > 0 {
		h.g.run.stats.retries.Add(1)
	} else {
		h.x.tally.begun++
	}
	h.x.tally.names(h.g.seg.index(h.x.slot))
	if h.g.run.parts.showInputs {
		h.x.tally.show(h.in)
	}
	h.attempt()
}

// attempt calls the user's function and gives the input its fate.
func (h *hand[In, Out]) attempt() {
	x := h.x
	c := h.g.run.callOf(x.slot)
	if c != nil && !h.take(c) {
		return
	}
	x.served = true
	x.at = &h.step
	out, err := h.call()
	if err != nil {
		h.failed(err)
		return
	}
	if h.feed != nil && h.feed.holds {
		return // its loop was left: see loop
	}
	if h.g.spec.Hooks.hear(Done) {
		h.event(Done, h.job.made+1, 0, nil)
	}
	h.settled()
	h.next(x, out)
	if c != nil {
		h.letGo(c)
	}
}

// event tells the hooks of the input in hand.
func (h *hand[In, Out]) event(k ItemEvent, attempt int, wait time.Duration, err error) {
	if h.g.spec.Hooks.hear(k) {
		h.g.itemEvent(k, h.x, h.in, attempt, wait, err)
	}
}

// settled forgets the input in hand, which has its fate here.
func (h *hand[In, Out]) settled() {
	var none In
	h.in = none
	if h.job.done != nil {
		h.job.done()
	}
	h.job = job[In]{}
}

// call makes one attempt, within its time limit.
func (h *hand[In, Out]) call() (Out, error) {
	if h.feed != nil {
		return h.feed.turn(h.in)
	}
	ctx, end := h.limit()
	out, err := h.do(ctx, h.in)
	return out, end(err)
}

func nothing(err error) error { return err }

// limit returns the context of an attempt, and what must be called with its
// error, unless its goroutine dies of it.
func (h *hand[In, Out]) limit() (context.Context, func(error) error) {
	limit := h.g.spec.Timeout
	if limit == 0 {
		return h.ctx, nothing
	}
	ctx, cancel := context.WithTimeout(h.ctx, limit)
	h.cancel = cancel
	h.x.begin(limit)
	return ctx, func(err error) error {
		late := ctx.Err() == context.DeadlineExceeded
		cancel()
		h.cancel = nil
		if !h.x.watch.settle() {
			goexit()
		}
		if err != nil && late && !errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("time limit of %v: %w: %w", limit, context.DeadlineExceeded, err)
		}
		return err
	}
}

// failed tries the input in hand again later, or fails it.
func (h *hand[In, Out]) failed(err error) {
	c := h.g.run.callOf(h.x.slot)
	if h.g.run.interrupted() {
		c.leave()
		return
	}
	if h.Open != nil && h.g.run.faults.IsLost(err) {
		h.lost = err
		h.x.leaving = true
		h.x.pull.relieve()
	}
	if c.interrupted() {
		h.drop()
		return
	}
	if u, ok := errors.AsType[*UnbegunError](err); ok && h.Open != nil {
		h.unbegin(u)
		return
	}
	j := h.job
	j.slot, j.in = h.x.slot, h.in
	j.made++
	h.event(AttemptFailed, j.made, 0, err)
	if h.g.spec.Retry != nil {
		h.x.at = &h.cond
		wait, again := h.g.spec.Retry.Next(j.made, h.g.run.now()-j.begun, err)
		if again {
			j.earlier = append(slices.Clip(j.earlier), err)
			h.x.tally.retried++
			h.x.tally.away = true
			h.event(Retried, j.made, wait, err)
			var none In
			h.in, h.job = none, job[In]{}
			h.retryAfter(wait, j)
			return
		}
	}
	h.giveUp(j, err)
}

func (h *hand[In, Out]) giveUp(j job[In], err error) {
	h.in = j.in
	h.event(ItemFailed, j.made, 0, err)
	h.x.fail(&Failure{
		Stage: h.g.spec.Name, Input: j.in, HasInput: true,
		Attempts: j.made, Earlier: j.earlier, Err: err,
	})
	h.settled()
}

// The rest is the task of the worker: see task.

func (h *hand[In, Out]) needed() bool { return h.Open != nil }

func (h *hand[In, Out]) open(ctx context.Context) error {
	w, err := h.Open(ctx, h.x.number)
	if err != nil {
		return err
	}
	h.do, h.end = w.Do, w.Close
	h.x.leaving, h.lost = false, nil
	h.x.planned, h.x.unbegun = false, false
	if h.hands != nil {
		h.hands.with = w.Several
	}
	return nil
}

func (h *hand[In, Out]) close() error {
	if h.end == nil {
		return nil
	}
	end := h.end
	h.end = nil
	return end()
}

func (h *hand[In, Out]) serve() error {
	h.deliver() // after a crash in a step behind a batch
	if h.Loop != nil {
		return h.loop()
	}
	h.x.pull.serve()
	return h.lost
}

func (h *hand[In, Out]) crashed(at *Step, err error) (anew bool) {
	if h.cancel != nil {
		h.cancel()
		h.cancel = nil
	}
	switch at {
	case &h.step:
		if h.hands != nil && h.hands.turning {
			h.hands.turning = false
			h.loseHands(err, h.hands.takeNewest(h.hands.inHand()))
			return true
		}
		if h.Bulk != nil && h.rest.ins != nil {
			h.batchFailed(err)
			return false
		}
		if h.feed != nil && !h.feed.drop() { // before, between or after its inputs
			if h.g.isOver() {
				h.g.closeFailed(h.x, err)
			}
			return true
		}
		h.failed(err)
		return h.Open != nil || h.Loop != nil
	case &h.cond:
		if h.rest.ins != nil {
			h.failBatch(err)
			return false
		}
		j := h.job
		j.slot, j.in = h.x.slot, h.in
		j.made++
		h.giveUp(j, err)
		// What else a worker with several has in hand is given back first.
		return h.Loop != nil || h.lost != nil && h.hands == nil
	}
	h.x.failAt(at, err)
	h.settled()
	return h.Loop != nil
}

func (h *hand[In, Out]) inHand() (in any, one bool) {
	if h.rest.ins != nil {
		return nil, false
	}
	return h.in, true
}

func (h *hand[In, Out]) orphaned(err error) func(x *Exec) {
	if h.rest.ins != nil {
		b := h.rest
		return func(x *Exec) {
			other := x.task.(*hand[In, Out])
			other.rest = b
			other.batchFailed(err)
		}
	}
	j := h.job
	j.slot, j.in = h.x.slot, h.in
	return func(x *Exec) {
		other := x.task.(*hand[In, Out])
		other.x.slot, other.in, other.job = j.slot, j.in, j
		other.failed(err)
	}
}
