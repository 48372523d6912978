package vimaptest

import (
	"context"

	"github.com/vimap-go/vimap/internal/engine"
)

// Serial returns a context whose runs are serial, and those of every context
// made from it: the source, the steps, the workers and the loop over the run
// share the goroutine of that loop, and what they do comes one after another.
// The sink of a To is called there too. Outcomes come in source order, as from
// a run that is Ordered, and are the same, as are the errors, the hooks and
// the Stats.
//
// Each item goes through the whole chain before the next is read, and so does
// each output of a FlatMap before the next is made. Only a Bulk stage holds
// inputs back: until it has as many as it may, when the next comes after the
// linger time, and at the end of the source. A linger of 0 sets no time here.
//
// Workers are opened one after another before the source is read, take inputs
// in turn, and are closed in the same order at the end. What a Retry or Restart
// policy has to wait for is waited for on the spot. These waits end with the
// context, which is also looked at before each item and each stage.
//
// Two things are not as in other runs, for there is no second goroutine:
//
//   - A function that ignores the end of its context is waited for and never
//     abandoned, whatever Timeout, OpenTimeout and CloseTimeout say; so is a
//     source. Context deadlines are set as ever.
//   - runtime.Goexit in a function ends the goroutine of the loop, when every
//     worker has been closed. A t.FailNow does there what it says, and require
//     may be used in every function of a chain.
//
// The function of a Loop runs in a coroutine (see [iter.Pull]), which is a
// goroutine of its own to a debugger, but also runs only while all else waits.
func Serial(ctx context.Context) context.Context { return engine.Serial(ctx) }
