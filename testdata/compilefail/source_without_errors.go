// A source says what went wrong: iter.Seq is not enough.
package main

import (
	"context"
	"iter"

	"github.com/vimap-go/vimap"
)

func numbers(context.Context) iter.Seq[int] { return nil }

func main() {
	// want "of numbers" "does not match func(context.Context) iter.Seq2[T, error]"
	_ = vimap.From(numbers)
}
