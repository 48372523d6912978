// Python has its work done by a Python script, in several processes:
//
//	go run ./examples/python
//
// It needs python3.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/sources"
)

//go:embed worker.py
var script string

// Request is what the script reads.
type Request struct {
	Text string `json:"text"`
}

// Answer is what the script makes of it.
type Answer struct {
	Words   int    `json:"words"`
	Longest string `json:"longest"`
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	requests := []Request{{"all is well that ends well"}, {""}, {"to be or not to be"}}
	stage := process.Command("python3", "-c", script).JSON[Request, Answer]().Workers(2).Timeout(10 * time.Second)
	results := sources.Slice(requests).Via(stage).Ordered().Start(ctx)
	for request, answer := range results.Zip() {
		fmt.Fprintf(w, "%q has %d words, the longest is %q\n", request.Text, answer.Words, answer.Longest)
	}
	return results.Err()
}
