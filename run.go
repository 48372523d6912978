package vimap

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"

	"github.com/vimap-go/vimap/internal/engine"
)

// Run is one run of a pipeline. It begins when it is ranged over, by Zip,
// Results or Batches, or by Tee or Aggregate, and only once; it is over when that
// loop is left, by its end, a break, a return or a panic. Then every worker is
// closed, nothing of it runs any more, and Err, Stats are final. A Run that is
// never ranged over has started nothing.
type Run[In, Out any] struct {
	pipeline Pipeline[In, Out]
	ctx      context.Context

	mu      sync.Mutex
	engine  *engine.Run
	outlet  *engine.Outlet[Out]
	origins *engine.Store[In]
	context context.Context // of the engine
	plan    plan[In]
	final   engine.Stats // once it has ended
	ended   bool
	stopped bool // before it began
	begun   bool
	verdict *verdict

	// Of the loop alone.
	absorb  func(*engine.Flow[Out], *engine.Store[In]) *engine.Outlet[Out] // ends the chain; nil: in an outlet for all
	letters *letters[In]
	first   error              // the first failure, if it was tolerated
	untold  bool               // the last failure came too late to be the run's: its item is unfinished
	held    []engine.Item[Out] // outputs that the loop holds back, see outcomes
	flush   func() bool        // has the loop hand them over; nil: it holds none back
	settle  func()             // ends the stay of the failed item in hand; nil as flush

	share *share[In, Out] // of another run, for a sink of a Tee; then the rest is unused
}

// Result is the outcome of an item: an output or an error.
type Result[In, Out any] struct {
	In    In // what the source produced; the zero value if a Decode failed
	Out   Out
	Index int64 // of the item in its source, from 0
	Err   error // nil, or a *[ItemError]
}

// Pair is an input beside its output.
type Pair[In, Out any] struct {
	In  In  `json:"in"`
	Out Out `json:"out"`
}

func newRun[In, Out any](ctx context.Context, p Pipeline[In, Out]) *Run[In, Out] {
	r := &Run[In, Out]{pipeline: p, ctx: ctx, verdict: &verdict{what: "a run"}}
	return r
}

// Zip runs the pipeline and yields each input beside its output, as they come
// or, with Ordered, in source order. The first failure ends the loop and is
// Err: with Ordered the first in source order, after all outputs before it.
// [Pipeline.Tolerate] and [Pipeline.DeadLetters] say when it goes on instead.
func (r *Run[In, Out]) Zip() iter.Seq2[In, Out] {
	return func(yield func(In, Out) bool) {
		if r.share != nil {
			r.take(zipper[In, Out](yield))
			return
		}
		r.loop(
			func(slot int32, out Out) bool { return yield(*r.origins.At(slot), out) },
			r.bearItem, r.borne)
	}
}

// Results runs the pipeline and yields every outcome, failures included; it
// goes on after them. Err is then only what concerns the run as a whole.
func (r *Run[In, Out]) Results() iter.Seq[Result[In, Out]] {
	return func(yield func(Result[In, Out]) bool) {
		if r.share != nil {
			r.take(resulter[In, Out](yield))
			return
		}
		r.loop(
			func(slot int32, out Out) bool {
				return yield(Result[In, Out]{In: *r.origins.At(slot), Out: out, Index: r.outlet.Index(slot)})
			},
			func(it engine.Item[Out]) bool {
				result := Result[In, Out]{In: r.input(it), Index: r.outlet.Index(it.Slot)}
				err := r.itemError(it)
				result.Err = err
				return r.post(result.In, err) && yield(result)
			}, nil)
	}
}

// bearItem is what a loop over Zip does about a failed item.
func (r *Run[In, Out]) bearItem(it engine.Item[Out]) bool {
	return r.bear(r.input(it), r.itemError(it))
}

// loop runs the pipeline while live and failed want more; atEnd, if not nil, is
// called when there is no more.
func (r *Run[In, Out]) loop(live func(slot int32, out Out) bool, failed func(engine.Item[Out]) bool, atEnd func()) {
	r.during(0, func() (left bool) {
		if r.engine.IsSerial() {
			left = r.outlet.Drive(func(it engine.Item[Out]) (more bool) {
				if it.State == engine.Failed {
					more = failed(it)
				} else {
					more = live(it.Slot, it.Val)
				}
				if !r.untold {
					r.outlet.Free(it)
				}
				return more
			})
		} else {
			left = r.outlet.Each(live, failed, &r.untold)
		}
		if !left && atEnd != nil {
			atEnd()
		}
		return left
	})
}

