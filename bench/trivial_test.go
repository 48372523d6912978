package bench_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/workloads"
)

const items = 100_000

func BenchmarkTrivial(b *testing.B) {
	b.Run("workers=2", func(b *testing.B) { benchmark(b, workloads.Trivial(2)) })
	b.Run("workers=8", func(b *testing.B) { benchmark(b, workloads.Trivial(8)) })
	b.Run("workers=64", func(b *testing.B) { benchmark(b, workloads.Trivial(64)) })
}

func BenchmarkOrdered(b *testing.B) {
	b.Run("workers=2", func(b *testing.B) { benchmark(b, workloads.Ordered(2)) })
}

// benchmark measures every column of a workload; an operation is all of its items.
func benchmark(b *testing.B, w harness.Workload) {
	b.Helper()
	job, err := w.Build(items)
	require.NoError(b, err)
	for _, column := range job.Columns {
		b.Run("column="+strings.ReplaceAll(column.Name, " ", "-"), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				sum, err := column.Run()
				if err != nil || sum != job.Want {
					b.Fatalf("sum %d, want %d, error %v", sum, job.Want, err)
				}
			}
			runtime.ReadMemStats(&after)
			n := float64(b.N) * items
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/item")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/item")
		})
	}
}
