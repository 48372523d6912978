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
