package vimaptest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
)

// Fault is something that goes wrong in a call of a function: see [Fail],
// [Panic], [Goexit], [Hang] and [Stuck]. It happens on every call unless
// [Fault.On] or [Fault.From] says on which.
type Fault struct {
	happen func(ctx context.Context, testOver <-chan struct{}) error
	on     []int64 // nil: all beginning with from
	from   int64
}

var errTestOver = errors.New("vimaptest: the test is over")

// Fail is a call that returns err.
func Fail(err error) Fault {
	notNil(err == nil, "Fail", "err")
	return Fault{happen: func(context.Context, <-chan struct{}) error { return err }}
}

// Panic is a call that panics with value.
func Panic(value any) Fault {
	return Fault{happen: func(context.Context, <-chan struct{}) error { panic(value) }}
}

// Goexit is a call that ends its goroutine by runtime.Goexit, as t.FailNow
// does.
func Goexit() Fault {
	return Fault{happen: func(context.Context, <-chan struct{}) error {
		runtime.Goexit()
		return nil
	}}
}

// Hang is a call that does not return before its context ends, and then with
// the cause of that: a server that does not answer. Without a context (of a
// Close, or a step) it is as [Stuck].
func Hang() Fault {
	return Fault{happen: func(ctx context.Context, testOver <-chan struct{}) error {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-testOver:
			return errTestOver
		}
	}}
}

// Stuck is a call that ignores its context and does not return before the test
// is over: what a Timeout abandons.
func Stuck() Fault {
	return Fault{happen: func(_ context.Context, testOver <-chan struct{}) error {
		<-testOver
		return errTestOver
	}}
}

// On has the fault happen on these calls, counted from 1, and on no other. It
// replaces an earlier On or From.
func (f Fault) On(calls ...int) Fault {
	atLeastOne("On", "the number of calls", len(calls))
	f.on, f.from = make([]int64, len(calls)), 0
	for i, call := range calls {
		atLeastOne("On", "call", call)
		f.on[i] = int64(call)
	}
	return f
}

// From has the fault happen on this call, counted from 1, and on all after it:
// a server that dies half-way. It replaces an earlier On or From.
func (f Fault) From(call int) Fault {
	atLeastOne("From", "call", call)
	f.on, f.from = nil, int64(call)
	return f
}

func (f Fault) hits(call int64) bool {
	if f.on != nil {
		return slices.Contains(f.on, call)
	}
	return call >= f.from
}

// Injector lets calls of a function go wrong. It is made by [Inject]; its
// methods wrap the functions that a stage is made of, each named for where the
// function goes. The calls of all that one Injector wraps are counted together;
// they may come from many goroutines.
type Injector struct {
	testOver <-chan struct{}
	faults   []Fault
	calls    atomic.Int64
}

// Inject returns what has faults happen in the functions that it wraps. A call
// on which one happens does not reach the function; of several for the same
// call the first counts. Calls that hang are let go when the test is over.
func Inject(t TB, faults ...Fault) *Injector {
	for i, f := range faults {
		if f.happen == nil {
			panic(fmt.Sprintf("vimaptest: Inject: fault %d must be made by Fail, Panic, Goexit, Hang or Stuck", i))
		}
	}
	return &Injector{testOver: t.Context().Done(), faults: slices.Clone(faults)}
}

// Calls returns how many calls have begun.
func (i *Injector) Calls() int { return int(i.calls.Load()) }

// call counts a call, and has go wrong what should.
func (i *Injector) call(ctx context.Context) error {
	n := i.calls.Add(1)
	for _, f := range i.faults {
		if f.hits(n) {
			return f.happen(ctx, i.testOver)
		}
	}
	return nil
}

// Func wraps a function for [vimap.Func], [vimap.Bulk] or [vimap.OpenWith].
func (i *Injector) Func[In, Out any](f func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	notNil(f == nil, "Func", "f")
	return func(ctx context.Context, in In) (out Out, err error) {
		if err := i.call(ctx); err != nil {
			return out, err
		}
		return f(ctx, in)
	}
}

// Open wraps a function for [vimap.Open].
func (i *Injector) Open[State any](open func(context.Context) (State, error)) func(context.Context) (State, error) {
	notNil(open == nil, "Open", "open")
	return func(ctx context.Context) (state State, err error) {
		if err := i.call(ctx); err != nil {
			return state, err
		}
		return open(ctx)
	}
}

// Do wraps a function for [vimap.Opener.Do]; a method expression fits, as in
// Do((*Session).Post).
func (i *Injector) Do[State, In, Out any](do func(State, context.Context, In) (Out, error)) func(State, context.Context, In) (Out, error) {
	notNil(do == nil, "Do", "do")
	return func(state State, ctx context.Context, in In) (out Out, err error) {
		if err := i.call(ctx); err != nil {
			return out, err
		}
		return do(state, ctx, in)
	}
}

// Close wraps a function for [vimap.Opener.Close]. Where a fault happens the
// state is not closed.
func (i *Injector) Close[State any](end func(State) error) func(State) error {
	notNil(end == nil, "Close", "end")
	return func(state State) error {
		if err := i.call(context.Background()); err != nil {
			return err
		}
		return end(state)
	}
}

// Try wraps a function for [vimap.Pipeline.Try].
func (i *Injector) Try[In, Out any](f func(In) (Out, error)) func(In) (Out, error) {
	notNil(f == nil, "Try", "f")
	return func(in In) (out Out, err error) {
		if err := i.call(context.Background()); err != nil {
			return out, err
		}
		return f(in)
	}
}
