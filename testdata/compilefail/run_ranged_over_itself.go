// A run says what to range over: Zip or Results.
package main

import (
	"context"

	"github.com/vimap-go/vimap/sources"
)

func main() {
	// want "cannot range over"
	for range sources.Slice([]int{1}).Start(context.Background()) {
	}
}
