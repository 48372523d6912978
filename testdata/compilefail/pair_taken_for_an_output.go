// Zip turns the outputs of a stage into pairs, and the chain knows it.
package main

import (
	"context"
	"strconv"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func one(_ context.Context, n int) (int, error) { return n, nil }

func main() {
	// want "of strconv.Itoa" "does not match func(vimap.Pair[int, int]) Next"
	_ = sources.Slice([]int{1}).Via(vimap.Zip(vimap.Func(one))).Map(strconv.Itoa)
}
