package process

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/vimap-go/vimap"
)

// Definition is a name for a worker that is still to be described. See [Define].
type Definition struct {
	name  string
	place string
	codec Codec
}

// Define begins the description of a worker that can live in a child process.
// The child is the program itself, started anew: it finds the worker by its
// name. So the description must be complete before [Init] is called, which
// means that it is a variable of a package:
//
//	var resize = process.Define("resize").Func(resizeOne)
//
// Define panics if name is empty, or if Init was called already; the methods
// that complete the description panic if there is a worker of that name.
func Define(name string) Definition {
	if name == "" {
		panic("process: Define: name must not be empty")
	}
	if started.Load() {
		panic(fmt.Sprintf("process: Define: %q is defined after process.Init was called: a child would not know it; "+
			"make it a variable of the package: var worker = process.Define(%q)…", name, name))
	}
	_, file, line, _ := runtime.Caller(1)
	return Definition{name: name, place: fmt.Sprintf("%s:%d", file, line), codec: cborCodec{}}
}

// Codec sets how inputs, outputs and configurations travel, but for those that
// are a string or a []byte. Without it that is CBOR, which takes what
// encoding/json takes, and more; a type of which it would lose something, as it
// would a field that is not exported, is an error when the first child opens.
func (d Definition) Codec(c Codec) Definition {
	notNil(c == nil, "Codec", "c")
	d.codec = c
	return d
}

// Func describes a worker that needs no set-up, as [vimap.Func] does.
func (d Definition) Func[In, Out any](f func(context.Context, In) (Out, error)) Worker[In, Out] {
	notNil(f == nil, "Func", "f")
	form := form[struct{}, struct{}, In, Out]{
		open: func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil },
		do:   func(_ struct{}, ctx context.Context, in In) (Out, error) { return f(ctx, in) },
	}
	return Worker[In, Out]{
		kind:  complete[struct{}, In, Out](d, form.serve),
		local: func() vimap.Stage[In, Out] { return vimap.Func(f) },
	}
}

// Open begins the description of workers that hold a state, all alike, as
// [vimap.Open] does.
func (d Definition) Open[State any](open func(context.Context) (State, error)) Opener[State] {
	notNil(open == nil, "Open", "open")
	return Opener[State]{d: d, open: open}
}

// OpenWith begins the description of workers that hold a state, each with a
// configuration of its own, as [vimap.OpenWith] does. The configuration travels
// to the child.
func (d Definition) OpenWith[Config, State any](open func(context.Context, Config) (State, error)) OpenerWith[Config, State] {
	notNil(open == nil, "OpenWith", "open")
	return OpenerWith[Config, State]{d: d, open: open}
}

// Loop describes workers that are one function, each with a configuration, as
// [vimap.Loop] does. A child of it has one input in hand at a time.
func (d Definition) Loop[In, Out, Config any](worker func(*vimap.Feed[In, Out], Config) error) WorkerWith[Config, In, Out] {
	notNil(worker == nil, "Loop", "worker")
	return WorkerWith[Config, In, Out]{
		kind:  complete[Config, In, Out](d, loopForm[Config, In, Out]{worker}.serve).single(),
		local: func() vimap.Template[Config, In, Out] { return vimap.Loop(worker) },
	}
}

// LoopFunc is [Definition.Loop] for workers that are all alike.
func (d Definition) LoopFunc[In, Out any](worker func(*vimap.Feed[In, Out]) error) Worker[In, Out] {
	notNil(worker == nil, "LoopFunc", "worker")
	form := loopForm[struct{}, In, Out]{func(feed *vimap.Feed[In, Out], _ struct{}) error { return worker(feed) }}
	return Worker[In, Out]{
		kind:  complete[struct{}, In, Out](d, form.serve).single(),
		local: func() vimap.Stage[In, Out] { return vimap.LoopFunc(worker) },
	}
}

// Opener describes workers that are set up before their first input, all
// alike. See [Definition.Open].
type Opener[State any] struct {
	d     Definition
	open  func(context.Context) (State, error)
	close func(State) error
}

// Close sets what ends a worker that was opened, as [vimap.Opener.Close] does.
// In a child it runs before the process ends, unless that was killed.
func (o Opener[State]) Close(end func(State) error) Opener[State] {
	notNil(end == nil, "Close", "end")
	o.close = end
	return o
}

// Do sets what a worker does with an input, and completes the description.
func (o Opener[State]) Do[In, Out any](do func(State, context.Context, In) (Out, error)) Worker[In, Out] {
	notNil(do == nil, "Do", "do")
	form := form[struct{}, State, In, Out]{
		open:  func(ctx context.Context, _ struct{}) (State, error) { return o.open(ctx) },
		close: o.close, do: do,
	}
	return Worker[In, Out]{
		kind: complete[struct{}, In, Out](o.d, form.serve),
		local: func() vimap.Stage[In, Out] {
			opener := vimap.Open(o.open)
			if o.close != nil {
				opener = opener.Close(o.close)
			}
			return opener.Do(do)
		},
	}
}

// OpenerWith describes workers that are set up before their first input, each
// with a configuration of its own. See [Definition.OpenWith].
type OpenerWith[Config, State any] struct {
	d     Definition
	open  func(context.Context, Config) (State, error)
	close func(State) error
}

// Close sets what ends a worker that was opened: see [Opener.Close].
func (o OpenerWith[Config, State]) Close(end func(State) error) OpenerWith[Config, State] {
	notNil(end == nil, "Close", "end")
	o.close = end
	return o
}

// Do sets what a worker does with an input, and completes the description.
func (o OpenerWith[Config, State]) Do[In, Out any](do func(State, context.Context, In) (Out, error)) WorkerWith[Config, In, Out] {
	notNil(do == nil, "Do", "do")
	return WorkerWith[Config, In, Out]{
		kind: complete[Config, In, Out](o.d, form[Config, State, In, Out]{o.open, o.close, do}.serve),
		local: func() vimap.Template[Config, In, Out] {
			opener := vimap.OpenWith(o.open)
			if o.close != nil {
				opener = opener.Close(o.close)
			}
			return opener.Do(do)
		},
	}
}

// kind is a complete description as a child finds it.
type kind struct {
	name  string
	place string
	codec Codec
	check func() error // whether its values can travel
	alone bool         // it has one input in hand at a time
	serve func(*session)
}

// single says that a worker has one input in hand at a time.
func (k *kind) single() *kind {
	k.alone = true
	return k
}

// known are the workers by their names.
var known = struct {
	sync.Mutex
	kinds map[string]*kind
}{kinds: map[string]*kind{}}

func complete[Config, In, Out any](d Definition, serve func(*session, Codec)) *kind {
	notNil(d.codec == nil, "Definition", "the name (use Define)")
	k := &kind{name: d.name, place: d.place, codec: d.codec, serve: func(s *session) { serve(s, d.codec) }}
	k.check = sync.OnceValue(func() error {
		for _, err := range []error{
			checkType[In]("input", d.codec), checkType[Out]("output", d.codec), checkType[Config]("configuration", d.codec),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	known.Lock()
	defer known.Unlock()
	if other, taken := known.kinds[d.name]; taken {
		panic(fmt.Sprintf("process: Define: there are two workers named %q, defined at %s and at %s: "+
			"give one another name: process.Define(%q)", d.name, other.place, d.place, d.name+"-2"))
	}
	known.kinds[d.name] = k
	return k
}

// notNil panics for a mistake in the caller's source.
func notNil(isNil bool, where, what string) {
	if isNil {
		panic(fmt.Sprintf("process: %s: %s must not be nil", where, what))
	}
}
