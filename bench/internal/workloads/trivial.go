package workloads

import (
	"fmt"
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

// Trivial maps a million numbers by a function that costs nothing: what is
// left is what it costs to hand items over.
func Trivial(workers int) harness.Workload {
	return harness.Workload{
		Name:  fmt.Sprintf("trivial-%d", workers),
		About: fmt.Sprintf("a trivial function, %d workers, any order", workers),
		Full:  1_000_000, Quick: 200_000, Test: 3_000,
		Build: func(n int) (harness.Job, error) {
			xs := numbers(n)
			columns := pools(slices.Values(xs), workers, triple, add)
			columns = append(columns,
				concIter(xs, workers, triple, add),
				loParallel(xs, triple, add),
				vimapColumn("vimap", sources.Slice(xs).Via(vimap.Func(tripleStep).Workers(workers)), add))
			if workers != 2 { // a quick run has seen them with 2
				columns = slow(slow(columns, takeTasks...), "conc.iter", "lo.parallel")
			}
			return harness.Job{Want: folded(add, mapped(xs, triple)), Columns: columns}, nil
		},
	}
}
