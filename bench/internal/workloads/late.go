package workloads

import (
	"iter"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

// stamped is an item that knows when it left the source, on its way to become
// a result that knows whether it waited.
type stamped struct {
	x      int
	hash   uint64
	left   time.Time
	waited bool
}

// Late has one item in 4,000 wait 50 ms among others of a microsecond, and
// counts those of the others that take more than 10 ms from the source to the
// sink. There are enough workers for all that wait at once: no one has to be
// late. With a queue without bound, nearly all are.
func Late() harness.Workload {
	return harness.Workload{
		Name:  "late",
		About: "1 µs of hashing, one item in 4000 waits 50 ms, 64 workers: how many of the others take more than 10 ms?",
		Full:  200_000, Quick: 60_000, Test: 9_000,
		Late: 10 * time.Millisecond,
		Build: func(n int) (harness.Job, error) {
			const workers = 64
			hash := hasher(time.Microsecond)
			items := iter.Seq[stamped](func(yield func(stamped) bool) {
				for x := range n {
					if !yield(stamped{x: x, left: time.Now()}) {
						return
					}
				}
			})
			work := func(s stamped) stamped {
				if s.waited = s.x%4_000 == 2_000; s.waited {
					time.Sleep(50 * time.Millisecond)
				}
				s.hash = hash(s.x)
				return s
			}
			latencies := make([]time.Duration, 0, n)
			arrive := func(sum uint64, s stamped) uint64 {
				if !s.waited {
					latencies = append(latencies, time.Since(s.left))
				}
				return sum + s.hash
			}
			columns := append(without(pools(items, workers, work, arrive), "sequential", "ro"),
				vimapColumn("vimap", sources.Seq(items).Via(vimap.Func(step(work)).Workers(workers)), arrive))
			return harness.Job{
				Want:      folded(addHash, mapped(numbers(n), hash)),
				Columns:   columns,
				Latencies: taken(&latencies, n),
			}, nil
		},
	}
}

// taken hands over what was measured, and leaves room for n: a list that grows
// while it is measured sets off the garbage collector, in the loop over the
// results, and all of them would be late.
func taken(latencies *[]time.Duration, n int) func() []time.Duration {
	return func() []time.Duration {
		all := *latencies
		*latencies = make([]time.Duration, 0, n)
		return all
	}
}
