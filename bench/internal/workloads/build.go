package workloads

import (
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

// BuildAndRun builds something for ten items and four workers and runs it,
// again and again: what a run costs beside its items.
func BuildAndRun() harness.Workload {
	return harness.Workload{
		Name:  "build-10",
		About: "build and run 10 items with 4 workers",
		Full:  2_000, Quick: 500, Test: 20,
		Item: "run", Often: 3,
		Build: func(n int) (harness.Job, error) {
			const workers = 4
			xs := numbers(10)
			columns := append(pools(slices.Values(xs), workers, triple, add),
				concIter(xs, workers, triple, add),
				harness.Column{Name: "vimap", Run: func() (uint64, error) {
					return vimapColumn("", sources.Slice(xs).Via(vimap.Func(tripleStep).Workers(workers)), add).Run()
				}})
			for i, c := range columns {
				columns[i].Run = func() (uint64, error) { return repeat(n, c.Run) }
			}
			return harness.Job{Want: uint64(n) * folded(add, mapped(xs, triple)), Columns: columns}, nil
		},
	}
}

// repeat adds up what n runs return.
func repeat(n int, run func() (uint64, error)) (uint64, error) {
	var sum uint64
	for range n {
		once, err := run()
		if err != nil {
			return 0, err
		}
		sum += once
	}
	return sum, nil
}
