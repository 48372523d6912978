package vimap_test

import (
	"context"
	"fmt"
	"runtime/pprof"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// A real program takes a CPU profile; this one prints what it would say of the
// goroutine that it is in.
func ExampleLabelled() {
	parse := vimap.Func(func(_ context.Context, word string) (int, error) {
		var all strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
			return 0, err
		}
		for line := range strings.Lines(all.String()) {
			if strings.Contains(line, "parse") && strings.HasPrefix(line, "# labels") {
				fmt.Print(line)
			}
		}
		return len(word), nil
	}).Named("parse")
	_, err := sources.Slice([]string{"word"}).Via(parse).To(vimap.Labelled(context.Background()), sinks.Ignore)
	fmt.Println(err)
	// Output:
	// # labels: {"stage":"parse", "worker":"0"}
	// <nil>
}
