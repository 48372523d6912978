package workloads

import (
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sources"
)

// ThreeStages has three trivial functions, each with workers of its own.
func ThreeStages() harness.Workload {
	return harness.Workload{
		Name:  "stages-3x2",
		About: "three trivial stages of 2 workers each, any order",
		Full:  1_000_000, Quick: 200_000, Test: 3_000,
		Build: func(n int) (harness.Job, error) {
			xs := numbers(n)
			three := peers.Three[int]{triple, triple, triple}
			stage := vimap.Func(tripleStep).Workers(2)
			columns := append(stages(slices.Values(xs), 2, three, add),
				column("conc.iter", add, func(each func(int)) error { return peers.ConcIterStages(xs, 2, three, each) }),
				vimapColumn("vimap", sources.Slice(xs).Via(stage).Via(stage).Via(stage), add))
			return harness.Job{Want: folded(add, mapped(xs, three.Fused())), Columns: columns}, nil
		},
	}
}
