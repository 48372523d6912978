// Filter asks for a bool.
package main

import "github.com/vimap-go/vimap/sources"

func main() {
	// want "as func(int) bool value"
	_ = sources.Slice([]int{1}).Filter(func(n int) int { return n })
}
