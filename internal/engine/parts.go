package engine

import (
	"slices"
	"sync/atomic"
	"time"
)

// Role says what the workers of a group are there for.
type Role uint8

// The roles of groups.
const (
	RoleStage   Role = iota // the workers of a stage
	RoleKeys                // deals out the inputs of a stage by their keys
	RoleBatches             // gathers batches for a stage
	RoleFlatMap             // makes items of items
	RoleDoor                // of a serial run, where items enter a part of it
	RoleSteps               // runs inline steps that no stage follows
	RolePool                // hands inputs to a pool
	RoleTurn                // a step that takes one item after another
	RoleLines               // cuts lines of blocks, and runs the steps behind
)

// Parts are the accounts of the parts of a run.
type Parts struct {
	Began   time.Time
	Elapsed time.Duration
	Running bool
	Stopped bool
	Opening time.Duration // of Elapsed, before the source was read
	Closing time.Duration // of Elapsed, after the work

	Ahead  int
	Source SourceStats
	Groups []GroupStats // in the order of the chain
	Sink   SinkStats
}

// SourceStats are the accounts of a source.
type SourceStats struct {
	Total, Position  int64
	Unit             string
	Working, Blocked time.Duration
	IsBlocked, Ended bool
}

// GroupStats are the accounts of the workers of a stage.
type GroupStats struct {
	Name                     string
	Role                     Role
	Node, Size               int
	Workers                  []WorkerStats
	Queue, Bound, BackingOff int
	Latency                  Latency
	Slowest                  []Slow
}

// WorkerStats are the accounts of a worker.
type WorkerStats struct {
	Worker   int
	Config   any
	Doing    Doing
	Restarts int64
	Counts
	Open, Opening, Working, Blocked, Waiting time.Duration
	Hand                                     Hand
}

// Doing says what a worker is doing.
type Doing uint8

// What workers do.
const (
	Opening Doing = iota // also waiting to be opened again
	Waiting              // for an input
	Working              // on what is in hand
	Blocked              // waiting for room
	Closing              // cleaning up
	Ended                // for good
)

// Hand is what a worker has in hand.
type Hand struct {
	Items int
	Index int64
	Age   time.Duration
	Input any
}

// SinkStats are the accounts of the loop over a run.
type SinkStats struct {
	Working, Waiting time.Duration
	Queue            int
}

// parts is what a run keeps for its Parts.
type parts struct {
	node       int         // of the plan, that is compiled now
	showInputs bool        // in the accounts
	whole      atomic.Bool // the source came to its end by itself
	left       atomic.Bool // lines of it were left at a stop

	// Times of the run, 0 for what has not happened.
	flows  atomic.Int64 // the source began
	dries  atomic.Int64 // it came to its end
	halted atomic.Int64 // the work ended
	ended  atomic.Int64 // nothing is left

	// What the source says of itself.
	total, position atomic.Int64
	unit            atomic.Pointer[string]

	// Of the loop over the run.
	queue interface{ queued() int }
	rests rests
}

// read notes the end of the source.
func (p *parts) read(r *Run) {
	p.whole.Store(!r.closing.Load())
	p.dries.Store(int64(r.now()))
}

// BreakOff says that the first failure ends the run.
func (r *Run) BreakOff() { r.breaks = true }

// ShowInputs has the accounts of the run hold inputs.
func (r *Run) ShowInputs() { r.parts.showInputs = true }

// Node is the part of the plan that is compiled now.
func (r *Run) Node() int { return r.parts.node }

// At says which part of the plan comes behind f.
func At[T any](f *Flow[T], node int) *Flow[T] {
	f.seg.run.parts.node = node
	return f
}

// NodeOf is the part of the plan that At named last.
func NodeOf[T any](f *Flow[T]) int { return f.seg.run.Node() }

// clock is the time of the run, now, as far as its work goes on.
func (r *Run) clock(now int64) int64 {
	for _, end := range []int64{r.parts.ended.Load(), r.parts.halted.Load()} {
		if end != 0 {
			now = min(now, end) // it may have come since
		}
	}
	return now
}

// state states the accounts of the parts as they are now.
func (r *Run) state(s *Parts) {
	p := &r.parts
	now := r.now() // once: a run that is opening has done nothing else
	clock := r.clock(int64(now))
	s.Began, s.Elapsed, s.Running = r.born.Add(1), now-1, true
	s.Stopped = r.stopped.Load() && (!p.whole.Load() || p.left.Load())
	if ended := p.ended.Load(); ended != 0 {
		s.Elapsed, s.Running = time.Duration(ended-1), false
	}
	flows := p.flows.Load()
	switch {
	case flows != 0:
		s.Opening = min(time.Duration(flows-1), s.Elapsed) // it may have begun since the clock was read
	default:
		s.Opening = time.Duration(clock - 1)
	}
	if halted := p.halted.Load(); halted != 0 {
		s.Closing = max(0, s.Elapsed-time.Duration(halted-1))
	}
	r.reading(s, clock)
	s.Sink.Waiting, _ = p.rests.stated(clock)
	s.Sink.Waiting = min(s.Sink.Waiting, time.Duration(clock-1))
	s.Sink.Working = max(0, time.Duration(clock-1)-s.Sink.Waiting)
	if p.queue != nil {
		s.Sink.Queue = p.queue.queued()
	}
	s.Groups = make([]GroupStats, 0, len(r.groups))
	for _, g := range r.groups {
		if g.spec.Role != RoleDoor {
			s.Groups = append(s.Groups, GroupStats{})
			g.state(&s.Groups[len(s.Groups)-1], clock)
		}
	}
	if r.serial != nil {
		slices.Reverse(s.Groups) // as Start does in others
	}
}

