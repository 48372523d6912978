package vimap

import (
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

// Hooks are functions that a stage calls when something happens, each of them
// or none. They are called by the worker that it happens to, which waits for
// them, and by several at once. A panic in one harms nothing but is part of the
// run's error. A stage without hooks pays nothing for them; one with hooks
// about a microsecond for each call.
type Hooks struct {
	WorkerOpened    func(WorkerEvent)
	WorkerClosed    func(WorkerEvent) // Err is what closing returned
	WorkerRestarted func(WorkerEvent) // it is about to be opened again, because of Err
	WorkerStuck     func(WorkerEvent) // it was abandoned; Err is a *[StuckError]

	AttemptFailed func(ItemEvent) // one attempt, with Err
	ItemRetried   func(ItemEvent) // another follows after Wait
	ItemFailed    func(ItemEvent) // no other follows
	ItemDone      func(ItemEvent) // the input has its output
}

// WorkerEvent is what happened to a worker of a stage.
type WorkerEvent struct {
	Stage  string
	Worker int // from 0
	Config any // what Each gave it; nil if there is none
	Err    error
}

// ItemEvent is what happened to an input of a stage.
type ItemEvent struct {
	Stage   string
	Worker  int   // from 0
	Index   int64 // of the item in its source, from 0; -1 for a call of [Pool.Do]
	Input   any   // of the stage
	Attempt int   // from 1
	Wait    time.Duration
	Err     error
}

// Hooks sets the functions that are told what happens in the stage. They
// replace those of an earlier call.
func (s Stage[In, Out]) Hooks(h Hooks) Stage[In, Out] {
	s.simple("Hooks")
	s.options.hooks = &h
	return s
}

// forStage returns the hooks as the engine calls them; nil if there are none.
func (h *Hooks) forStage(s engine.Spec) *engine.Hooks {
	if h == nil {
		return nil
	}
	worker := [...]func(WorkerEvent){
		engine.Opened: h.WorkerOpened, engine.Closed: h.WorkerClosed,
		engine.Restarted: h.WorkerRestarted, engine.Stuck: h.WorkerStuck,
	}
	item := [...]func(ItemEvent){
		engine.AttemptFailed: h.AttemptFailed, engine.Retried: h.ItemRetried,
		engine.ItemFailed: h.ItemFailed, engine.Done: h.ItemDone,
	}
	return &engine.Hooks{
		Worker: func(e engine.WorkerEvent, n int, err error) {
			if f := worker[e]; f != nil {
				event := WorkerEvent{Stage: s.Name, Worker: n, Err: err}
				if s.Config != nil {
					event.Config = s.Config(n)
				}
				f(event)
			}
		},
		Item: func(e engine.ItemEvent, n engine.ItemNews) {
			if f := item[e]; f != nil {
				f(ItemEvent{s.Name, n.Worker, n.Meta.Index, n.Input, n.Attempt, n.Wait, n.Err})
			}
		},
	}
}
