package engine

import (
	"container/list"
	"context"
	"sync"
)

// mostCalls is how many calls of a pool have left its queue and are not yet
// over. Each has a caller that waits, or the credit of a run, so this bounds
// the memory that a pool keeps and is not meant to be reached: what backs off
// must not keep others from the workers.
const mostCalls = 1 << 16

// Pool is a run whose source is fed by calls, from many callers, and that goes
// on until it is closed.
type Pool[In, Out any] struct {
	faults  *Faults
	name    string
	keyed   bool
	workers int
	ahead   int // what its stages want in flight
	run     *Run
	more    chan struct{} // there is something in the queue, or it is closed
	ended   chan struct{} // closed when nothing of the run is left

	mu      sync.Mutex
	queue   *list.List // of requests that the source has not taken
	live    map[*request[In, Out]]struct{}
	feeding bool  // the source has one that it has not handed on
	closed  bool  // no more calls
	cause   error // why the run has been halted
	quietly bool  // it was, by the end of its context

	errs []error // once ended is closed
}

// request is a call with its input and output.
type request[In, Out any] struct {
	call
	in     In
	out    Out
	of     *visit[In, Out] // the run that it comes from; nil if from Do
	probe  bool            // asks only whether the pool has begun
	answer func()          // takes the outcome, when the call is over
	queued *list.Element   // under Pool.mu
}

// NewPool starts the workers of stage. ended is told what went wrong with them
// when all are closed.
func NewPool[In, Out any](ctx context.Context, faults *Faults, name string, keyed bool, stage func(*Flow[In]) *Flow[Out], ended func([]error)) *Pool[In, Out] {
	p := &Pool[In, Out]{
		faults: faults, name: name, keyed: keyed,
		more: make(chan struct{}, 1), ended: make(chan struct{}),
		queue: list.New(), live: map[*request[In, Out]]struct{}{},
	}
	if p.cause = context.Cause(ctx); p.cause != nil {
		close(p.ended)
		return p
	}
	p.run = New(concurrent(ctx), faults, 0, false)
	outlet := p.compile(stage)
	p.run.ends = append(p.run.ends, p.halted)
	p.run.Start()
	go func() {
		for it, ok := outlet.Next(); ok; it, ok = outlet.Next() {
			outlet.Free(it)
		}
		outlet.Close()
		p.finish(ended)
	}()
	return p
}

// compile makes the chain from the calls to their outcomes.
func (p *Pool[In, Out]) compile(stage func(*Flow[In]) *Flow[Out]) *Outlet[struct{}] {
	source, requests := Source(p.run, p.feed, true)
	source.seg.numbers()
	p.run.calls = func(slot int32) *call { return &(*requests.At(slot)).call }
	inputs := inline(source, func(do Handler[In]) Handler[*request[In, Out]] {
		return func(x *Exec, r *request[In, Out]) {
			if r.isOver() {
				x.drop()
				return
			}
			*x.g.seg.indexes.At(x.slot) = r.index
			do(x, r.in)
		}
	})
	answered := inline(stage(inputs), func(do Handler[struct{}]) Handler[Out] {
		return func(x *Exec, out Out) {
			(*requests.At(x.slot)).succeed(out)
			do(x, struct{}{})
		}
	})
	outlet := End(answered, false)
	for _, g := range p.run.groups {
		p.workers += g.spec.Workers
	}
	p.ahead = source.seg.least
	p.run.inFlight = max(mostCalls, min(p.ahead, largestAhead))
	return outlet
}

// succeed gives the call its output.
func (r *request[In, Out]) succeed(out Out) {
	r.mu.Lock()
	if r.over {
		r.mu.Unlock()
		return
	}
	r.out = out
	r.end(nil, nil)
}

// Do makes a call and waits for its outcome: an output, a failure, or why there
// is none. It returns when nothing of the user's works on in.
func (p *Pool[In, Out]) Do(ctx context.Context, in In) (out Out, fail *Failure, err error) {
	r := &request[In, Out]{caller: ctx, index: -1, in: in}
	p.await(r)
	return r.out, r.fail, r.err
}

