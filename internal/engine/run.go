// Package engine runs chains: it is the only part of vimap that starts
// goroutines and uses channels.
//
// A chain is compiled into segments. A segment has one head, which makes its
// items (the source, or a FlatMap), and one credit, which bounds them. Between
// the head and the workers of the stages stand rings, bounded channels from
// which a worker takes as many items at once as their cost makes worthwhile.
// At the end an [Outlet] puts the items in order, if asked, and returns their
// credits.
package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Faults makes the errors that the engine reports.
type Faults struct {
	Goexit    error                // stands for a runtime.Goexit
	Nested    error                // the panic of a range over All inside one
	NoItem    error                // the panic of a Yield without an item in hand
	Left      error                // a loop that returned before its inputs ended
	IsLost    func(err error) bool // the error of an attempt says that its worker is lost
	Panic     func(value any, stack []byte) error
	Yield     func(outputs int, cause error) error
	Bulk      func(got, want int) error
	Worker    func(stage string, worker int, config any, phase string, err error) error
	NoWorkers func(stage string, errs []error) error
	// TooManyRestarts is why a worker is given up that was restarted too often.
	TooManyRestarts func(most int, within time.Duration, last error) error
	// TooManyStuck ends a run that had to abandon more workers than may be.
	TooManyStuck func(stage string, most int, last error) error
	Stuck        func(StuckCall) error
	Source       func(err error) error
	PoolClosed   error // answers a call of a pool that is closed
}

// StuckCall is a call that was abandoned.
type StuckCall struct {
	Stage  string
	Worker int
	Index  int64 // of its item; -1: none
	Input  any
	Limit  time.Duration
	Stack  []byte
}

// mostStuckKept is how many stuck calls the accounts keep: each has a stack.
const mostStuckKept = 16

// Run is one run of a chain.
type Run struct {
	faults   *Faults
	inFlight int
	holding  int // steps that hold an item back until the next comes
	ordered  bool
	breaks   bool // the first failure ends it
	born     time.Time
	ctx      context.Context // of the user's functions
	cancel   context.CancelCauseFunc

	serial *serial // nil: it is concurrent
	parts  parts

	sourceCtx *sourceContext

	segments []*Segment
	groups   []*Group
	gates    []*gate // of outlets that belong to no group
	heads    []anyHead
	calls    func(slot int32) *call // of a pool; nil in an ordinary run
	ends     []func(cause error)    // called when the run is halted
	wg       sync.WaitGroup         // workers
	monitor  monitor

	halted  atomic.Bool // work no more
	stopped atomic.Bool // read no more
	closing atomic.Bool // one of these
	broken  atomic.Bool // ended before its items did
	drains  atomic.Bool // halted, but what is finished is delivered

	unready  atomic.Int64      // groups without an open worker
	allReady chan struct{}     // nil: no group opens anything
	once     sync.Once         // closes allReady
	outer    context.Context   // the caller's
	observe  Observer          // nil: nobody does
	hooks    func(Spec) *Hooks // of all stages; nil: none
	naming   naming
	unwatch  func() bool // nil: the caller's context never ends
	watched  chan struct{}

	mu      sync.Mutex
	err     error   // the first failure of the run
	notes   []error // what else went wrong
	source  error
	gone    []error // workers that were given up
	hung    []error // calls that were abandoned, the first of them
	waiting bool    // the run waits for its last workers

	few struct { // room of the lists above, for short chains
		segments [1]*Segment
		groups   [2]*Group
		gates    [1]*gate
		heads    [1]anyHead
		gate     gate
	}

	stats struct {
		filtered, extra, retries, restarts, stuck, delivered, failed, rescued atomic.Int64

		absorbed atomic.Int64 // delivered to a worker that keeps its outputs
		lines    atomic.Int64 // cut by workers
	}
}

// New returns a run that nothing belongs to yet. inFlight is 0 for the default.
func New(ctx context.Context, faults *Faults, inFlight int, ordered bool) *Run {
	r := &Run{faults: faults, inFlight: inFlight, ordered: ordered, born: time.Now().Add(-1), outer: ctx, observe: observer(ctx)}
	r.parts.rests.run = r
	r.segments, r.groups, r.gates, r.heads = r.few.segments[:0], r.few.groups[:0], r.few.gates[:0], r.few.heads[:0]
	if IsSerial(ctx) {
		r.serial = new(serial)
	}
	r.ctx, r.cancel = context.WithCancelCause(r.naming.begin(ctx))
	r.sourceCtx = &sourceContext{outer: r.ctx}
	return r
}

