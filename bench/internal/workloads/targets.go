package workloads

import (
	"runtime"
	"time"

	"github.com/vimap-go/vimap/bench/internal/harness"
)

// Targets are the limits vimap holds itself to, in the order of [All].
func Targets() []harness.Target {
	return []harness.Target{
		{Name: "trivial-2/channels", Workload: "trivial-2", Value: overChannels, Limit: 0.05},
		{Name: "trivial-2/ns", Workload: "trivial-2", Value: nanoseconds, Limit: 18},
		{Name: "trivial-2/allocs", Workload: "trivial-2", Value: allocs, Limit: noAllocs},
		{Name: "trivial-8/channels", Workload: "trivial-8", Value: overChannels, Limit: 0.06},
		{Name: "trivial-8/allocs", Workload: "trivial-8", Value: allocs, Limit: noAllocs},
		{Name: "trivial-64/channels", Workload: "trivial-64", Value: overChannels, Limit: 0.07},
		{Name: "trivial-64/allocs", Workload: "trivial-64", Value: allocs, Limit: noAllocs},
		{Name: "ordered-2/any-order", Workload: "ordered-2", Value: harness.Over(nanoseconds, wall("vimap any order")), Limit: 1.15},
		{Name: "stages-3x2/channels", Workload: "stages-3x2", Value: overChannels, Limit: 0.045},
		{Name: "inline/sequential", Workload: "inline", Value: overSequential, Limit: 3},
		{Name: "hash-1us/efficiency", Workload: "hash-1us", Value: efficiency(2), Limit: 0.95, AtLeast: true},

		{Name: "sleep/channels", Workload: "sleep", Value: overChannels, Limit: 1.02},
		{Name: "sleep-ordered/channels", Workload: "sleep-ordered", Value: overChannels, Limit: 1.02},
		{Name: "sleep-10000/channels", Workload: "sleep-10000", Value: overChannels, Limit: 1.02},
		{Name: "skew-ordered/channels", Workload: "skew-ordered", Value: overChannels, Limit: 0.85},
		{Name: "rare-5ms/ideal", Workload: "rare-5ms", Value: overIdeal(16), Limit: 1.15},
		{Name: "late/items", Workload: "late", Value: harness.Late("vimap"), Limit: 0},
		{Name: "trickle/p50-channels", Workload: "trickle", Value: harness.Over(harness.P50("vimap"), harness.P50(harness.Base)), Limit: 1.05},
		{Name: "trickle/p99-channels", Workload: "trickle", Value: harness.Over(harness.P99("vimap"), harness.P99(harness.Base)), Limit: 1.2},
		{Name: "build-10/channels", Workload: "build-10", Value: overChannels, Limit: 1.2},
		{Name: "build-10/allocs", Workload: "build-10", Value: allocs, Limit: 40},

		{Name: "lines/channels", Workload: "lines", Value: overChannels, Limit: 0.10},
		{Name: "lines/ns", Workload: "lines", Value: nanoseconds, Limit: 45},
		{Name: "lines-aggregate/channels", Workload: "lines", Value: harness.Over(wall("vimap aggregate"), wall("channels")), Limit: 0.10},
		{Name: "lines-aggregate/ns", Workload: "lines", Value: wall("vimap aggregate"), Limit: 45},
		{Name: "lines/peak-channels-mb", Workload: "lines", Value: morePeak, Limit: 6},
		{Name: "lines-bytes/ns", Workload: "lines-bytes", Value: nanoseconds, Limit: 13},
		{Name: "lines-bytes/wc-speed", Workload: "lines-bytes", Value: harness.Over(wall("wc -l"), nanoseconds), Limit: 0.8, AtLeast: true},
		{Name: "lines-bytes/peak-channels-mb", Workload: "lines-bytes", Value: morePeak, Limit: 6},
		{Name: "jsonlines/channels", Workload: "jsonlines", Value: overChannels, Limit: 0.40},
		{Name: "jsonlines/peak-channels-mb", Workload: "jsonlines", Value: morePeak, Limit: 6},
		{Name: "rows/hand-written", Workload: "rows", Value: harness.Over(nanoseconds, wall("hand-written")), Limit: 1.25},
		{Name: "rows/peak-channels-mb", Workload: "rows", Value: morePeak, Limit: 6},
		{Name: "large/peak-mb", Workload: "large", Value: harness.PeakMB("vimap"), Limit: 300},

		{Name: "source/speedup", Workload: "source", Value: harness.Over(wall("sequential"), nanoseconds), Limit: 1.7, AtLeast: true},
	}
}

// noAllocs is what an item may have allocated for it: nothing, and the run of
// a million some thousand things.
const noAllocs = 0.005

var (
	nanoseconds    = wall("vimap")
	allocs         = harness.AllocsPer("vimap")
	overChannels   = harness.Over(wall("vimap"), wall(harness.Base))
	overSequential = harness.Over(wall("vimap"), wall("sequential"))
	morePeak       = harness.Minus(harness.PeakMB("vimap"), harness.PeakMB(harness.Base))
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
