package process

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/vimap-go/vimap"
)

// Worker is the description of workers that are all alike. It is completed by
// the methods of [Definition] and [Opener].
type Worker[In, Out any] struct {
	kind  *kind
	local func() vimap.Stage[In, Out]
}

// Goroutines returns a stage whose workers are goroutines of this process, as
// if it had been made by package vimap. It has one worker until Workers says
// how many.
func (w Worker[In, Out]) Goroutines() vimap.Stage[In, Out] {
	notNil(w.kind == nil, "Goroutines", "the worker")
	return w.local().Named(w.kind.name)
}

// Children returns a stage whose workers are child processes. It is a stage as
// any other: it has one worker until Workers says how many, and Timeout, Retry,
// Restart and so on hold for it; an attempt that is longer than its Timeout
// ends by the end of its process, if the worker does not heed its context.
func (w Worker[In, Out]) Children(o Options) vimap.Stage[In, Out] {
	notNil(w.kind == nil, "Children", "the worker")
	house := newHouse(w.kind, o)
	return vimap.Open(func(ctx context.Context) (*parent[In, Out], error) {
		return open[struct{}, In, Out](ctx, house, struct{}{})
	}).Close((*parent[In, Out]).close).Do((*parent[In, Out]).do).Named(w.kind.name)
}

// WorkerWith is the description of workers that have a configuration each. It
// is completed by [OpenerWith.Do] and [Definition.Loop].
type WorkerWith[Config, In, Out any] struct {
	kind  *kind
	local func() vimap.Template[Config, In, Out]
}

// Goroutines returns a stage, but for its configurations, whose workers are
// goroutines of this process, as if it had been made by package vimap.
func (w WorkerWith[Config, In, Out]) Goroutines() vimap.Template[Config, In, Out] {
	notNil(w.kind == nil, "Goroutines", "the worker")
	return w.local()
}

// Children returns a stage, but for its configurations, whose workers are child
// processes: see [Worker.Children].
func (w WorkerWith[Config, In, Out]) Children(o Options) vimap.Template[Config, In, Out] {
	notNil(w.kind == nil, "Children", "the worker")
	house := newHouse(w.kind, o)
	return vimap.OpenWith(func(ctx context.Context, c Config) (*parent[In, Out], error) {
		return open[Config, In, Out](ctx, house, c)
	}).Close((*parent[In, Out]).close).Do((*parent[In, Out]).do)
}

// Options say how children are kept. The zero Options are good for most.
type Options struct {
	// InFlight is how many inputs a child has at once at most: while it works on
	// one, others are on their way. Fewer are sent if they take long, so that
	// about a millisecond of work is with a child. Defaults to 1,024; with 1 a
	// child has only the one that it works on. Of a worker of the Loop form, and
	// with KeyBy or in a Pool, it is always 1.
	InFlight int
	// Grace is how long a child may go on after its time limit or the end of the
	// run before it gets a SIGTERM, and after that before it gets a SIGKILL.
	// Both go to its process group. Defaults to 500 ms; in an opening, and of a
	// program that is started for each input, it is no more than that.
	Grace time.Duration
	// StartLimit is how long a child may take from its start to Init. Defaults
	// to 10 s.
	StartLimit time.Duration
	// CloseLimit is how long closing a worker may take before its child gets a
	// SIGTERM. Defaults to 10 s.
	CloseLimit time.Duration
	// Recycle is after how many inputs a child is replaced by a fresh one; 0 is
	// never.
	Recycle int
	// Memory is how many bytes a child may have in memory (its resident size,
	// looked at some 20 times a second); 0 is no limit. A child that has more
	// than three quarters of it between two inputs is replaced; one that has more
	// than it is killed, and the input that it works on fails as [OutOfMemory].
	Memory int64
	// Spares is how many further children a stage keeps in a run, so that a lost
	// one is replaced at once. Where all workers are alike a spare is opened as
	// well, and closed at the end if it was not needed: then neither hooks nor
	// errors tell of it. One whose worker has a configuration is opened when it
	// is known which one is needed.
	Spares int
	// Stderr gets what the children write to their standard error, a line at a
	// time behind worker and pid, from one goroutine at a time. Defaults to
	// os.Stderr; io.Discard is nothing. The last lines are in the errors anyway.
	Stderr io.Writer
	// Env are further variables of the children's environment, as "name=value".
	Env []string
	// Dir is the working directory of the children. Defaults to this process's.
	Dir string
}

const (
	defaultInFlight   = 1024
	defaultGrace      = 500 * time.Millisecond
	defaultStartLimit = 10 * time.Second
	defaultCloseLimit = 10 * time.Second
)

// checked returns o with its defaults.
func (o Options) checked(where string) Options {
	for _, number := range []struct {
		name  string
		value int64
	}{
		{"InFlight", int64(o.InFlight)},
		{"Grace", int64(o.Grace)},
		{"StartLimit", int64(o.StartLimit)},
		{"CloseLimit", int64(o.CloseLimit)},
		{"Recycle", int64(o.Recycle)},
		{"Memory", o.Memory},
		{"Spares", int64(o.Spares)},
	} {
		if number.value < 0 {
			panic(fmt.Sprintf("process: %s: Options.%s must not be negative, got %d", where, number.name, number.value))
		}
	}
	o.InFlight = orElse(o.InFlight, defaultInFlight)
	o.Grace = orElse(o.Grace, defaultGrace)
	o.StartLimit = orElse(o.StartLimit, defaultStartLimit)
	o.CloseLimit = orElse(o.CloseLimit, defaultCloseLimit)
	return o
}

func orElse[T comparable](v, other T) T {
	var none T
	if v == none {
		return other
	}
	return v
}
