package vimap

import (
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

// Hooks are functions that a stage calls when something happens, each of them
// or none. They are called by the worker that it happens to, which waits for
// them, and by several at once. A panic in one harms nothing but is part of the
// run's error. A call costs about a microsecond; a function that is nil costs
// nothing.
type Hooks struct {
	WorkerOpened    func(WorkerEvent)
	WorkerClosed    func(WorkerEvent) // Err is what closing returned
	WorkerRestarted func(WorkerEvent) // it is about to be opened again, because of Err
	WorkerStuck     func(WorkerEvent) // it was abandoned; Err is a *[StuckError]
	WorkerGivenUp   func(WorkerEvent) // it is not opened again; Err is mostly a *[WorkerError]

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
	place   *engine.Place
}

// Place names the item as its source does, such as requests.jsonl:17; "" if the
// source knows no names, or for a call of [Pool.Do]. The name is made anew by each
// call.
func (e ItemEvent) Place() (name string) {
	if e.place == nil || e.Index < 0 {
		return ""
	}
	defer func() { _ = recover() }() // in the source's function: then it has no name
	return e.place.Name(e.Index - e.place.First)
}

// Hooks sets the functions that are told what happens in the stage. They
// replace those of an earlier call.
func (s Stage[In, Out]) Hooks(h Hooks) Stage[In, Out] {
	s.simple("Hooks")
	s.options.hooks = &h
	return s
}

// Hooks sets the functions that are told what happens in the stages of the chain,
// whether they are added before or after it and also those that Then composed,
// after the hooks that a stage has of its own. Inline steps have none, and the
// workers of a [Pool] only those of its stage. They replace those of an earlier
// call.
func (p Pipeline[In, Out]) Hooks(h Hooks) Pipeline[In, Out] {
	p.hooks = &h
	return p
}

// And returns hooks that call the functions of h and, after them, those of others
// in their order. Each is called whatever becomes of those before it; of several
// that panic at the same event the last one is the error.
func (h Hooks) And(others ...Hooks) Hooks {
	for i := range others {
		other := &others[i]
		h.WorkerOpened = inTurn(h.WorkerOpened, other.WorkerOpened)
		h.WorkerClosed = inTurn(h.WorkerClosed, other.WorkerClosed)
		h.WorkerRestarted = inTurn(h.WorkerRestarted, other.WorkerRestarted)
		h.WorkerStuck = inTurn(h.WorkerStuck, other.WorkerStuck)
		h.WorkerGivenUp = inTurn(h.WorkerGivenUp, other.WorkerGivenUp)
		h.AttemptFailed = inTurn(h.AttemptFailed, other.AttemptFailed)
		h.ItemRetried = inTurn(h.ItemRetried, other.ItemRetried)
		h.ItemFailed = inTurn(h.ItemFailed, other.ItemFailed)
		h.ItemDone = inTurn(h.ItemDone, other.ItemDone)
	}
	return h
}

// inTurn returns a function that calls first and second, also if first panics.
func inTurn[Event any](first, second func(Event)) func(Event) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(e Event) {
		defer func() { second(e) }() // not deferred itself: a recover in it is for its own panics
		first(e)
	}
}

// hooksOf returns the hooks of a stage as the engine calls them; nil if there are none.
func hooksOf(h *Hooks, s engine.Spec) *engine.Hooks {
	if h == nil {
		return nil
	}
	return toldOf(h, s)
}

// toldOf is hooksOf for those that there are.
func toldOf(h *Hooks, s engine.Spec) *engine.Hooks {
	worker := [...]func(WorkerEvent){
		engine.Opened: h.WorkerOpened, engine.Closed: h.WorkerClosed,
		engine.Restarted: h.WorkerRestarted, engine.Stuck: h.WorkerStuck,
		engine.GivenUp: h.WorkerGivenUp,
	}
	item := [...]func(ItemEvent){
		engine.AttemptFailed: h.AttemptFailed, engine.Retried: h.ItemRetried,
		engine.ItemFailed: h.ItemFailed, engine.Done: h.ItemDone,
	}
	hooks := &engine.Hooks{
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
				f(ItemEvent{s.Name, n.Worker, n.Meta.Index, n.Input, n.Attempt, n.Wait, n.Err, n.Meta.Place})
			}
		},
	}
	for e, f := range item {
		hooks.Unheard[e] = f == nil
	}
	return hooks
}