// await makes a call and waits until it is over.
func (p *Pool[In, Out]) await(r *request[In, Out]) {
	if r.err = context.Cause(r.caller); r.err != nil {
		return
	}
	done := make(chan struct{})
	r.answer = func() { close(done) }
	p.hand(r)
	select {
	case <-done:
	case <-r.caller.Done():
		r.giveUp(context.Cause(r.caller))
		<-done
	}
}

// hand puts a call into the queue; if the pool has ended, the call is over.
func (p *Pool[In, Out]) hand(r *request[In, Out]) {
	r.done = func() { p.forget(r) }
	p.mu.Lock()
	err := p.cause
	if p.closed {
		err = p.faults.PoolClosed
	}
	if err == nil {
		r.pool = p.run.ctx
		p.live[r] = struct{}{}
		r.queued = p.queue.PushBack(r)
	}
	p.mu.Unlock()
	if err != nil {
		r.giveUp(err)
		return
	}
	p.wake()
}

// forget ends the stay of a call that is over.
func (p *Pool[In, Out]) forget(r *request[In, Out]) {
	p.mu.Lock()
	delete(p.live, r)
	if r.queued != nil {
		p.queue.Remove(r.queued)
		r.queued = nil
	}
	p.mu.Unlock()
	r.answer()
}

// wake tells the source to look at the queue.
func (p *Pool[In, Out]) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// feed is the source of the run.
func (p *Pool[In, Out]) feed(ctx context.Context, out *Emitter[*request[In, Out]]) error {
	for {
		r, closed := p.next()
		switch {
		case r == nil && closed:
			return nil
		case r == nil:
			select {
			case <-p.more:
			case <-ctx.Done():
				return nil
			}
		case r.probe:
			var none Out
			r.succeed(none)
		case !out.One(r):
			return nil
		}
	}
}

// next takes the oldest call from the queue.
func (p *Pool[In, Out]) next() (r *request[In, Out], closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	front := p.queue.Front()
	p.feeding = front != nil
	if front == nil {
		return nil, p.closed
	}
	r = p.queue.Remove(front).(*request[In, Out])
	r.queued = nil
	return r, false
}

// halted ends the calls when the run does.
func (p *Pool[In, Out]) halted(cause error) {
	p.mu.Lock()
	p.cause, p.quietly = cause, p.run.outer.Err() != nil
	p.mu.Unlock()
	p.giveUp(nil, cause)
}

// giveUp gives up all calls, or those of one run.
func (p *Pool[In, Out]) giveUp(of *visit[In, Out], cause error) {
	for _, r := range p.calls(of) {
		r.giveUp(cause)
	}
}

func (p *Pool[In, Out]) calls(of *visit[In, Out]) []*request[In, Out] {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*request[In, Out]
	for r := range p.live {
		if of == nil || r.of == of {
			all = append(all, r)
		}
	}
	return all
}

// Stats returns the accounts of the pool's run.
func (p *Pool[In, Out]) Stats() Stats {
	if p.run == nil {
		return Stats{}
	}
	return p.run.Stats()
}

// finish waits until nothing of the run is left.
func (p *Pool[In, Out]) finish(ended func([]error)) {
	errs := p.run.Finish(false)
	for _, r := range p.calls(nil) { // of functions that were abandoned when the run had ended
		r.leave()
		r.giveUp(p.cause)
	}
	if p.quietly && p.run.err != nil {
		errs = errs[1:] // those who wait for a call have heard of it
	}
	p.errs = errs
	ended(errs)
	close(p.ended)
}

// Close takes no more calls, finishes those there are, and returns what went
// wrong with the workers when all are closed.
func (p *Pool[In, Out]) Close() []error {
	p.mu.Lock()
	p.closed = true
	idle := p.cause == nil && !p.feeding && p.queue.Len() == 0
	p.mu.Unlock()
	if idle {
		p.run.Stop() // it need not wait for an opening
	}
	p.wake()
	<-p.ended
	return p.errs
}
