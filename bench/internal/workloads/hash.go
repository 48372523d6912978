package workloads

import (
	"slices"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

// Hash is a microsecond of computing for each item: small, but worth a second core.
func Hash() harness.Workload {
	return harness.Workload{
		Name:  "hash-1us",
		About: "1 µs of hashing, 2 workers, any order",
		Full:  200_000, Quick: 30_000, Test: 1_000,
		Build: func(n int) (harness.Job, error) {
			xs, hash := numbers(n), hasher(time.Microsecond)
			columns := append(pools(slices.Values(xs), 2, hash, addHash),
				concIter(xs, 2, hash, addHash),
				loParallel(xs, hash, addHash),
				vimapColumn("vimap", sources.Slice(xs).Via(vimap.Func(step(hash)).Workers(2)), addHash))
			return harness.Job{Want: folded(addHash, mapped(xs, hash)), Columns: columns}, nil
		},
	}
}
