// Each takes the configurations that the opening takes.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
)

func dial(_ context.Context, server string) (string, error) { return server, nil }
func post(_ string, _ context.Context, n int) (int, error)  { return n, nil }

func main() {
	// want "(untyped int constant) as string value"
	_ = vimap.OpenWith(dial).Do(post).Each(8080)
}
