package engine

import "time"

// WorkerEvent says what happened to a worker.
type WorkerEvent uint8

// The events of a worker.
const (
	// Opened comes before its first input.
	Opened WorkerEvent = iota
	// Closed comes with the error of closing.
	Closed
	// Restarted comes before a further opening.
	Restarted
	// Stuck comes when it is abandoned.
	Stuck
)

// ItemEvent says what happened to an input of a stage.
type ItemEvent uint8

// The events of an input.
const (
	// AttemptFailed comes for each attempt that failed.
	AttemptFailed ItemEvent = iota
	// Retried comes when another attempt will follow.
	Retried
	// ItemFailed comes when none will.
	ItemFailed
	// Done comes when it has its output.
	Done
)

// ItemNews is an event of an input.
type ItemNews struct {
	Worker  int
	Meta    *Meta // valid during the call
	Input   any
	Attempt int
	Wait    time.Duration
	Err     error
}

// Hooks are told of events, by the goroutine they happen in.
type Hooks struct {
	Worker func(e WorkerEvent, worker int, err error)
	Item   func(e ItemEvent, n ItemNews)
}

func (g *Group) workerEvent(e WorkerEvent, x *Exec, err error) {
	if g.run.observe != nil {
		g.run.observe(e, x, g.spec.Name, x.number, err)
	}
	if g.spec.Hooks != nil {
		g.hook(func() { g.spec.Hooks.Worker(e, x.number, err) })
	}
}

func (g *Group) itemEvent(e ItemEvent, x *Exec, in any, attempt int, wait time.Duration, err error) {
	n := ItemNews{x.number, g.seg.meta(x.slot), in, attempt, wait, err}
	g.hook(func() { g.spec.Hooks.Item(e, n) })
}

// hook calls a hook so that nothing it does can harm the worker. The first
// panic in one is part of the run's error.
func (g *Group) hook(call func()) {
	contain := Contain
	if g.run.serial != nil {
		contain = ContainHere
	}
	err := contain(g.run.faults, func() error {
		call()
		return nil
	})
	if err != nil && !g.hookFailed.Swap(true) {
		g.run.Note(g.run.faults.Worker(g.spec.Name, 0, nil, "hook", err))
	}
}
