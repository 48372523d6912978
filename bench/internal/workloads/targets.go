package workloads

import (
	"runtime"
	"time"

	"github.com/vimap-go/vimap/bench/internal/harness"
)

// Targets are the limits vimap holds itself to, in the order of [All]. Those
// named "goal:" are for later; the others are for now.
func Targets() []harness.Target {
	return []harness.Target{
		{Name: "trivial-2/ns", Workload: "trivial-2", Value: nanoseconds, Limit: 40},
		{Name: "trivial-2/channels", Workload: "trivial-2", Value: overChannels, Limit: 0.15},
		{Name: "goal:trivial-2/ns", Workload: "trivial-2", Value: nanoseconds, Limit: 18},
		{Name: "goal:trivial-2/channels", Workload: "trivial-2", Value: overChannels, Limit: 0.05},
		{Name: "goal:trivial-8/channels", Workload: "trivial-8", Value: overChannels, Limit: 0.06},
		{Name: "goal:trivial-64/channels", Workload: "trivial-64", Value: overChannels, Limit: 0.07},

		{Name: "ordered-2/any-order", Workload: "ordered-2", Value: harness.Over(wall("vimap"), wall("vimap any order")), Limit: 1.3},
		{Name: "goal:ordered-2/any-order", Workload: "ordered-2", Value: harness.Over(wall("vimap"), wall("vimap any order")), Limit: 1.15},

		{Name: "goal:stages-3x2/channels", Workload: "stages-3x2", Value: overChannels, Limit: 0.045},
		{Name: "goal:inline/sequential", Workload: "inline", Value: overSequential, Limit: 3},
		{Name: "goal:hash-1us/efficiency", Workload: "hash-1us", Value: efficiency(2), Limit: 0.95, AtLeast: true},

		{Name: "goal:sleep/channels", Workload: "sleep", Value: overChannels, Limit: 1.02},
		{Name: "goal:sleep-ordered/channels", Workload: "sleep-ordered", Value: overChannels, Limit: 1.02},
		{Name: "goal:skew-ordered/channels", Workload: "skew-ordered", Value: overChannels, Limit: 0.85},
		{Name: "goal:rare-5ms/ideal", Workload: "rare-5ms", Value: overIdeal(16), Limit: 1.15},

		{Name: "goal:trickle/p50-channels", Workload: "trickle", Value: harness.Over(harness.P50("vimap"), harness.P50(harness.Base)), Limit: 1.05},
		{Name: "goal:trickle/p99-channels", Workload: "trickle", Value: harness.Over(harness.P99("vimap"), harness.P99(harness.Base)), Limit: 1.2},
		{Name: "goal:build-10/channels", Workload: "build-10", Value: overChannels, Limit: 1.2},
		{Name: "goal:build-10/allocs", Workload: "build-10", Value: harness.AllocsPer("vimap"), Limit: 40},

		{Name: "source/speedup", Workload: "source", Value: harness.Over(wall("sequential"), wall("vimap")), Limit: 1.7, AtLeast: true},
	}
}

var (
	nanoseconds    = wall("vimap")
	overChannels   = harness.Over(wall("vimap"), wall(harness.Base))
	overSequential = harness.Over(wall("vimap"), wall("sequential"))
)

func wall(column string) harness.Metric { return harness.WallPer(column, time.Nanosecond) }

// efficiency is the share of the workers' time that went into the work itself,
// taken from what the loop needs for it.
func efficiency(workers int) harness.Metric {
	return harness.Times(harness.Over(wall("sequential"), wall("vimap")), 1/float64(cores(workers)))
}

// overIdeal is the inverse of [efficiency].
func overIdeal(workers int) harness.Metric {
	return harness.Times(overSequential, float64(cores(workers)))
}

func cores(workers int) int { return min(workers, runtime.GOMAXPROCS(0)) }
