package vimap

import (
	"context"
	"iter"

	"github.com/vimap-go/vimap/internal/engine"
)

// Loop begins a stage whose worker is one function: it sets up, ranges over its
// inputs, and cleans up. Each gives every worker its configuration.
//
//	func adder(feed *vimap.Feed[int, string], c config) error {
//		// set up
//		for ctx, n := range feed.All() {
//			feed.Yield(c.add(ctx, n))
//		}
//		// clean up
//		return nil
//	}
//
// Each turn of the loop yields exactly one output. None, two, or leaving the
// loop without one is an [ErrYield] for the input in hand, and loses nothing
// else. A worker that returns before its inputs have ended is begun again; one
// that has worked on none since it began needs the leave of the Restart policy
// for that. An error that it returns after them is part of the run's error.
func Loop[In, Out, Config any](worker func(*Feed[In, Out], Config) error) Template[Config, In, Out] {
	notNil(worker == nil, "Loop", "worker")
	return Template[Config, In, Out]{func(configs []Config) Stage[In, Out] {
		return newStage("loop", engine.Stage[In, Out]{
			Loop: func(feed *engine.Feed[In, Out], n int) error { return worker(&Feed[In, Out]{feed}, configs[n]) },
		})
	}}
}

// LoopFunc is [Loop] for workers that are all alike: [Stage.Workers] says how
// many.
func LoopFunc[In, Out any](worker func(*Feed[In, Out]) error) Stage[In, Out] {
	notNil(worker == nil, "LoopFunc", "worker")
	return newStage("loop", engine.Stage[In, Out]{
		Loop: func(feed *engine.Feed[In, Out], _ int) error { return worker(&Feed[In, Out]{feed}) },
	})
}

// Feed brings the worker function of a [Loop] its inputs and takes its
// outputs. It must be used only on the goroutine of that function.
type Feed[In, Out any] struct {
	feed *engine.Feed[In, Out]
}

// All ranges over the inputs of this worker; it blocks until there is one, and
// ends when the stage has no more. Each comes with the context of its attempt.
func (f *Feed[In, Out]) All() iter.Seq2[context.Context, In] { return f.feed.All }

// Yield gives the output for the input in hand, or its error. Called without an
// input in hand it panics.
func (f *Feed[In, Out]) Yield(out Out, err error) { f.feed.Yield(out, err) }

// Context returns the context of the worker, for its set-up: it ends when the
// stage has nothing more to do.
func (f *Feed[In, Out]) Context() context.Context { return f.feed.Context() }
