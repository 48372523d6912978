// OpenWith makes no stage until Each says what the workers are opened with.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func dial(_ context.Context, server string) (string, error) { return server, nil }
func post(_ string, _ context.Context, n int) (int, error)  { return n, nil }

func main() {
	// want "of vimap.OpenWith(dial).Do(post)" "does not match vimap.Stage[int, Next]"
	_ = sources.Slice([]int{1}).Via(vimap.OpenWith(dial).Do(post))
}
