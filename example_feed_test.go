package vimap_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// A worker that numbers what it has done, from its set-up on.
func ExampleFeed() {
	number := func(feed *vimap.Feed[string, string]) error {
		done := 0
		for _, fruit := range feed.All() {
			done++
			feed.Yield(fmt.Sprintf("%d. %s", done, fruit), nil)
		}
		return nil
	}
	list, err := sources.Slice([]string{"apple", "pear"}).
		Via(vimap.LoopFunc(number)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", list, err)
	// Output: ["1. apple" "2. pear"] <nil>
}

// Each input comes with the context of its attempt, which a Timeout ends.
func ExampleFeed_All() {
	fetch := func(_ context.Context, url string) (string, error) { return "page of " + url, nil }
	fetcher := func(feed *vimap.Feed[string, string]) error {
		for ctx, url := range feed.All() {
			feed.Yield(fetch(ctx, url))
		}
		return nil
	}
	pages, err := sources.Slice([]string{"a.example", "b.example"}).
		Via(vimap.LoopFunc(fetcher).Workers(8)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(pages, err)
	// Output: [page of a.example page of b.example] <nil>
}

// An error is that of the input in hand; the loop goes on.
func ExampleFeed_Yield() {
	divide := func(feed *vimap.Feed[int, int], total int) error {
		for _, n := range feed.All() {
			if n == 0 {
				feed.Yield(0, errors.New("division by zero"))
				continue
			}
			feed.Yield(total/n, nil)
		}
		return nil
	}
	stage := vimap.Loop(divide).Each(100).Named("divide")
	run := sources.Slice([]int{5, 0, 4}).Via(stage).Ordered().Start(context.Background())
	for result := range run.Results() {
		fmt.Println(result.Out, result.Err)
	}
	fmt.Println(run.Err())
	// Output:
	// 20 <nil>
	// 0 vimap: stage "divide": item 1: division by zero
	// 25 <nil>
	// <nil>
}

// The set-up of a worker has a context too.
func ExampleFeed_Context() {
	load := func(ctx context.Context, language string) (map[string]string, error) {
		words := map[string]map[string]string{"de": {"apple": "Apfel", "pear": "Birne"}}
		return words[language], ctx.Err()
	}
	translate := func(feed *vimap.Feed[string, string], language string) error {
		words, err := load(feed.Context(), language)
		if err != nil {
			return err
		}
		for _, word := range feed.All() {
			feed.Yield(words[word], nil)
		}
		return nil
	}
	words, err := sources.Slice([]string{"pear", "apple"}).
		Via(vimap.Loop(translate).Each("de", "de")).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(words, err)
	// Output: [Birne Apfel] <nil>
}
