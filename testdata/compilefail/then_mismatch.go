// The second stage takes what the first one makes.
package main

import (
	"context"
	"strconv"

	"github.com/vimap-go/vimap"
)

func parse(_ context.Context, s string) (int, error)    { return strconv.Atoi(s) }
func shout(_ context.Context, s string) (string, error) { return s + "!", nil }

func main() {
	// want "type vimap.Stage[string, string] of vimap.Func(shout)" "does not match vimap.Stage[int, Next]"
	_ = vimap.Func(parse).Then(vimap.Func(shout))
}
