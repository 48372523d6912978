package sources_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// streamed is how much the use of memory rises by streams of 40 MB. It is
// measured once for all passes of the tests.
var streamed = sync.OnceValue(func() map[string]int64 {
	rise := map[string]int64{}
	for name, c := range map[string]struct {
		line string
		size int
	}{
		"of short lines":     {strings.Repeat("x", 60) + "\n", 40 << 20},
		"of lines of 100 KB": {strings.Repeat("x", 100<<10) + "\n", 40 << 20},
		"of mostly no text":  {strings.Repeat("\n", 60) + strings.Repeat("x", 2000), 4 << 20}, // 120,000 lines
	} {
		before, peak, read := heap.InUse(), int64(0), 0
		lines := sources.Reader(io.LimitReader(&counter{text: c.line}, int64(c.size)))
		if len(c.line) > 1000 {
			lines = lines.InFlight(4) // the default look-ahead counts lines, not bytes
		}
		run := lines.Start(context.Background())
		for _, line := range run.Zip() {
			if step := c.size / 10; read%step > (read+len(line)+1)%step {
				peak = max(peak, heap.InUse())
			}
			read += len(line) + 1
		}
		if err := run.Err(); err != nil || read < c.size {
			panic(fmt.Sprintf("%s: %d bytes were read, and the error is %v", name, read, err))
		}
		rise[name] = peak - before
	}
	return rise
})

func TestA40MBStreamRaisesPeakMemoryByLessThan3MB(t *testing.T) {
	quiet(t)
	for name, rise := range streamed() {
		require.Less(t, rise, int64(3<<20), name)
	}
}

func TestLinesAreReleasedWhileTheSourceWaitsForMore(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	text := numbered(4, 4<<20) + numbered(20, 8<<10) // the latter are read together
	lines := strings.Count(text, "\n")
	delivered := make(chan struct{}, lines)
	var delivery []weak.Pointer[byte]
	var before, after int64
	alive := 0
	run := sources.Reader(io.MultiReader(
		callback(func() { before = heap.InUse() }),
		strings.NewReader(text),
		callback(func() {
			for range lines {
				<-delivered
			}
			after = heap.InUse()
			for _, line := range delivery {
				if line.Value() != nil {
					alive++
				}
			}
		}),
	)).Start(t.Context())
	for _, line := range run.Zip() {
		delivery = append(delivery, weak.Make(unsafe.StringData(line))) //nolint:gosec // the string's memory is what matters
		delivered <- struct{}{}
	}
	require.NoError(t, run.Err())
	require.LessOrEqual(t, alive, 1, "lines are kept, but for the one that was the loop's last")
	require.Less(t, after-before, int64(3<<20))
	runtime.KeepAlive(text)
}

// A callback is a reader of nothing that calls a function.
type callback func()

func (c callback) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}

func TestAKeptLineKeepsAtMost4KBAlive(t *testing.T) {
	long := strings.Repeat("x", 16<<10)
	for name, c := range map[string]struct {
		text string
		keep func(string) bool
		most int64 // bytes for each line kept
	}{
		"a short one among short ones":  {strings.Repeat("short\n"+strings.Repeat("longer\n", 2000), 100), func(line string) bool { return line == "short" }, 4<<10 + 64},
		"a short one beside a long one": {strings.Repeat("short\n"+long+"\n", 100), func(line string) bool { return line == "short" }, 4<<10 + 64},
		"an empty one":                  {strings.Repeat("\n"+long[:4000]+"\n", 1000), func(line string) bool { return line == "" }, 128},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			before := heap.InUse()
			kept, err := collect(t, sources.Reader(strings.NewReader(c.text)).Filter(c.keep))
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(kept), 100)
			require.Less(t, heap.InUse()-before, int64(len(kept))*c.most+64<<10)
			runtime.KeepAlive(kept)
			runtime.KeepAlive(c.text)
		})
	}
}
