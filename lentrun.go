package vimap

import (
	"context"

	"github.com/vimap-go/vimap/internal/engine"
)

// LentRun is one run over lent lines that are added up as they are. It is a
// [Run] that has no loop, for lines must not get out of it: it begins by
// Aggregate, and only once, and is over when that returns. Its methods besides
// may be called from any goroutine, before, during and after.
type LentRun struct {
	run *Run[[]byte, []byte]
}

// Start returns a run that begins by [LentRun.Aggregate], for a program that
// looks at the run or stops it. To others [Borrowed.Aggregate] gives the result
// at once.
func (b Borrowed) Start(ctx context.Context) *LentRun {
	notNil(b.raw.compile == nil, "Start", "the source")
	return &LentRun{b.raw.Start(ctx)}
}

// Aggregate adds up the lines in the workers that cut them, and blocks until
// all are read: it is [LentRun.Aggregate] with what [LentRun.Err] says behind
// it. No item is made of a line, so that it costs little more than the call of
// add. With an error the result is made of what was added before the end. A
// panic in merge is an error, too, a [PanicError].
//
// See the workload "rows" in bench for what a line costs.
func (b Borrowed) Aggregate[A any](ctx context.Context, newAcc func() A, add func(acc A, line []byte) A, merge func(A, A) A) (A, error) {
	notNil(b.raw.compile == nil, "Aggregate", "the source")
	notNil(ctx == nil, "Aggregate", "ctx")
	adds(newAcc, add, merge)
	run := b.Start(ctx)
	return toSink(run.run, func(*Run[[]byte, []byte]) (A, error) {
		return run.Aggregate(newAcc, add, merge), nil
	})
}

// Aggregate runs to the end of the lines and adds every line to an accumulator
// of the worker that has cut it, of which there is one for each processor; then
// it merges these and returns the result.
//
// newAcc makes an accumulator, before the first line of a worker, and once if
// there was none. add makes a new value of the accumulator's value; it may
// change what that refers to and return it as it was. It must neither keep the
// line nor change it, and what it returns must not share its memory: what is
// wanted of it is copied. newAcc and add are called from several goroutines at
// once, but never two with one accumulator. merge makes one of two, of which it
// may change and use both; it is called in the goroutine of the caller. Neither
// how the lines are divided among the accumulators nor their order is said. In a
// serial run there is one accumulator, fed in that goroutine in source order.
//
// The first failure ends the run and is Err: then the result is made of what was
// added before, which [Stats] counts as delivered. A panic in add or newAcc is
// the failure of its line, an [ItemError] at the step "aggregate" with the line
// as a string as its Input; the accumulator keeps the value that it had, with
// what add had changed behind a pointer or in a map.
func (r *LentRun) Aggregate[A any](newAcc func() A, add func(acc A, line []byte) A, merge func(A, A) A) A {
	adds(newAcc, add, merge)
	run := r.run
	f := &engine.Folder[A]{Name: "aggregate", Begin: newAcc, Add: overwritingAdd(add)}
	run.absorb = func(lines *engine.Flow[[]byte], _ *engine.Store[[]byte]) *engine.Outlet[[]byte] {
		return engine.Fold(lines, f)
	}
	here := f.Cells.New()
	run.loop(func(slot int32, line []byte) bool {
		err := engine.ContainHere(faults, func() error {
			f.Into(here, line)
			return nil
		})
		return err == nil || run.turn(engine.Item[[]byte]{Slot: slot}, nil,
			&engine.Failure{Input: string(line), HasInput: true, Err: err})
	}, func(it engine.Item[[]byte]) bool {
		err := run.itemError(it)
		if line, is := err.Input.([]byte); is { // of a serial run
			err.Input = string(line)
		}
		return run.bear(nil, err)
	}, nil)
	run.absorb = nil
	return merged(f.Cells.All(), newAcc, merge)
}

// adds panics for a mistake in what is to add lines.
func adds[A any](newAcc func() A, add func(A, []byte) A, merge func(A, A) A) {
	notNil(newAcc == nil, "Aggregate", "newAcc")
	notNil(add == nil, "Aggregate", "add")
	notNil(merge == nil, "Aggregate", "merge")
}

// overwritingAdd is overwriting for a function that adds lines.
func overwritingAdd[A any](add func(A, []byte) A) func(A, []byte) A {
	if !overwrites {
		return add
	}
	return func(acc A, line []byte) A {
		return overwriting(func(line []byte) A { return add(acc, line) })(line)
	}
}

// Err returns what ended the run, as [Run.Err] does.
func (r *LentRun) Err() error { return r.run.Err() }

// Stats returns the accounts of the run, see [Run.Stats]; it makes the run a
// subject of a live page. Lines are counted block by block.
func (r *LentRun) Stats() Stats { return r.run.Stats() }

// Stop ends the reading: the lines that the workers have in hand are finished and
// added, then Aggregate returns, without an error.
func (r *LentRun) Stop() { r.run.Stop() }
