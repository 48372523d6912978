// Fold sees the input of the source and the output of the chain.
package main

import (
	"context"
	"strconv"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func add(sum float64, _ string, x float64) float64 { return sum + x }

func main() {
	// want "of sinks.Fold(0.0, add)" "does not match func(*vimap.Run[string, int]) (R, error)"
	_, _ = sources.Slice([]string{"1"}).Try(strconv.Atoi).To(context.Background(), sinks.Fold(0.0, add))
}
