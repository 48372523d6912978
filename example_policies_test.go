package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"strconv"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// A few bad lines are no reason to stop.
func ExamplePipeline_Tolerate() {
	numbers, err := sources.Slice([]string{"1", "x", "3"}).Try(strconv.Atoi).
		Tolerate(1).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(numbers, err)
	_, err = sources.Slice([]string{"1", "x", "y"}).Try(strconv.Atoi).
		Tolerate(1).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(err)
	// Output:
	// [1 3] <nil>
	// vimap: 2 items failed, 1 are tolerated; the first: vimap: stage "try": item 1: strconv.Atoi: parsing "x": invalid syntax
}

// When half of a file is bad, it is the wrong file.
func ExamplePipeline_TolerateShare() {
	_, err := sources.Slice([]string{"1", "x", "y"}).Try(strconv.Atoi).
		TolerateShare(0.5).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(err)
	// Output:
	// vimap: 2 of 3 items failed, a share of 0.5 is tolerated; the first: vimap: stage "try": item 1: strconv.Atoi: parsing "x": invalid syntax
}

// What failed is told, and the run goes on. For a file of it see
// sinks.JSONLines(path).DeadLetters.
func ExamplePipeline_DeadLetters() {
	numbers, err := sources.Slice([]string{"1", "x", "3"}).Try(strconv.Atoi).
		DeadLetters(func(letters iter.Seq[vimap.DeadLetter[string]]) error {
			for letter := range letters {
				fmt.Println("failed:", letter.In, "in", letter.Err.Stage)
			}
			return nil
		}).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(numbers, err)
	// Output:
	// failed: x in try
	// [1 3] <nil>
}

// What has no answer gets one.
func ExamplePipeline_Rescue() {
	errUnknown := errors.New("unknown")
	price := func(_ context.Context, name string) (int, error) {
		switch name {
		case "tea":
			return 3, nil
		case "coffee":
			return 4, nil
		}
		return 0, errUnknown
	}
	prices, err := sources.Slice([]string{"tea", "cocoa", "coffee"}).
		Via(vimap.Func(price).Workers(2)).
		Rescue(func(_ string, err error) (int, error) {
			if errors.Is(err, errUnknown) {
				return 0, nil
			}
			return 0, err // still failed
		}).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(prices, err)
	// Output: [3 0 4] <nil>
}

// A server that ends every session after the first request is left alone
// after three sessions.
func ExampleStage_RestartLimit() {
	dial := func(context.Context) (int, error) { return 0, nil }
	send := func(_ int, _ context.Context, word string) (string, error) {
		return "", vimap.Lost(errors.New("session ended"))
	}
	run := sources.Slice([]string{"a", "b", "c", "d", "e", "f"}).
		Via(vimap.Open(dial).Do(send).RestartLimit(2, time.Minute)).
		Start(context.Background())
	failed := 0
	for range run.Results() {
		failed++
	}
	fmt.Println(failed, errors.Is(run.Err(), vimap.ErrNoWorkers))
	// Output: 3 true
}

// A program that another part of it can end in good order.
func ExampleWithStop() {
	ctx, stop := vimap.WithStop(context.Background())
	endless := vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := 0; yield(i, nil); i++ {
			}
		}
	})
	seen := 0
	run := endless.InFlight(1).Start(ctx)
	for range run.Zip() {
		if seen++; seen == 3 {
			stop()
		}
	}
	fmt.Println(run.Err(), run.Stats().Unfinished)
	// Output: <nil> 0
}

// Ctrl-C ends the reading; what was read is finished and written. A second
// Ctrl-C cancels.
func ExampleInterruptible() {
	ctx, release := vimap.Interruptible(context.Background())
	defer release()
	sum, err := sources.Slice([]int{1, 2, 3}).
		To(ctx, sinks.Fold(0, func(sum, _, n int) int { return sum + n }))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum)
	// Output: 6
}
