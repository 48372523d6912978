// A key must be comparable.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
)

func one(_ context.Context, n int) (int, error) { return n, nil }

func main() {
	// want "[]int does not satisfy comparable"
	_ = vimap.Func(one).KeyBy(func(n int) []int { return []int{n} })
}