// Context is that of the user's functions.
func (r *Run) Context() context.Context { return r.ctx }

// newGate returns a gate that belongs to no group.
func (r *Run) newGate() *gate {
	g := &r.few.gate
	if len(r.gates) > 0 {
		g = new(gate)
	}
	r.gates = append(r.gates, g)
	return g
}

// now is the time of the run. It is never 0, which stands for no time.
func (r *Run) now() time.Duration { return time.Since(r.born) }

// Start starts everything that was added. Of a serial run that is nothing, see
// Outlet.Drive.
func (r *Run) Start() {
	if r.serial != nil {
		for _, s := range r.segments {
			s.unbounded()
		}
		return
	}
	slices.Reverse(r.groups) // they were added from the last to the first
	if r.outer.Done() != nil {
		r.watched = make(chan struct{})
		r.unwatch = context.AfterFunc(r.outer, func() {
			defer close(r.watched)
			r.Fail(context.Cause(r.outer))
		})
	}
	for _, s := range slices.Backward(r.segments) {
		s.settle(r.inFlight)
	}
	if r.closing.Load() { // a Take of none ends the reading before there are groups
		r.begins()
	}
	for _, g := range r.groups {
		g.start()
	}
	for _, h := range r.heads {
		h.start()
	}
}

func (g *Group) wantsReady() {
	g.run.awaits()
	g.ctx, g.stop = context.WithCancel(context.WithValue(g.run.ctx, groupKey{}, g))
}

// awaits says that the source is to wait until one more is ready.
func (r *Run) awaits() {
	if r.unready.Add(1) == 1 {
		r.allReady = make(chan struct{})
	}
}

func (r *Run) oneReady() {
	if r.unready.Add(-1) == 0 {
		r.begins()
	}
}

// begins has the source wait no longer for openings.
func (r *Run) begins() {
	if r.allReady != nil {
		r.once.Do(func() { close(r.allReady) })
	}
}

// Fail ends the run by an error and reports whether it is the run's: the first
// one is.
func (r *Run) Fail(err error) (first bool) {
	r.broken.Store(true)
	r.mu.Lock()
	if first = r.err == nil && !r.halted.Load(); first {
		r.err = err
	}
	r.mu.Unlock()
	r.halt(err)
	return first
}

// interrupted reports whether an attempt that failed just now was interrupted,
// which is no failure of it. Then the run is over for the worker that asks.
func (r *Run) interrupted() bool {
	if r.ctx.Err() == nil {
		return false
	}
	r.Fail(context.Cause(r.ctx))
	return true
}

// halt ends all work: what is in hand is finished or interrupted, the rest is
// left.
func (r *Run) halt(cause error) {
	r.sourceCtx.stop() // before its emitter says no: it looks here for the reason
	r.closing.Store(true)
	if r.halted.Swap(true) {
		return
	}
	r.parts.halted.Store(int64(r.now()))
	r.cancel(cause)
	for _, end := range r.ends {
		end(cause)
	}
	r.begins()
	for _, g := range r.groups {
		g.finish()
	}
	for _, g := range r.gates {
		g.all()
	}
	for _, s := range r.segments {
		s.wakeHead()
	}
}

// Stop ends the reading; what was read is finished.
func (r *Run) Stop() {
	r.sourceCtx.stop()
	r.closing.Store(true)
	if r.stopped.Swap(true) {
		return
	}
	r.begins() // the source need not wait for an opening any more
	for _, s := range r.segments {
		s.wakeHead()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting {
		return
	}
	for _, h := range r.heads {
		r.wg.Go(func() { r.awaitSource(h) })
	}
}

// enough ends the making of items in a segment and in those that it is made of.
func (r *Run) enough(s *Segment) {
	for up := s; up != nil; up = up.parent {
		up.enough.Store(true)
	}
	r.Stop()
	for up := s; up != nil; up = up.parent {
		up.wakeHead() // also if the run was stopped before
	}
}

// sourceEnded takes what the source returned.
func (r *Run) sourceEnded(err error) {
	if cause := context.Cause(r.outer); cause != nil {
		r.Fail(cause) // the source may have ended for it: then the end is not the end
		return
	}
	if err == nil || r.sourceCtx.Err() != nil && errors.Is(err, context.Canceled) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.source == nil {
		r.source = r.faults.Source(err)
	}
}

// Note keeps an error that does not end the run: it is part of its error.
func (r *Run) Note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, err)
}

