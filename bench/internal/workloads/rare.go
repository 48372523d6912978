package workloads

import (
	"slices"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sources"
)

// Rare is a microsecond of computing for most items, and 5 ms of waiting for
// one in a thousand. Whoever hands out large chunks leaves quick items behind
// a waiting one. The column "sequential" does not wait: half of it is the ideal
// on two cores, for others can compute while one worker waits. No item of the
// last quarter waits, so that the ideal can be reached.
func Rare() harness.Workload {
	return harness.Workload{
		Name:  "rare-5ms",
		About: "1 µs of hashing, 0.1 % of the items wait 5 ms, 16 workers (sequential: without waiting)",
		Full:  200_000, Quick: 40_000, Test: 2_000,
		Build: func(n int) (harness.Job, error) {
			const workers = 16
			xs, hash := numbers(n), hasher(time.Microsecond)
			f := func(x int) uint64 {
				if x%1000 == 500 && x < n*3/4 {
					time.Sleep(5 * time.Millisecond)
				}
				return hash(x)
			}
			columns := []harness.Column{column("sequential", addHash, func(each func(uint64)) error {
				return peers.Sequential(slices.Values(xs), 1, hash, each)
			})}
			columns = append(columns, without(pools(slices.Values(xs), workers, f, addHash), "sequential", "ro")...)
			columns = append(columns,
				concIter(xs, workers, f, addHash),
				vimapColumn("vimap", sources.Slice(xs).Via(vimap.Func(step(f)).Workers(workers)), addHash))
			return harness.Job{Want: folded(addHash, mapped(xs, hash)), Columns: columns}, nil
		},
	}
}
