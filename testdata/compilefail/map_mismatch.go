// A step takes what the chain has become.
package main

import (
	"strconv"

	"github.com/vimap-go/vimap/sources"
)

func main() {
	// want "of strconv.Itoa" "does not match func(string) Next"
	_ = sources.Slice([]string{"1"}).Map(strconv.Itoa)
}
