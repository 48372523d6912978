package vimap_test

import (
	"context"
	"fmt"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func ExampleRun_Aggregate() {
	square := vimap.Func(func(_ context.Context, n int) (int, error) { return n * n, nil }).Workers(4)
	run := sources.Slice([]int{1, 2, 3, 4, 5}).Via(square).Start(context.Background())
	sum := run.Aggregate(
		func() int { return 0 },
		func(sum, _, square int) int { return sum + square },
		func(one, other int) int { return one + other })
	fmt.Println(sum, run.Err())
	// Output: 55 <nil>
}
