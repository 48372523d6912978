package sources

import (
	"context"
	"slices"

	"github.com/vimap-go/vimap"
)

// Merge yields the outputs of several pipelines as they come: each runs in a
// goroutine of its own, and one that has nothing yet holds up none. Those that
// have something take turns, so that none starves another: while others wait, at
// most 64 items of one are taken at a time. The first error of one of them ends
// the source, and the others with it. The order of each pipeline is kept, that
// between them is a matter of time; a serial run takes an item of each in turn.
//
// The pipelines may have stages: their workers are open for as long as their
// pipeline runs, and what they put out are the items of the new source, its In
// and Out. Items of a bare source keep their places (requests.jsonl:17).
//
// The look-ahead of the run bounds the items of all together. Beyond it, each
// pipeline may have read one item, or the chunk of items that it hands over at
// once, for which there was no room yet; one with stages has its own look-ahead.
func Merge[In, T any](first vimap.Pipeline[In, T], rest ...vimap.Pipeline[In, T]) vimap.Pipeline[T, T] {
	all := slices.Insert(slices.Clone(rest), 0, first)
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[T]) error {
		return out.Merge(ctx, all...)
	}).Named("merge")
}
