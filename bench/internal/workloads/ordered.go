package workloads

import (
	"fmt"
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

// Ordered is [Trivial] in the order of the source. The column "vimap any order"
// is there to compare with in the same round.
func Ordered(workers int) harness.Workload {
	return harness.Workload{
		Name:  fmt.Sprintf("ordered-%d", workers),
		About: fmt.Sprintf("a trivial function, %d workers, in order", workers),
		Full:  1_000_000, Quick: 200_000, Test: 3_000,
		Build: func(n int) (harness.Job, error) {
			xs := numbers(n)
			columns := slow(orderedPools(slices.Values(xs), workers, triple, addInOrder), takeTasks...)
			columns = append(columns,
				concIter(xs, workers, triple, addInOrder),
				vimapColumn("vimap", sources.Slice(xs).Via(vimap.Func(tripleStep).Workers(workers)).Ordered(), addInOrder))

			// Its sum is that of [add]; the harness expects the other.
			want, wantAny := folded(addInOrder, mapped(xs, triple)), folded(add, mapped(xs, triple))
			anyOrder := vimapColumn("vimap any order", sources.Slice(xs).Via(vimap.Func(tripleStep).Workers(workers)), add)
			run := anyOrder.Run
			anyOrder.Run = func() (uint64, error) {
				sum, err := run()
				return sum - wantAny + want, err
			}
			return harness.Job{Want: want, Columns: append(columns, anyOrder)}, nil
		},
	}
}