// during runs the pipeline while body ranges over it; body may hold back so
// many outputs, and reports whether it left before the end.
func (r *Run[In, Out]) during(holds int, body func() (left bool)) {
	if !r.claim() {
		return
	}
	left := true
	if follow := engine.FollowerOf(r.ctx); follow != nil {
		over := follow(r.ctx, r)
		defer func() { over(left, r.verdict.peek()) }()
	}
	remove := r.stoppable()
	defer remove()
	if !r.openLetters() {
		return
	}
	r.begin(holds)
	defer func() { r.end(left) }()
	defer r.closeLetters()
	left = body()
}

// claim says that the run begins now, unless its context has ended.
func (r *Run[In, Out]) claim() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun {
		panic("vimap: Run: it must be ranged over only once")
	}
	r.begun = true
	if err := context.Cause(r.ctx); err != nil {
		r.failed(err)
		return false
	}
	return true
}

// begin starts the engine.
func (r *Run[In, Out]) begin(holds int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pipeline
	e := engine.New(engine.Unfollowed(r.ctx), faults, p.inFlight, p.ordered)
	if p.showInputs {
		e.ShowInputs()
	}
	if !p.tolerance.isSet && p.letters == nil {
		e.BreakOff()
	}
	if p.hooks != nil {
		e.Hook(func(s engine.Spec) *engine.Hooks { return hooksOf(p.hooks, s) })
	}
	pl := &r.plan
	*pl = plan[In]{run: e, ordered: p.ordered || p.keyed, nodes: p.nodes}
	flow := p.compile(pl)
	r.engine, r.origins = e, pl.origins
	if r.absorb != nil {
		r.outlet = r.absorb(flow, pl.origins)
	} else {
		r.outlet = engine.End(flow, p.ordered)
	}
	r.context = e.Context()
	r.outlet.Hold(holds)
	if r.stopped {
		e.Stop()
	}
	e.Start()
}

// end waits until nothing of the run is left.
func (r *Run[In, Out]) end(left bool) {
	r.outlet.Close()
	errs := r.engine.Finish(left)
	r.mu.Lock()
	r.engine.State(&r.final)
	r.ended = true
	r.plan = plan[In]{}
	r.engine, r.outlet, r.origins, r.first = nil, nil, nil, nil // a run that has ended keeps no item
	r.held, r.flush = nil, nil
	r.mu.Unlock()
	switch len(errs) {
	case 0:
	case 1:
		r.failed(errs[0])
	default:
		r.failed(errors.Join(errs...))
	}
}

// failed keeps the error of the run, and sees that it does not pass unread.
func (r *Run[In, Out]) failed(err error) {
	r.verdict.set(err)
	runtime.AddCleanup(r, (*verdict).logUnread, r.verdict)
}

func (r *Run[In, Out]) input(it engine.Item[Out]) In { return *r.origins.At(it.Slot) }

// itemError makes the error of a failed item.
func (r *Run[In, Out]) itemError(it engine.Item[Out]) *ItemError {
	return itemError(r.ctx, r.outlet.Meta(it.Slot), r.input(it))
}

// Err returns what ended the run: the first failure (of a Zip), the source's
// error, the loss of all workers of a stage, or the cause of the context's end;
// joined with it, what went wrong in closing. It is nil before the end, after
// a run that went well, and after a loop that was left early.
func (r *Run[In, Out]) Err() error { return r.verdict.get() }

// Stop ends the reading: what was read is finished and delivered, then the loop
// ends, without an error. An item of which a FlatMap makes outputs without end
// is never finished: cancel then. Stop may be called from any goroutine, at any
// time and again.
func (r *Run[In, Out]) Stop() {
	r = r.root()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	if r.engine != nil {
		r.engine.Stop()
	}
}

// Context returns a context that ends with the run: for sinks that block. It
// is the one that Start was given until the loop begins.
func (r *Run[In, Out]) Context() context.Context {
	r = r.root()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.context == nil {
		return r.ctx
	}
	return r.context
}

// toSink runs a sink in a goroutine of its own, so that a panic or Goexit in it
// ends the run like any other failure. A serial run has only the caller's.
func toSink[In, Out, R any](run *Run[In, Out], sink func(*Run[In, Out]) (R, error)) (R, error) {
	var made struct {
		result   R
		returned bool
	}
	err := engine.ContainIn(run.ctx, faults, func() error {
		var err error
		made.result, err = sink(run)
		made.returned = true
		return err
	})
	if ended := run.Err(); err == nil && made.returned {
		err = ended
	}
	return made.result, err
}
