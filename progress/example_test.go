package progress_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// While this runs, a bar on standard error says how far it is, and a line there
// sums it up.
func ExampleShow() {
	words, err := sources.Slice([]string{"apple", "fig"}).Map(strings.ToUpper).Ordered().
		To(progress.Show(context.Background(), "fruit"), sinks.Collect)
	fmt.Println(words, err)
	// Output: [APPLE FIG] <nil>
}

// Lines of the program appear above the bar.
func ExampleWriter() {
	out := progress.Writer(os.Stdout)
	run := sources.Slice([]string{"apple", "fig"}).Ordered().Start(progress.Show(context.Background(), ""))
	for word := range run.Zip() {
		fmt.Fprintln(out, word)
	}
	fmt.Fprintln(out, run.Err())
	// Output:
	// apple
	// fig
	// <nil>
}

// A log has lines without a bar, here one a minute.
func ExampleDisplay_Show() {
	var log strings.Builder
	display := progress.Display{To: &log, Every: 60e9}
	_, err := sources.Slice([]string{"apple", "fig"}).To(display.Show(context.Background(), "fruit"), sinks.Ignore)
	text, _, _ := strings.Cut(log.String(), " in ")
	fmt.Println(text, err)
	// Output: fruit: 2 items <nil>
}

func ExampleDisplay_Writer() {
	var terminal strings.Builder
	display := progress.Display{To: &terminal, Mode: progress.Bar}
	fmt.Fprintln(display.Writer(&terminal), "hello")
	fmt.Print(terminal.String())
	// Output: hello
}
