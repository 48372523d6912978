// FlatMap takes a sequence: slices.Values makes one of a slice.
package main

import (
	"strings"

	"github.com/vimap-go/vimap/sources"
)

func main() {
	// want "of strings.Fields" "does not match func(string) iter.Seq[Next]"
	_ = sources.Slice([]string{"a b"}).FlatMap(strings.Fields)
}
