package sources

import (
	"context"

	"github.com/vimap-go/vimap"
)

// Slice yields the elements of items in their order. A nil or empty slice is a
// source without items.
//
// The slice is not copied: do not change it while a run reads it. Several runs
// may read it at once.
func Slice[T any](items []T) vimap.Pipeline[T, T] {
	return vimap.Emit(func(_ context.Context, out *vimap.Emitter[T]) error {
		out.Total(int64(len(items)), "items")
		out.Many(items)
		return nil
	}).Named("slice")
}
