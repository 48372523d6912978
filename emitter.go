package vimap

import (
	"context"

	"github.com/vimap-go/vimap/internal/engine"
)

// Emitter takes the items of a source, see [Emit]. It must be used only by
// the goroutine that the source was called in, and only until that returns.
type Emitter[T any] struct {
	out  *engine.Emitter[T]
	part bool // of another source: how much it is itself is not how much there is
}

// One hands over an item. It blocks while there is no room; false means that
// the run has ended or was stopped, and that the source is to return. The item
// that a source has in hand when its run is stopped is taken all the same.
func (e *Emitter[T]) One(item T) bool { return e.out.One(item) }

// Many hands over items, in their order, and keeps nothing of the slice. It
// blocks and returns as [Emitter.One] does; what is left of the slice when the
// run is stopped is not taken.
func (e *Emitter[T]) Many(items []T) bool { return e.out.Many(items) }

// EmitText hands over the lines of a text, as [Emitter.Many] does: each ends in
// "\n" or "\r\n", which is cut off, the last may end with the text. Where the
// items go to a stage with several workers, and without keys or batches, these cut
// the lines; elsewhere, in a serial run and in a source that is merged with others
// EmitText does. The text must not change any more; a line that is kept keeps all
// of it alive, and an append to one does not change the next.
func EmitText[Line []byte | string](out *Emitter[Line], text Line) bool {
	return engine.EmitText(out.out, text)
}

// Places says how the places of the items from here on are named: place(n) is
// that of the n-th from now, from 0, such as "requests.jsonl:17". It is called
// only for errors and by Stats, at any time and from any goroutine. nil stands
// for no place, as at the beginning.
func (e *Emitter[T]) Places(place func(n int64) string) { e.out.Places(place) }

// Total says how much there is to be read: n in a unit such as "bytes", or,
// with "items", in items, which need no Advance. It is for whoever watches the
// run, see [SourceStats], and bounds nothing. A later call replaces it; n is 0
// if it is not known any more. A source that is appended to another has no say.
func (e *Emitter[T]) Total(n int64, unit string) {
	if !e.part {
		e.out.Total(n, unit)
	}
}

// Advance says that n more of the Total were read, where that is not counted in
// items.
func (e *Emitter[T]) Advance(n int64) {
	if !e.part {
		e.out.Advance(n)
	}
}

// Append hands over all that another pipeline delivers, in its order, and
// returns its error. Items of a source without steps keep their places.
func (e *Emitter[T]) Append[In any](ctx context.Context, p Pipeline[In, T]) error {
	if p.bare != nil {
		e.Places(nil)
		return p.bare(ctx, &Emitter[T]{out: e.out, part: true})
	}
	e.Places(nil)
	run := p.Ordered().Start(ctx)
	for _, item := range run.Zip() {
		if !e.One(item) {
			break
		}
	}
	return run.Err()
}

// Merge hands over what several pipelines deliver, as it comes: each runs in a
// goroutine of its own, so that none waits for another to have something, and
// when several have, they take turns. The items of each come in its order, and
// those of a source without steps keep their places. The first error of one
// ends them all and is returned, when they have ended.
func (e *Emitter[T]) Merge[In any](ctx context.Context, pipelines ...Pipeline[In, T]) error {
	sources := make([]func(context.Context, *engine.Emitter[T]) error, len(pipelines))
	for i, p := range pipelines {
		notNil(p.compile == nil, "Merge", "the source")
		sources[i] = func(ctx context.Context, out *engine.Emitter[T]) error {
			return (&Emitter[T]{out: out, part: true}).Append(ctx, p)
		}
	}
	return e.out.Merge(ctx, sources)
}
