//go:build !race

package sources_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Under the race detector each line is a copy.

func TestBytesOfABigFileKeepNoMemory(t *testing.T) {
	quiet(t)
	path := file(t, "big.txt", strings.Repeat(strings.Repeat("x", 60)+"\n", 40<<20/61))
	lines := sources.Bytes(path).Map(func(line []byte) int { return len(line) })
	for _, p := range []vimap.Pipeline[int, int]{lines, lines.Ordered()} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sum, err := p.To(t.Context(), sinks.Aggregate(func() int { return 0 }, func(sum, _, n int) int { return sum + n }, func(a, b int) int { return a + b }))
		require.NoError(t, err)
		require.Equal(t, 40<<20/61*60, sum)
		runtime.ReadMemStats(&after)
		most := uint64(runtime.GOMAXPROCS(0))*600<<10 + 1<<20
		require.Less(t, after.TotalAlloc-before.TotalAlloc, most, "allocated in all")
	}
}

func TestALineThatIsKeptKeepsAtMost4KBAlive(t *testing.T) {
	quiet(t)
	const size, every = 40 << 20, 500 // lines, of 61 bytes: further apart than what lines share
	path := file(t, "big.txt", strings.Repeat(strings.Repeat("x", 60)+"\n", size/61))
	lines := sources.Lines(path)
	for _, p := range []vimap.Pipeline[string, string]{lines, lines.Ordered(), lines.InFlight(1000)} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		type state struct {
			n    int
			kept []string
		}
		all, err := p.To(t.Context(), sinks.Aggregate(func() state { return state{} }, func(s state, _, line string) state {
			if s.n++; s.n%every == 0 {
				s.kept = append(s.kept, line)
			}
			return s
		}, func(a, b state) state { return state{a.n + b.n, append(a.kept, b.kept...)} }))
		require.NoError(t, err)
		runtime.GC()
		runtime.ReadMemStats(&after)
		require.Equal(t, size/61, all.n)
		require.Greater(t, len(all.kept), 1000)
		most := int64(len(all.kept))*5<<10 + 1<<20
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), most, "kept alive by %d lines", len(all.kept))
		runtime.KeepAlive(all)
	}
}
