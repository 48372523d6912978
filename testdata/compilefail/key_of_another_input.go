// A key is made of the input of its stage.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
)

func one(_ context.Context, n int) (int, error) { return n, nil }

func main() {
	// want "does not match func(int) K"
	_ = vimap.Func(one).KeyBy(func(s string) string { return s })
}