// stuck counts an abandoned call.
func (r *Run) stuck(err error) {
	r.stats.stuck.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.hung) < mostStuckKept {
		r.hung = append(r.hung, err)
	}
}

// lost keeps the error of a worker that was given up.
func (r *Run) lost(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = append(r.gone, err)
}

// bury closes an abandoned worker whose function came back after all. The run
// waits for it unless it has ended already.
func (r *Run) bury(x *Exec) {
	r.mu.Lock()
	waits := !r.waiting
	if waits {
		r.wg.Add(1)
	}
	r.mu.Unlock()
	x.buried = true
	go func() {
		var told atomic.Bool
		err := Contain(r.faults, func() error {
			if limit := x.g.spec.Closing; waits && limit > 0 {
				name := goroutineName()
				defer time.AfterFunc(limit+Grace, func() {
					if !told.Swap(true) {
						x.stuckClosing(name)
						r.wg.Done()
					}
				}).Stop()
			}
			return x.closeBuried()
		})
		if waits && !told.Swap(true) {
			if x.opened {
				x.closed(err)
			}
			r.wg.Done()
		}
	}()
}

// closeBuried is close for an abandoned worker.
func (x *Exec) closeBuried() error {
	if !x.opened {
		return nil
	}
	return x.bounded(x.g.spec.Closing, func(context.Context) error { return x.task.close() })
}

// stuckClosing tells of the closing of an abandoned worker that does not end, too.
func (x *Exec) stuckClosing(name []byte) {
	g := x.g
	stuck := g.run.faults.Stuck(StuckCall{Stage: g.spec.Name, Worker: x.number, Index: -1, Limit: g.spec.Closing, Stack: goroutineStack(name)})
	g.run.stuck(stuck)
	g.workerEvent(Stuck, x, stuck)
	g.closeFailed(x, stuck)
}

// Finish ends the run if it has not ended, waits until nothing of it is left,
// and returns what went wrong. left says that the caller had enough: then an
// error of the source is not its matter.
func (r *Run) Finish(left bool) []error {
	if cause := context.Cause(r.outer); cause != nil && !left {
		r.Fail(cause) // also if the last item came in time: no matter of luck
	}
	if left {
		r.broken.Store(true)
	}
	r.halt(context.Canceled)
	if r.serial != nil {
		r.serial.end(0)
	} else if r.unwatch != nil && !r.unwatch() {
		<-r.watched
	}
	r.mu.Lock()
	r.waiting = true
	r.mu.Unlock()
	r.wg.Wait()
	for _, h := range r.heads {
		r.awaitSource(h)
	}
	r.monitor.end()
	r.naming.end()
	r.parts.ended.Store(int64(r.now()))
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	switch {
	case r.err != nil:
		errs = append(errs, r.err)
	case r.source != nil && !left:
		errs = append(errs, r.source)
	}
	return append(errs, r.notes...)
}

// Stats are the accounts of a run.
type Stats struct {
	Read, Delivered, Failed, Filtered, Extra, Retries, Restarts, Stuck, Rescued int64
	Lost, StuckCalls                                                            []error

	Parts
}

// Stats returns the accounts as they are now; they are exact once the run has
// ended.
func (r *Run) Stats() (s Stats) {
	r.State(&s)
	return s
}

// State is Stats that are put where they are to stay: at the end of a run they
// would be too much for its small stack, on their way through several functions.
func (r *Run) State(s *Stats) {
	s.Delivered, s.Failed = r.stats.delivered.Load()+r.stats.absorbed.Load(), r.stats.failed.Load()
	s.Filtered, s.Extra = r.stats.filtered.Load(), r.stats.extra.Load()
	s.Retries, s.Restarts = r.stats.retries.Load(), r.stats.restarts.Load()
	s.Stuck, s.Rescued = r.stats.stuck.Load(), r.stats.rescued.Load()
	if r.serial != nil {
		s.Read = r.serial.read.Load()
	}
	for _, h := range r.heads {
		s.Read += h.read()
	}
	r.state(&s.Parts)
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Lost, s.StuckCalls = slices.Clone(r.gone), slices.Clone(r.hung)
}
