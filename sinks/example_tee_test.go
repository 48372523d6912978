package sinks_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleTee() {
	longest := sinks.Fold("", func(longest, _, word string) string {
		if len(word) > len(longest) {
			return word
		}
		return longest
	})
	both, err := sources.Slice([]string{"one", "three", "two"}).
		Ordered().
		To(context.Background(), sinks.Tee(longest, sinks.LinesTo(os.Stdout).Outputs))
	fmt.Printf("%+v %v\n", both, err)
	// Output:
	// one
	// three
	// two
	// {First:three Second:3} <nil>
}

func ExampleBatch() {
	insert := func(_ context.Context, rows []vimap.Pair[string, int]) error {
		fmt.Println("insert", rows)
		return nil
	}
	n, err := sources.Slice([]string{"one", "three", "four"}).
		Map(func(word string) int { return len(word) }).
		Ordered().
		To(context.Background(), sinks.Batch(2, time.Second, insert))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "rows")
	// Output:
	// insert [{one 3} {three 5}]
	// insert [{four 4}]
	// 3 rows
}
