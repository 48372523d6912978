package vimap

import (
	"fmt"
	"iter"
	"time"
)

// Batches runs the pipeline as [Run.Zip] does and yields up to n inputs with
// their outputs at once: when there are n, or when the oldest has waited for
// linger; with a linger of 0, when no further output is at hand. What is left
// at the end comes too, as do the outputs before a failure that ends the run;
// those that a cancellation meets here are unfinished. The slice belongs to the
// loop.
//
// The outputs of a batch are delivered when it is yielded: until then they
// count as in flight, so that InFlight bounds a batch, too. n must be at least
// 1, linger must not be negative.
func (r *Run[In, Out]) Batches(n int, linger time.Duration) iter.Seq[[]Pair[In, Out]] {
	atLeastOne("Batches", "n", n)
	if linger < 0 {
		panic(fmt.Sprintf("vimap: Batches: linger must not be negative, got %v", linger))
	}
	return func(yield func([]Pair[In, Out]) bool) {
		size, settings := n, r.root().pipeline.settings
		if settings.inFlight > 0 {
			size = min(size, settings.inFlight-settings.chunks) // there will never be more
		}
		r.take(&batches[In, Out]{yield: yield, n: size, linger: linger})
	}
}

// batches gathers outputs for a loop over Batches.
type batches[In, Out any] struct {
	yield  func([]Pair[In, Out]) bool
	n      int
	linger time.Duration
	batch  []Pair[In, Out]
	due    time.Time // when the oldest has waited for linger
}

func (b *batches[In, Out]) take(r Result[In, Out]) bool {
	if r.Err == nil {
		if len(b.batch) == 0 {
			b.due = time.Now().Add(b.linger)
		}
		b.batch = append(b.batch, Pair[In, Out]{r.In, r.Out})
	}
	if len(b.batch) >= b.n || b.linger > 0 && b.isDue() {
		return b.lull(true)
	}
	return true
}

func (b *batches[In, Out]) isDue() bool { return len(b.batch) > 0 && !time.Now().Before(b.due) }

func (b *batches[In, Out]) lull(all bool) bool {
	if len(b.batch) == 0 || !all && !b.isDue() {
		return true
	}
	batch := b.batch
	b.batch = nil
	return b.yield(batch)
}

func (b *batches[In, Out]) wants() wants {
	w := wants{zips: true, holds: len(b.batch), size: b.n}
	if len(b.batch) > 0 {
		w.due = b.due
	}
	return w
}
