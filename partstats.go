package vimap

import (
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

// SourceStats say what the source of a run did. It is the one part of a chain
// that waits for room, see [Pipeline.InFlight]: whatever is slow behind it shows
// here as time that it was blocked.
type SourceStats struct {
	Name      string        `json:"name"`
	Read      int64         `json:"read"`            // items
	Total     int64         `json:"total"`           // how much there is to be read, in Unit; 0 if the source does not say
	Position  int64         `json:"position"`        // how much of Total was read
	Unit      string        `json:"unit"`            // "items", "bytes" or what else the source counts in; "" without a Total
	Working   time.Duration `json:"working_seconds"` // at work on its items, or waiting for them where they come from
	Blocked   time.Duration `json:"blocked_seconds"` // waiting for room
	IsBlocked bool          `json:"is_blocked"`      // it waits for room now
	Ended     bool          `json:"ended"`           // it makes no more items
}

// StageStats say what the workers of a stage did, all together and one by one.
// Goroutines that a chain has besides, for FlatMap, KeyBy, Bulk and steps that
// no stage follows, have a row of their own, see Role.
//
// Inline steps count where they run: those before a stage in its workers, those
// behind the last one in the workers of that. So an item that Filter drops is
// Filtered there, and one that fails in Try is Failed there.
type StageStats struct {
	Name    string        `json:"name"`
	Role    StageRole     `json:"role"`
	Node    int           `json:"node"`    // which of Plan.Nodes it is; -1 for steps that no stage follows
	Size    int           `json:"size"`    // how many workers it may have
	Workers []WorkerStats `json:"workers"` // those that have begun, by their numbers

	Tally                 // of all workers
	Times                 // the same
	Queue      int        `json:"queue"`       // inputs that wait for a worker
	Bound      int        `json:"bound"`       // how many may: the look-ahead, as it is now
	BackingOff int        `json:"backing_off"` // inputs that wait for their next attempt, holding no worker
	Latency    Latency    `json:"latency"`
	Slowest    []SlowItem `json:"slowest"` // five at most, the slowest first
}

// StageRole says what the workers of a [StageStats] are there for.
type StageRole string

// The roles of workers.
const (
	RoleStage   StageRole = "stage"   // those that the stage was given
	RoleKeys    StageRole = "keys"    // the one that deals out the inputs of a KeyBy stage
	RoleBatches StageRole = "batches" // the one that gathers the batches of a Bulk stage
	RoleFlatMap StageRole = "flatmap" // the one of a FlatMap
	RoleSteps   StageRole = "steps"   // the one of inline steps that no stage follows; those that cut lines, one for each processor, have no Tally
	RoleTurn    StageRole = "turn"    // the one of a step that takes one item after another, such as Take
	RolePool    StageRole = "pool"    // those that hand inputs to a Pool and do not wait for them
)

// Tally counts inputs. Of a stage, when the run is over and unless it was broken
// off, Started == Done + Failed + Filtered. Of one worker that need not hold: an
// input that is tried again may come to another.
type Tally struct {
	Started  int64 `json:"started"`  // inputs that were begun, each once
	Done     int64 `json:"done"`     // outputs that were handed on; of FlatMap, inputs of which all was made
	Failed   int64 `json:"failed"`   // inputs that failed here for good
	Filtered int64 `json:"filtered"` // inputs that came to nothing here
	Retried  int64 `json:"retried"`  // attempts that failed and that another was to follow
}

// Times say how workers spent their time; of a stage they are sums over its
// workers. Open == Opening + Working + Blocked + Waiting.
type Times struct {
	Open    time.Duration `json:"open_seconds"`    // from the beginning of a worker to its end
	Opening time.Duration `json:"opening_seconds"` // setting up, waiting to be restarted, cleaning up
	Working time.Duration `json:"working_seconds"` // with inputs in hand
	Blocked time.Duration `json:"blocked_seconds"` // waiting for room, which only FlatMap does
	Waiting time.Duration `json:"waiting_seconds"` // for inputs
}

// Latency says how long inputs were in the hands of workers, inline steps and
// all, one attempt at a time. Workers take cheap inputs in chunks and measure
// the chunk: its mean stands for each of them then. An input that holds up its
// chunk for more than a millisecond is measured by itself. Figures are exact to
// about 6 %.
type Latency struct {
	Count int64         `json:"count"` // attempts
	Mean  time.Duration `json:"mean_seconds"`
	P50   time.Duration `json:"p50_seconds"`
	P90   time.Duration `json:"p90_seconds"`
	P99   time.Duration `json:"p99_seconds"`
	Max   time.Duration `json:"max_seconds"`
}

// SlowItem is an input that took long.
type SlowItem struct {
	Took   time.Duration `json:"took_seconds"`
	Index  int64         `json:"index"`  // of the item in its source, from 0
	Place  string        `json:"place"`  // of the item, such as requests.jsonl:17; "" if the source knows none
	Items  int           `json:"items"`  // how many items, this one among them, Took is the mean of; mostly 1
	Worker int           `json:"worker"` // from 0
	Input  any           `json:"-"`      // of the worker; nil without [Pipeline.ShowInputs]
}

// WorkerStats say what one worker did.
type WorkerStats struct {
	Worker   int         `json:"worker"` // from 0
	Config   any         `json:"-"`      // what Each gave it; nil if there is none
	State    WorkerState `json:"state"`
	Restarts int64       `json:"restarts"`
	Tally
	Times
	Hand Hand `json:"hand"`
}

// WorkerState says what a worker is doing.
type WorkerState string

// The states of workers.
const (
	WorkerOpening WorkerState = "opening" // or waiting to be opened again
	WorkerWaiting WorkerState = "waiting" // for an input
	WorkerWorking WorkerState = "working" // on what it has in hand
	WorkerBlocked WorkerState = "blocked" // waiting for room, which only FlatMap does
	WorkerClosing WorkerState = "closing" // cleaning up
	WorkerEnded   WorkerState = "ended"   // given up, or with nothing left to do
)

// Hand is what a worker has in hand now.
type Hand struct {
	Items int           `json:"items"`       // 0: nothing; several if it took cheap inputs together
	Index int64         `json:"index"`       // of the item in its source, from 0; -1 unless there is just one
	Age   time.Duration `json:"age_seconds"` // since it was taken
	Input any           `json:"-"`           // of the worker; nil without [Pipeline.ShowInputs]
}

// SinkStats say what the loop over a run did.
type SinkStats struct {
	Taken   int64         `json:"taken"`           // outputs and failures
	Working time.Duration `json:"working_seconds"` // in the body of the loop
	Waiting time.Duration `json:"waiting_seconds"` // for outcomes
	Queue   int           `json:"queue"`           // outcomes that wait for it, or, if the run is ordered, for their turn
}

// ShowInputs has [Stats] hold inputs: those of the slowest items, and those that
// workers have in hand. Without it they are known by their index and place
// alone, because what is held can't be collected, and may be what nobody
// should see. At most five inputs for each stage stay in memory by it, and, of
// workers that take one at a time, what they have in hand.
func (p Pipeline[In, Out]) ShowInputs() Pipeline[In, Out] {
	p.showInputs = true
	return p
}

var roles = [...]StageRole{
	engine.RoleStage: RoleStage, engine.RoleKeys: RoleKeys, engine.RoleBatches: RoleBatches,
	engine.RoleFlatMap: RoleFlatMap, engine.RoleSteps: RoleSteps, engine.RolePool: RolePool,
	engine.RoleTurn: RoleTurn, engine.RoleLines: RoleSteps,
}

var states = [...]WorkerState{
	engine.Opening: WorkerOpening, engine.Waiting: WorkerWaiting, engine.Working: WorkerWorking,
	engine.Blocked: WorkerBlocked, engine.Closing: WorkerClosing, engine.Ended: WorkerEnded,
}

func stageStats(g *engine.GroupStats) StageStats {
	s := StageStats{
		Name: g.Name, Role: roles[g.Role], Node: g.Node, Size: g.Size,
		Queue: g.Queue, Bound: g.Bound, BackingOff: g.BackingOff,
		Workers: make([]WorkerStats, 0, len(g.Workers)),
		Latency: Latency{Count: g.Latency.Count, Mean: g.Latency.Mean, P50: g.Latency.P50, P90: g.Latency.P90, P99: g.Latency.P99},
	}
	for i := range g.Workers {
		w := &g.Workers[i]
		s.Workers = append(s.Workers, WorkerStats{
			Worker: w.Worker, Config: w.Config, State: states[w.Doing], Restarts: w.Restarts,
			Tally: Tally(w.Counts),
			Times: Times{w.Open, w.Opening, w.Working, w.Blocked, w.Waiting},
			Hand:  Hand(w.Hand),
		})
		s.add(Tally(w.Counts))
		s.Open += w.Open
		s.Opening += w.Opening
		s.Working += w.Working
		s.Blocked += w.Blocked
		s.Waiting += w.Waiting
	}
	for _, slow := range g.Slowest {
		s.Latency.Max = max(s.Latency.Max, slow.Took)
		s.Slowest = append(s.Slowest, SlowItem{
			Took: slow.Took, Index: slow.Index, Place: nameOf(slow.Place, slow.Index),
			Items: slow.Items, Worker: slow.Worker, Input: slow.Input,
		})
	}
	return s
}

func (t *Tally) add(more Tally) {
	t.Started += more.Started
	t.Done += more.Done
	t.Failed += more.Failed
	t.Filtered += more.Filtered
	t.Retried += more.Retried
}
