//go:build unix

package logs_test

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/logs"
	"github.com/vimap-go/vimap/sources"
)

// processorTime is what the process has used of its processors.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkBeingWatched compares a run with one whose stage logs at a level that
// is off, and with one whose Stats are read ten times a second, by the processor
// time for each item: alternately, the best of seven.
func BenchmarkBeingWatched(b *testing.B) {
	quietOnes := logs.To(slog.New(slog.NewTextHandler(new(book), &slog.HandlerOptions{Level: slog.LevelWarn}))).Hooks()
	for name, work := range map[string]struct {
		items, spin int
	}{"trivial": {10_000_000, 0}, "1µs": {400_000, 900}} {
		b.Run(name, func(b *testing.B) {
			items := make([]int, work.items)
			stage := vimap.Func(func(_ context.Context, n int) (int, error) {
				for i := range work.spin {
					n = n*31 + i
				}
				return n, nil
			}).Workers(2)
			once := func(s vimap.Stage[int, int], polled bool) float64 {
				run := sources.Slice(items).Via(s).Start(b.Context())
				before := processorTime(b)
				over := make(chan struct{})
				var look sync.WaitGroup
				if polled {
					look.Go(func() {
						for tick := time.NewTicker(100 * time.Millisecond); ; {
							select {
							case <-tick.C:
								_ = run.Stats()
							case <-over:
								tick.Stop()
								return
							}
						}
					})
				}
				for range run.Zip() {
				}
				close(over)
				look.Wait()
				require.NoError(b, run.Err())
				return float64(processorTime(b)-before) / float64(work.items)
			}
			for b.Loop() {
				alone, hooked, polled := math.Inf(1), math.Inf(1), math.Inf(1)
				for range 7 {
					alone = min(alone, once(stage, false))
					hooked = min(hooked, once(stage.Hooks(quietOnes), false))
					polled = min(polled, once(stage, true))
				}
				b.ReportMetric(alone, "ns/item")
				b.ReportMetric(hooked-alone, "+ns/item-hooks")
				b.ReportMetric(polled-alone, "+ns/item-polled")
			}
		})
	}
}
