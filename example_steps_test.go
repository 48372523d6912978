package vimap_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

var words5 = []string{"one", "two", "three", "four", "five"}

func ExamplePipeline_Take() {
	words, err := sources.Slice(words5).Take(2).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(words, err)
	// Output: [one two] <nil>
}

func ExamplePipeline_Skip() {
	words, err := sources.Slice(words5).Skip(3).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(words, err)
	// Output: [four five] <nil>
}

func ExamplePipeline_Distinct() {
	length := func(word string) int { return len(word) }
	words, err := sources.Slice(words5).Distinct(length).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(words, err)
	// Output: [one three four] <nil>
}

func ExamplePipeline_Tap() {
	n, err := sources.Slice(words5[:2]).
		Tap(func(word string) { fmt.Println(word) }).
		Ordered().
		To(context.Background(), sinks.Ignore)
	fmt.Println(n, err)
	// Output:
	// one
	// two
	// 2 <nil>
}

func ExamplePipeline_Throttle() {
	perSecond := rate.NewLimiter(1_000, 1)
	began := time.Now()
	n, err := sources.Slice(words5).Throttle(perSecond).To(context.Background(), sinks.Ignore)
	fmt.Println(n, err, time.Since(began) >= 4*time.Millisecond)
	// Output: 5 <nil> true
}

func ExamplePipeline_Sample() {
	words, err := sources.Slice(words5).Sample(0.5, 1).Ordered().To(context.Background(), sinks.Collect)
	again, _ := sources.Slice(words5).Sample(0.5, 1).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(fmt.Sprint(words) == fmt.Sprint(again), err)
	// Output: true <nil>
}

func ExamplePipeline_Enumerate() {
	words, err := sources.Slice(words5).
		Filter(func(word string) bool { return len(word) > 3 }).
		Enumerate(func(n int64, word string) string { return fmt.Sprint(n, " ", word) }).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", words, err)
	// Output: ["0 three" "1 four" "2 five"] <nil>
}

// The output of a chunk stands beside the last of its inputs.
func ExamplePipeline_Chunk() {
	join := func(words []string) string { return strings.Join(words, "+") }
	pairs, err := sources.Slice(words5).Chunk(2, join).Ordered().To(context.Background(), sinks.Zip)
	fmt.Println(pairs, err)
	// Output: [{two one+two} {four three+four} {five five}] <nil>
}

func ExamplePipeline_Window() {
	join := func(words []string) string { return strings.Join(words, "+") }
	pairs, err := sources.Slice(words5).Window(3, join).Ordered().To(context.Background(), sinks.Zip)
	fmt.Println(pairs, err)
	// Output: [{three one+two+three} {four two+three+four} {five three+four+five}] <nil>
}
