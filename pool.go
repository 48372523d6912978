package vimap

import (
	"context"
	"errors"
	"runtime"

	"github.com/vimap-go/vimap/internal/engine"
)

// Pool keeps the workers of a stage open between runs: for single calls, by
// [Pool.Do], and for the stages of any number of pipelines, by [Pool.Stage],
// all at once. See [NewPool].
type Pool[In, Out any] struct {
	pool    *engine.Pool[In, Out]
	keyed   bool
	verdict *verdict
	plan    Plan
}

// NewPool opens the workers of a stage, and keeps them open until Close, or
// until ctx ends. It does not wait for them: the first calls do. A pool that is
// never closed goes on as long as its ctx.
//
// The options of s hold for all calls together: a Retry or Timeout is that of
// each call, a key of KeyBy excludes itself in all of the pool, a batch of
// [Bulk] takes the inputs of several callers. The functions of s get the
// context of their call, which has the values of the caller's, then those of ctx; a
// batch of several calls has those of ctx alone and ends with the last of them.
//
// When s has no worker left, or has abandoned more than its StuckLimit, the
// pool has ended, and every call gets that error.
func NewPool[In, Out any](ctx context.Context, s Stage[In, Out]) *Pool[In, Out] {
	notNil(s.attach == nil, "NewPool", "stage")
	notNil(ctx == nil, "NewPool", "ctx")
	v := &verdict{what: "a pool"}
	p := &Pool[In, Out]{keyed: s.options.keyed, verdict: v}
	p.plan.Nodes = append([]PlanNode{{Kind: KindSource, Name: "calls"}}, s.plan()...)
	placeSteps(p.plan.Nodes)
	p.pool = engine.NewPool(unstoppable(ctx), faults, s.options.name, p.keyed,
		func(calls *engine.Flow[In]) *engine.Flow[Out] { return s.attach(s.options, s.key, engine.At(calls, 1)) },
		func(errs []error) { v.set(errors.Join(errs...)) })
	runtime.AddCleanup(p, (*verdict).logUnread, v)
	return p
}

// Do has a worker make an output of in, and waits for it. It may be called from
// any number of goroutines; they wait their turn in the order in which they
// came. A failure is an [ItemError] whose Index is -1.
//
// The end of ctx ends the call with its cause: at once while it waits for a
// worker or for its next attempt; by the context of the worker's function while
// one works on it. When Do returns, nothing works on in any more, unless it was
// abandoned as stuck. A pool that is closed answers [ErrPoolClosed], one whose
// context has ended the cause of that.
//
// A worker's function that calls Do of its own pool holds its worker while it
// waits for another: if all do so at once, they wait for ever.
func (p *Pool[In, Out]) Do(ctx context.Context, in In) (Out, error) {
	notNil(ctx == nil, "Pool.Do", "ctx")
	out, f, err := p.pool.Do(unstoppable(ctx), in)
	if f == nil {
		return out, err
	}
	e := &ItemError{Stage: f.Stage, Index: -1, Input: f.Input, Attempts: f.Attempts, Earlier: f.Earlier, Err: f.Err}
	if !f.HasInput {
		e.Input = in
	}
	return out, e
}

// Stage returns a stage whose workers are those of the pool. It takes no
// options. A run that it is part of ends nothing in the pool but its own calls,
// and ends itself, with the error that a call would get, when the pool does. A
// batch of [Bulk] does not go at the end of such a run, but when it is full or
// has waited for its linger time.
func (p *Pool[In, Out]) Stage() Stage[In, Out] {
	return Stage[In, Out]{
		options: options{name: p.plan.Nodes[1].Name, workers: 1, pooled: true, keyed: p.keyed},
		attach: func(_ options, _ func(In) any, up *engine.Flow[In]) *engine.Flow[Out] {
			return p.pool.Via(up)
		},
	}
}

// Stats returns the accounts of the pool as they are now: Read are the calls
// that its workers were given, those of its runs among them, and Filtered those
// that were given up before they had an outcome; Lost has the workers that were
// given up. Stopped is never true: a pool has no source that could say more.
func (p *Pool[In, Out]) Stats() Stats {
	s := statsOf(p.pool.Stats(), p.plan)
	s.Stopped = false
	return s
}

// Close ends the pool: calls of Do that were made are finished, further ones get
// [ErrPoolClosed], and every worker is closed. A run over [Pool.Stage] that is
// still going on is ended by that error, and what is in hand for it interrupted:
// stop such runs and await them first. It returns when nothing of the
// pool is left, with what went wrong in closing, and with the loss of all
// workers; the end of the pool's context is not an error here. Close may be
// called from several goroutines and again, with the same result, but not by a
// worker of the pool, for which it would wait.
func (p *Pool[In, Out]) Close() error {
	p.pool.Close()
	return p.verdict.get()
}
