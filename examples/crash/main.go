// Crash has its work done by child processes, of which some crash on purpose:
// an input that makes its child exit costs that input alone.
//
//	go run ./examples/crash
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/sources"
)

// square is the work: a function that takes the whole process down for some
// inputs, as a fault in a C library would.
var square = process.Define("square").Func(func(_ context.Context, n int) (int, error) {
	if n%10 == 7 {
		fmt.Fprintln(os.Stderr, "double free or corruption")
		os.Exit(134)
	}
	return n * n, nil
})

func main() {
	process.Init()
	if err := run(context.Background(), os.Stdout, 30); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run squares the numbers below n and reports what became of each.
func run(ctx context.Context, w io.Writer, n int) error {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	stage := square.Children(process.Options{Stderr: io.Discard}).Workers(3)
	results := sources.Slice(numbers).Via(stage).Ordered().Start(ctx)
	return report(w, results)
}

func report(w io.Writer, run *vimap.Run[int, int]) error {
	for result := range run.Results() {
		var e *process.Error
		if errors.As(result.Err, &e) {
			fmt.Fprintf(w, "%d: %s, %s: %s\n", result.In, e.Kind, e.Status, e.Stderr)
			continue
		}
		fmt.Fprintf(w, "%d: %d\n", result.In, result.Out)
	}
	return run.Err()
}
