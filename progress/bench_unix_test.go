//go:build unix

package progress_test

import (
	"context"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// BenchmarkProgress has each case run without and with a bar in turn, for about
// a second each, and reports the difference for an item in CPU time.
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
		"trivial": {count(1 << 26).Map(func(n int) int { return n + 1 }), 1 << 26},
		"1µs":     {count(1 << 21).Via(vimap.Func(spin).Workers(2)), 1 << 21},
	} {
		b.Run(name, func(b *testing.B) {
			display := progress.Display{To: io.Discard, Mode: progress.Bar}
			var spent [2]time.Duration
			items := 0
			for b.Loop() {
				for i, ctx := range []context.Context{b.Context(), display.Show(b.Context(), name)} {
					before := cpu()
					if _, err := p.p.To(ctx, sinks.Ignore); err != nil {
						b.Fatal(err)
					}
					spent[i] += cpu() - before
				}
				items += p.items
			}
			off, on := float64(spent[0])/float64(items), float64(spent[1])/float64(items)
			b.ReportMetric(off, "CPU-ns/item-off")
			b.ReportMetric(on, "CPU-ns/item-on")
			b.ReportMetric(100*(on/off-1), "%more")
		})
	}
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
