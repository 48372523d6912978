package vimap_test

import (
	"context"
	"fmt"
	"time"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleRun_Tee() {
	run := sources.Slice([]int{1, 2, 3}).
		Map(func(n int) int { return n * n }).
		Ordered().
		Start(context.Background())
	squares, n, err := run.Tee(sinks.Collect, sinks.Ignore)
	fmt.Println(squares, n, err)
	// Output: [1 4 9] 3 <nil>
}

func ExampleRun_Batches() {
	run := sources.Slice([]string{"a", "b", "c"}).Ordered().Start(context.Background())
	for batch := range run.Batches(2, time.Second) {
		fmt.Println(len(batch), batch[0].In)
	}
	fmt.Println(run.Err())
	// Output:
	// 2 a
	// 1 c
	// <nil>
}
