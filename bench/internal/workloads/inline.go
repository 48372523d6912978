package workloads

import (
	"slices"

	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sources"
)

// Inline has three trivial functions as steps that need no workers of their
// own. The channel columns call all three in one worker.
func Inline() harness.Workload {
	return harness.Workload{
		Name:  "inline",
		About: "three trivial functions as inline steps (channels, conc.iter: in 2 workers)",
		Full:  1_000_000, Quick: 200_000, Test: 3_000,
		Build: func(n int) (harness.Job, error) {
			xs := numbers(n)
			three := peers.Three[int]{triple, triple, triple}
			loop := func(name string, stages peers.Stages[int]) harness.Column {
				return column(name, add, func(each func(int)) error { return stages(slices.Values(xs), 2, three, each) })
			}
			columns := []harness.Column{loop("sequential", peers.SequentialStages[int])}
			columns = append(columns, without(pools(slices.Values(xs), 2, three.Fused(), add),
				append(takeTasks, "sequential", "ro")...)...)
			columns = append(columns,
				concIter(xs, 2, three.Fused(), add),
				loop("ro", peers.RoStages[int]),
				vimapColumn("vimap", sources.Slice(xs).Map(triple).Map(triple).Map(triple), add))
			return harness.Job{Want: folded(add, mapped(xs, three.Fused())), Columns: columns}, nil
		},
	}
}
