// A sink is a function of the run of this very chain.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func count(*vimap.Run[string, string]) (int, error) { return 0, nil }

func main() {
	// want "of count" "does not match func(*vimap.Run[int, int]) (R, error)"
	_, _ = sources.Slice([]int{1}).To(context.Background(), count)
}
