package sinks

import (
	"context"
	"fmt"
	"time"

	"github.com/vimap-go/vimap"
)

// Batch calls f with up to n pairs at once, one call after another in the
// goroutine of the sink, and returns how many pairs f took: for what is cheaper
// done for many, such as rows of a database.
//
//	To(ctx, sinks.Batch(500, time.Second, insert))
//
// f gets a batch when it has n pairs or when the oldest has waited for linger;
// with a linger of 0, when no further output is at hand. What is left at the end
// of the source comes too, also after a Stop and before a failure that ends the
// run. The pairs of a batch that a cancellation interrupts are not handed over.
//
// The first error of f ends the run and is returned as it is; none of that
// batch count as taken. While f works, the run is held back. Its context is the
// one that the run was started with: a run that fails has finished outputs left,
// which f is to take. The slice belongs to f.
//
// Until f has them, pairs count as in flight, so that
// [vimap.Pipeline.InFlight] bounds a batch, too. To have batches worked on in
// parallel, or failures blamed on a single input, use a stage:
// [vimap.Bulk].
//
// Batch panics if n is less than 1, linger is negative or f is nil.
func Batch[In, Out any](n int, linger time.Duration, f func(context.Context, []vimap.Pair[In, Out]) error) func(*vimap.Run[In, Out]) (int64, error) {
	switch {
	case n < 1:
		panic(fmt.Sprintf("sinks: Batch: n must be at least 1, got %d", n))
	case linger < 0:
		panic(fmt.Sprintf("sinks: Batch: linger must not be negative, got %v", linger))
	case f == nil:
		panic("sinks: Batch: f must not be nil")
	}
	return func(run *vimap.Run[In, Out]) (taken int64, err error) {
		ctx := run.Context() // the caller's: it goes on when the run has failed
		for batch := range run.Batches(n, linger) {
			if err := f(ctx, batch); err != nil {
				return taken, err
			}
			taken += int64(len(batch))
		}
		return taken, run.Err()
	}
}