// reading states what the source did.
func (r *Run) reading(s *Parts, clock int64) {
	p := &r.parts
	s.Source.Total, s.Source.Position = p.total.Load(), p.position.Load()
	if unit := p.unit.Load(); unit != nil {
		s.Source.Unit = *unit
	}
	flows, dries := p.flows.Load(), p.dries.Load()
	if s.Source.Ended = dries != 0; s.Source.Ended {
		clock = min(clock, dries)
	}
	for _, seg := range r.segments {
		if seg.parent != nil {
			continue
		}
		s.Ahead = seg.ahead()
		s.Source.Blocked, s.Source.IsBlocked = seg.rests.stated(clock)
	}
	if flows == 0 {
		s.Source.Blocked = 0 // as of when the clock was read
	} else {
		s.Source.Blocked = min(s.Source.Blocked, max(0, time.Duration(clock-flows)))
		s.Source.Working = max(0, time.Duration(clock-flows)-s.Source.Blocked)
	}
}

// state states the accounts of the group as they are now.
func (g *Group) state(s *GroupStats, clock int64) {
	s.Name, s.Role, s.Node, s.Size, s.Bound = g.spec.Name, g.spec.Role, g.spec.Node, g.spec.Workers, g.seg.ahead()
	g.mu.Lock()
	execs := g.execs
	for _, x := range execs {
		if x.tally.resting {
			x.tally.catchUp(&g.latencies)
		}
	}
	if !g.batches {
		s.Queue = g.jobs.len()
	}
	if g.waits != nil {
		s.Queue += g.waits.waitingLocked()
	}
	s.BackingOff = len(g.timers)
	g.mu.Unlock()
	var worked time.Duration // on what is counted, without what is in hand
	s.Workers = make([]WorkerStats, 0, len(execs))
	var few [fewWorkers]Counts
	counts := few[:0]
	for _, x := range execs {
		counts = append(counts, x.tally.outcomes())
	}
	for i, x := range execs {
		counts[i].Started = x.tally.started.Load() // after all outcomes: these are of inputs that were begun
		worked += time.Duration(x.tally.working.Load())
		s.Workers = append(s.Workers, WorkerStats{})
		x.state(&s.Workers[i], clock, counts[i])
	}
	slices.SortFunc(s.Workers, func(a, b WorkerStats) int { return a.Worker - b.Worker })
	s.Latency = g.latencies.stats(worked)
	s.Slowest = g.latencies.slow.list()
	if len(s.Slowest) > 0 { // which is exact, as the middle of a bucket is not
		s.Latency.limitTo(s.Slowest[0].Took)
	}
}

// state states the accounts of the worker as they are now. Others call it.
func (x *Exec) state(w *WorkerStats, clock int64, counts Counts) {
	t, g := &x.tally, x.g
	w.Worker, w.Restarts, w.Counts, w.Doing, w.Hand.Index = x.number, t.comings.Load(), counts, Waiting, -1
	if g.spec.Config != nil {
		w.Config = g.spec.Config(x.number)
	}
	if g.spec.Role == RoleKeys || g.spec.Role == RoleBatches { // what they hand on goes to the stage
		w.Done = w.Started - w.Failed - w.Filtered
	}
	if g.spec.Role == RoleLines { // a line is too little to count it by itself
		w.Counts = Counts{}
	}
	ended := t.ended.Load()
	if ended == 0 {
		ended = g.run.parts.ended.Load() // of a worker of a serial run
	}
	until := clock
	if ended != 0 {
		until = max(ended, t.born.Load())
		w.Doing = Ended
	}
	w.Open = time.Duration(max(0, until-t.born.Load()))
	w.Opening, w.Working = time.Duration(t.opening.Load()), time.Duration(t.working.Load())
	if since := t.opens.Load(); since != 0 {
		w.Opening += time.Duration(max(0, until-since))
		w.Doing = Opening
		if t.closing.Load() {
			w.Doing = Closing
		}
	}
	if since := t.since.Load(); since != 0 {
		age := time.Duration(max(0, clock-since))
		w.Working += age
		w.Doing = Working
		w.Hand = Hand{Items: int(t.items.Load()), Index: -1, Age: age}
		if w.Hand.Items == 1 {
			w.Hand.Index = t.index.Load()
		}
		if in := t.input.Load(); in != nil {
			w.Hand.Input = *in
		}
	}
	if g.makes != nil {
		spent, blocked := g.makes.rests.stated(clock)
		if w.Blocked = spent; blocked {
			w.Doing = Blocked
		}
		if w.Hand.Items > 0 {
			w.Working = max(0, w.Working-(w.Blocked-time.Duration(t.blocked.Load())))
		}
	}
	// Some of it may have happened since the clock was read.
	w.Opening = min(w.Opening, w.Open)
	w.Blocked = min(w.Blocked, w.Open-w.Opening)
	// What blocks a quick head is partly an estimate.
	w.Working = max(0, min(w.Working, w.Open-w.Opening-w.Blocked))
	w.Waiting = max(0, w.Open-w.Opening-w.Working-w.Blocked)
}
