// Bulk is for a function of many inputs.
package main

import (
	"context"
	"time"

	"github.com/vimap-go/vimap"
)

func one(_ context.Context, n int) (int, error) { return n, nil }

func main() {
	// want "of one" "does not match func(context.Context, []In) ([]Out, error)"
	_ = vimap.Bulk(10, time.Second, one)
}
