// A function that can fail is for Try, not for Map.
package main

import (
	"strconv"

	"github.com/vimap-go/vimap/sources"
)

func main() {
	// want "of strconv.Atoi" "does not match func(string) Next"
	_ = sources.Slice([]string{"1"}).Map(strconv.Atoi)
}
