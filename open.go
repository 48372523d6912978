package vimap

import (
	"context"
	"slices"

	"github.com/vimap-go/vimap/internal/engine"
)

// Opener describes workers that are set up before their first input, all
// alike. See [Open].
type Opener[State any] struct {
	with OpenerWith[struct{}, State]
}

// OpenerWith describes workers that are set up before their first input,
// each with a configuration of its own. See [OpenWith].
type OpenerWith[Config, State any] struct {
	open  func(context.Context, Config) (State, error)
	close func(State) error
}

// Open begins a stage whose workers hold a state: a session, a connection, a
// model. open makes the state of each worker, once, before it takes an input;
// its context ends when the stage has nothing more to do. If it fails, the
// Restart policy says whether it is called again.
//
// Open, Do and Close of one worker never overlap. After a panic in Do the
// worker is closed and opened anew.
func Open[State any](open func(context.Context) (State, error)) Opener[State] {
	notNil(open == nil, "Open", "open")
	return Opener[State]{OpenerWith[struct{}, State]{
		open: func(ctx context.Context, _ struct{}) (State, error) { return open(ctx) },
	}}
}

// OpenWith is Open for workers that differ: open gets the configuration of its
// worker, which is never copied by other means than assignment, compared or
// serialised.
func OpenWith[Config, State any](open func(context.Context, Config) (State, error)) OpenerWith[Config, State] {
	notNil(open == nil, "OpenWith", "open")
	return OpenerWith[Config, State]{open: open}
}

// Close sets what ends a worker that was opened: it is called once for each
// opening, also after failures, panics and cancellation. Its error is part of
// the run's error and loses no output. Without it nothing is called.
func (o Opener[State]) Close(end func(State) error) Opener[State] {
	o.with = o.with.Close(end)
	return o
}

// Close sets what ends a worker that was opened: see [Opener.Close].
func (o OpenerWith[Config, State]) Close(end func(State) error) OpenerWith[Config, State] {
	notNil(end == nil, "Close", "end")
	o.close = end
	return o
}

// Do sets what a worker does with an input, and completes the stage. A method
// expression fits, as in Do((*Session).Post).
func (o Opener[State]) Do[In, Out any](do func(State, context.Context, In) (Out, error)) Stage[In, Out] {
	notNil(do == nil, "Do", "do")
	return o.with.stage(do, nil)
}

// Do sets what a worker does with an input. Each completes the stage.
func (o OpenerWith[Config, State]) Do[In, Out any](do func(State, context.Context, In) (Out, error)) Template[Config, In, Out] {
	notNil(do == nil, "Do", "do")
	return Template[Config, In, Out]{func(configs []Config) Stage[In, Out] { return o.stage(do, configs) }}
}

// stage makes the stage; configs is nil for workers that are all alike.
func (o OpenerWith[Config, State]) stage[In, Out any](do func(State, context.Context, In) (Out, error), configs []Config) Stage[In, Out] {
	var none State
	_, several := any(none).(engine.Several[In, Out]) // those of package process are
	return newStage("open", engine.Stage[In, Out]{
		Several: several,
		Open: func(ctx context.Context, worker int) (w engine.Worker[In, Out], err error) {
			var config Config
			if configs != nil {
				config = configs[worker]
			}
			state, err := o.open(ctx, config)
			if err != nil {
				return w, err
			}
			w.Do = func(ctx context.Context, in In) (Out, error) { return do(state, ctx, in) }
			if several {
				w.Several = any(state).(engine.Several[In, Out])
			}
			if o.close != nil {
				w.Close = func() error { return o.close(state) }
			}
			return w, nil
		},
	})
}

// Template is a stage that lacks the configurations of its workers.
type Template[Config, In, Out any] struct {
	make func(configs []Config) Stage[In, Out]
}

// Each completes the stage: it has a worker for each configuration, at least
// one. A configuration that is given twice makes two workers.
func (t Template[Config, In, Out]) Each(configs ...Config) Stage[In, Out] {
	notNil(t.make == nil, "Each", "the template")
	return each(t.make(slices.Clone(configs)), configs)
}
