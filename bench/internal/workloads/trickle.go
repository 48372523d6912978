package workloads

import (
	"context"
	"iter"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sources"
)

// Trickle has a source of an item a millisecond, and measures how long each
// takes from there through three stages to the sink.
func Trickle() harness.Workload {
	return harness.Workload{
		Name:  "trickle",
		About: "an item a millisecond through three stages of 2 workers: look at the latencies",
		Full:  500, Quick: 250, Test: 20,
		Build: func(n int) (harness.Job, error) {
			start := time.Now()
			ticks := iter.Seq[time.Duration](func(yield func(time.Duration) bool) {
				for range n {
					time.Sleep(time.Millisecond)
					if !yield(time.Since(start)) {
						return
					}
				}
			})
			latencies := make([]time.Duration, 0, n)
			arrive := func(arrived uint64, emitted time.Duration) uint64 {
				latencies = append(latencies, time.Since(start)-emitted)
				return arrived + 1
			}
			pass := func(t time.Duration) time.Duration { return t }
			stage := vimap.Func(func(_ context.Context, t time.Duration) (time.Duration, error) { return t, nil }).Workers(2)
			columns := append(slow(stages(ticks, 2, peers.Three[time.Duration]{pass, pass, pass}, arrive), "limit"),
				vimapColumn("vimap", sources.Seq(ticks).Via(stage).Via(stage).Via(stage), arrive))
			return harness.Job{
				Want:      uint64(n),
				Columns:   columns,
				Latencies: taken(&latencies, n),
			}, nil
		},
	}
}
