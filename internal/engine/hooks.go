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
	// GivenUp comes when it is not opened again.
	GivenUp
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
	Meta    Meta
	Input   any
	Attempt int
	Wait    time.Duration
	Err     error
}

// Hooks are told of events, by the goroutine they happen in.
type Hooks struct {
	Worker func(e WorkerEvent, worker int, err error)
	Item   func(e ItemEvent, n ItemNews)

	// Unheard are the events of inputs of which Item is not to be told: they
	// cost nothing.
	Unheard [Done + 1]bool
}

// hear reports whether the hooks, which may be nil, are to be told of e.
func (h *Hooks) hear(e ItemEvent) bool { return h != nil && !h.Unheard[e] }

// Hook has hooks that are made for each stage be told of what happens there,
// after those of the stage itself.
func (r *Run) Hook(hooks func(Spec) *Hooks) { r.hooks = hooks }

// and returns hooks that tell both; either may be nil.
func (h *Hooks) and(other *Hooks) *Hooks {
	switch {
	case h == nil:
		return other
	case other == nil:
		return h
	}
	both := &Hooks{
		Worker: func(e WorkerEvent, worker int, err error) {
			defer func() { other.Worker(e, worker, err) }() // also after a panic
			h.Worker(e, worker, err)
		},
		Item: func(e ItemEvent, n ItemNews) {
			defer func() { other.Item(e, n) }()
			h.Item(e, n)
		},
	}
	for e := range both.Unheard {
		both.Unheard[e] = h.Unheard[e] && other.Unheard[e]
	}
	return both
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
