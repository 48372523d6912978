package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleItemError() {
	_, err := sources.Slice([]string{"120", "free"}).
		Try(strconv.Atoi).
		Ordered().
		To(context.Background(), sinks.Collect)

	var item *vimap.ItemError
	if errors.As(err, &item) {
		fmt.Printf("stage %s, item %d, input %q\n", item.Stage, item.Index, item.Input)
	}
	// Output: stage try, item 1, input "free"
}

// One line says the stage, the item, its place, the attempts and the cause.
func ExampleItemError_Error() {
	fetch := func(context.Context, string) (string, error) { return "", errors.New("503 Service Unavailable") }
	_, err := sources.Reader(strings.NewReader("a.example\n")).
		Via(vimap.Func(fetch).Named("fetch").Retry(retry.Fixed(0).Attempts(3))).
		To(context.Background(), sinks.Collect)
	fmt.Println(err)
	// Output: vimap: stage "fetch": item 0 (reader:1) after 3 attempts: 503 Service Unavailable
}

// The cause is found by errors.Is.
func ExampleItemError_Unwrap() {
	_, err := sources.Slice([]string{"120", "free"}).Try(strconv.Atoi).To(context.Background(), sinks.Collect)
	fmt.Println(errors.Is(err, strconv.ErrSyntax))
	// Output: true
}

// A panic is the error of its own input; the others go on.
func ExamplePanicError() {
	share := func(_ context.Context, people int) (int, error) { return 120 / people, nil }
	run := sources.Slice([]int{4, 0, 3}).
		Via(vimap.Func(share)).
		Ordered().
		Start(context.Background())
	for result := range run.Results() {
		var panicked *vimap.PanicError
		if errors.As(result.Err, &panicked) {
			fmt.Println(result.In, "panicked:", panicked.Value, len(panicked.Stack) > 0)
			continue
		}
		fmt.Println(result.In, result.Out)
	}
	fmt.Println(run.Err())
	// Output:
	// 4 30
	// 0 panicked: runtime error: integer divide by zero true
	// 3 40
	// <nil>
}

// A value that is an error is found by errors.Is.
func ExamplePanicError_Unwrap() {
	errSoldOut := errors.New("sold out")
	price := func(context.Context, string) (int, error) { panic(errSoldOut) }
	_, err := sources.Slice([]string{"apple"}).
		Via(vimap.Func(price).Named("price")).
		To(context.Background(), sinks.Collect)
	fmt.Println(err)
	fmt.Println(errors.Is(err, errSoldOut))
	// Output:
	// vimap: stage "price": item 0: panic: sold out
	// true
}

// A function that ignores its context is left behind, a second after its time
// limit. The error has the stack where it stood.
func ExampleStuckError() {
	report := func(err error) {
		var stuck *vimap.StuckError
		if errors.As(err, &stuck) {
			fmt.Printf("stage %s, worker %d, item %d, limit %v\n", stuck.Stage, stuck.Worker, stuck.Index, stuck.Limit)
		}
		fmt.Println(errors.Is(err, context.DeadlineExceeded))
	}
	// As a run returns it, for an input that takes a worker forever.
	report(&vimap.ItemError{
		Stage: "convert", Index: 41, Input: "big.png", Attempts: 1,
		Err: &vimap.StuckError{Stage: "convert", Worker: 3, Index: 41, Input: "big.png", Limit: 5 * time.Second},
	})
	// Output:
	// stage convert, worker 3, item 41, limit 5s
	// true
}

// The outputs are all there, but a worker could not be closed.
func ExampleWorkerError() {
	connect := func(_ context.Context, server string) (string, error) { return server, nil }
	hangUp := func(string) error { return errors.New("connection reset") }
	ask := func(server string, _ context.Context, n int) (int, error) { return 2 * n, nil }
	double := vimap.OpenWith(connect).Close(hangUp).Do(ask).Each("north.example")

	doubled, err := sources.Slice([]int{1, 2}).Via(double).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(doubled)
	var worker *vimap.WorkerError
	if errors.As(err, &worker) {
		fmt.Println(worker.Config, worker.Phase, worker.Err)
	}
	// Output:
	// [2 4]
	// north.example close connection reset
}

func ExampleNoWorkersError() {
	connect := func(_ context.Context, server string) (string, error) {
		return "", errors.New("connection refused")
	}
	ask := func(server string, _ context.Context, n int) (int, error) { return 2 * n, nil }
	double := vimap.OpenWith(connect).Do(ask).
		Each("north.example", "south.example").
		Restart(retry.Policy{}) // open nothing twice

	_, err := sources.Slice([]int{1, 2}).Via(double).To(context.Background(), sinks.Collect)
	fmt.Println(errors.Is(err, vimap.ErrNoWorkers))
	var none *vimap.NoWorkersError
	if errors.As(err, &none) {
		for _, worker := range none.Workers {
			fmt.Println(worker)
		}
	}
	// Unordered output:
	// true
	// vimap: stage "open": worker 0 (north.example): open: connection refused
	// vimap: stage "open": worker 1 (south.example): open: connection refused
}

// A missing file is not an empty stream.
func ExampleSourceError() {
	lines, err := sources.Lines("testdata/missing.txt").To(context.Background(), sinks.Ignore)
	var source *vimap.SourceError
	fmt.Println(lines, errors.As(err, &source), errors.Is(err, fs.ErrNotExist))
	// Output: 0 true true
}
