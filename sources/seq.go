package sources

import (
	"context"
	"iter"

	"github.com/vimap-go/vimap"
)

// Seq yields what items yields, in its order. It may be infinite: a run takes
// no more than it has room for, and a run that ends early makes yield return
// false, so that the iterator's own clean-up runs.
//
// Each run ranges over items once, in a single goroutine; several runs of the
// pipeline range over it several times, perhaps at once. An iterator that
// blocks for long should come from [vimap.From], which hands it the run's
// context.
//
// Seq panics if items is nil.
func Seq[T any](items iter.Seq[T]) vimap.Pipeline[T, T] {
	if items == nil {
		panic("sources: Seq: items must not be nil")
	}
	return vimap.From(func(context.Context) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			for item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}).Named("seq")
}

// Seq2 is [Seq] for an iterator that can fail. Its first error ends the source
// and becomes the error of the run; the item beside it is dropped.
//
// Seq2 panics if items is nil.
func Seq2[T any](items iter.Seq2[T, error]) vimap.Pipeline[T, T] {
	if items == nil {
		panic("sources: Seq2: items must not be nil")
	}
	return vimap.From(func(context.Context) iter.Seq2[T, error] { return items }).Named("seq")
}
