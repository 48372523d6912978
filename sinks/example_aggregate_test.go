package sinks_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleAggregate() {
	measure := vimap.Func(func(_ context.Context, word string) (int, error) {
		return len(word), nil
	}).Workers(4)
	longest, err := sources.Slice(strings.Fields("each worker keeps the longest that it has seen")).
		Via(measure).
		To(context.Background(), sinks.Aggregate(
			func() int { return 0 },
			func(longest int, _ string, length int) int { return max(longest, length) },
			func(one, other int) int { return max(one, other) }))
	fmt.Println(longest, err)
	// Output: 7 <nil>
}

// An accumulator may be a map: each worker has one of its own.
func ExampleAggregate_count() {
	type counts = map[string]int
	found, err := sources.Slice(strings.Fields("to be or not to be")).
		Via(vimap.Func(func(_ context.Context, word string) (string, error) { return word, nil }).Workers(2)).
		To(context.Background(), sinks.Aggregate(
			func() counts { return counts{} },
			func(all counts, _, word string) counts { all[word]++; return all },
			func(all, others counts) counts {
				for word, n := range others {
					all[word] += n
				}
				return all
			}))
	fmt.Println(found, err)
	// Output: map[be:2 not:1 or:1 to:2] <nil>
}
