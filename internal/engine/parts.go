package engine

import (
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
	RoleSteps               // runs inline steps that no stage follows
	RolePool                // hands inputs to a pool
)

// Parts are the accounts of the parts of a run.
type Parts struct {
	Began   time.Time
	Elapsed time.Duration
	Running bool
	Stopped bool
	Ahead   int
	Source  SourceStats
	Groups  []GroupStats // in the order of the chain
	Sink    SinkStats
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
	node       int  // of the plan, that is compiled now
	showInputs bool // in the accounts
	ended      atomic.Int64
	whole      atomic.Bool // the source came to its end by itself
}

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

// stated returns the accounts of the parts as they are now.
func (r *Run) stated() Parts {
	p := Parts{Began: r.born, Elapsed: r.now(), Running: true, Stopped: r.stopped.Load() && !r.parts.whole.Load()}
	if ended := r.parts.ended.Load(); ended != 0 {
		p.Elapsed, p.Running = time.Duration(ended), false
	}
	return p
}

// Total says how much there is to be read.
func (e *Emitter[T]) Total(n int64, unit string) {}

// Advance says that n more of it were read.
func (e *Emitter[T]) Advance(n int64) {}
