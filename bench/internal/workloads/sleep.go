package workloads

import (
	"slices"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

// nap is what an answer over a network takes.
func nap(x int) int {
	time.Sleep(time.Millisecond)
	return x
}

// napSkewed takes a hundred times as long for one item of a hundred.
func napSkewed(x int) int {
	if x%100 == 50 {
		time.Sleep(100 * time.Millisecond)
		return x
	}
	return nap(x)
}

// Sleep waits a millisecond for each item. Each of 100 workers has 20 items:
// nothing can be faster than 20 ms.
func Sleep() harness.Workload {
	return sleeping(harness.Workload{
		Name: "sleep", About: "1 ms of waiting, 100 workers, any order (ideal: 10000 ns/item)",
		Full: 2_000, Quick: 1_000, Test: 150, Often: 3,
	}, 100, nap, false)
}

// SleepOrdered is [Sleep] in the order of the source.
func SleepOrdered() harness.Workload {
	return sleeping(harness.Workload{
		Name: "sleep-ordered", About: "1 ms of waiting, 100 workers, in order (ideal: 10000 ns/item)",
		Full: 2_000, Quick: 1_000, Test: 150, Often: 3,
	}, 100, nap, true)
}

// Skew is [SleepOrdered] with a slow item among a hundred: those behind it must
// be worked on while it blocks the way out.
func Skew() harness.Workload {
	return sleeping(harness.Workload{
		Name: "skew-ordered", About: "1 ms of waiting, 1 % of the items 100 ms, 100 workers, in order",
		Full: 2_000, Quick: 1_000, Test: 150,
	}, 100, napSkewed, true)
}

// SleepManyWorkers is [Sleep] with so many workers that what is left to do is
// to wake them up.
func SleepManyWorkers() harness.Workload {
	return sleeping(harness.Workload{
		Name: "sleep-10000", About: "1 ms of waiting, 10000 workers, any order (ideal: 100 ns/item)",
		Full: 200_000, Quick: 50_000, Test: 12_000,
	}, 10_000, nap, false)
}

// sleeping completes w.
func sleeping(w harness.Workload, workers int, f func(int) int, ordered bool) harness.Workload {
	w.Build = func(n int) (harness.Job, error) {
		xs := numbers(n)
		columns, sum := pools(slices.Values(xs), workers, f, add), add
		p := sources.Slice(xs).Via(vimap.Func(step(f)).Workers(workers))
		if ordered {
			columns, sum, p = orderedPools(slices.Values(xs), workers, f, addInOrder), addInOrder, p.Ordered()
		}
		columns = slow(without(columns, "sequential", "ro"), "limit", "chan 128 ctx", "workerpool")
		columns = append(columns, concIter(xs, workers, f, sum), vimapColumn("vimap", p, sum))
		return harness.Job{Want: folded(sum, xs), Columns: columns}, nil
	}
	return w
}
