//go:build unix

package progress_test

import (
	"context"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// BenchmarkProgress has each case run without and with a bar in turn, the one or
// the other first, and reports the CPU time of an item: the medians, and that of
// the differences.
func BenchmarkProgress(b *testing.B) {
	spin := func(_ context.Context, n int) (int, error) {
		for began := time.Now(); time.Since(began) < time.Microsecond; {
		}
		return n, nil
	}
	for name, p := range map[string]struct {
		p     vimap.Pipeline[int, int]
		items int
	}{
		"trivial": {count(1 << 24).Map(func(n int) int { return n + 1 }), 1 << 24},
		"1µs":     {count(1 << 20).Via(vimap.Func(spin).Workers(2)), 1 << 20},
	} {
		b.Run(name, func(b *testing.B) {
			display := progress.Display{To: io.Discard, Mode: progress.Bar}
			contexts := [2]context.Context{b.Context(), display.Show(b.Context(), name)}
			var spent [2][]float64
			var more []float64
			for round := 0; b.Loop(); round++ {
				var took [2]float64
				for i := range contexts {
					i = (i + round) % 2
					before := cpu()
					if _, err := p.p.To(contexts[i], sinks.Ignore); err != nil {
						b.Fatal(err)
					}
					took[i] = float64(cpu()-before) / float64(p.items)
					spent[i] = append(spent[i], took[i])
				}
				more = append(more, took[1]-took[0])
			}
			b.ReportMetric(median(spent[0]), "CPU-ns/item-off")
			b.ReportMetric(median(spent[1]), "CPU-ns/item-on")
			b.ReportMetric(median(more), "CPU-ns/item-more")
		})
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func count(n int) vimap.Pipeline[int, int] {
	return sources.Seq(func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i++ {
		}
	})
}

// cpu is what the process has spent.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
