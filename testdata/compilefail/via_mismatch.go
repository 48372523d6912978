// A stage of strings does not fit behind numbers.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func shout(_ context.Context, s string) (string, error) { return s + "!", nil }

func main() {
	// want "type vimap.Stage[string, string] of vimap.Func(shout)" "does not match vimap.Stage[int, Next]"
	_ = sources.Slice([]int{1}).Via(vimap.Func(shout))
}
