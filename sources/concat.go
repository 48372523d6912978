package sources

import (
	"context"
	"slices"

	"github.com/vimap-go/vimap"
)

// Concat yields all outputs of first, then all of the next pipeline, and so
// on. A pipeline is started when the one before it has ended, and not at all
// when the run ends before; the first error of one of them ends the source.
//
// The pipelines may have stages: their workers are opened and closed when it
// is their turn, and what they put out are the items of the new source, its In
// and Out. Items of a bare source keep their places (requests.jsonl:17).
func Concat[In, T any](first vimap.Pipeline[In, T], rest ...vimap.Pipeline[In, T]) vimap.Pipeline[T, T] {
	all := slices.Insert(slices.Clone(rest), 0, first)
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[T]) error {
		for _, pipeline := range all {
			if err := out.Append(ctx, pipeline); err != nil || ctx.Err() != nil {
				return err
			}
		}
		return nil
	}).Named("concat")
}
