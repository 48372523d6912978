package sinks_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// gigabyte has the tests of memory write 1 GB, and print what they see:
//
//	go test ./sinks -run PeakMemory -gigabyte -v
var gigabyte = flag.Bool("gigabyte", false, "measure the memory of 1 GB that is written instead of 12 MB")

// writtenRise is how far the use of memory, looked at ten times while outputs
// are written, rises above where it is after the first tenth. It is measured once
// for all passes of the tests.
var writtenRise = sync.OnceValue(func() map[string]int64 {
	folder, err := os.MkdirTemp("", "memory")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	size := 12 << 20
	if *gigabyte {
		size = 1 << 30
	}
	rises := map[string]int64{}
	for name, sink := range map[string]func(path string) func(*vimap.Run[int, lone]) (int64, error){
		"lines":         func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.Lines(path).Outputs },
		"lines.gz":      func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.Lines(path).Outputs },
		"lines.zst":     func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.Lines(path).Outputs },
		"array.json":    func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.JSONArray(path).Outputs },
		"table.csv":     func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.CSV(path).Outputs },
		"table.csv.zst": func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.CSV(path).Outputs },
	} {
		// The disk is spared: the file is a link to where all is forgotten.
		path := filepath.Join(folder, name)
		if err := os.Symlink(os.DevNull, path); err != nil {
			panic(err)
		}
		const length = 1000
		items := size / length
		var first, rise int64
		value := lone{strings.Repeat("0123456789", length/10)}
		watched := sources.Seq(func(yield func(int) bool) {
			for i := range items {
				if i > 0 && i%(items/10) == 0 {
					runtime.GC()
					runtime.GC()
					var stats runtime.MemStats
					runtime.ReadMemStats(&stats)
					if first == 0 {
						first = int64(stats.HeapAlloc)
					}
					rise = max(rise, int64(stats.HeapAlloc)-first)
				}
				if !yield(i) {
					return
				}
			}
		})
		n, err := watched.Map(func(int) lone { return value }).To(context.Background(), sink(path))
		if err != nil || n != int64(items) {
			panic(fmt.Sprintf("%s: %d of %d: %v", name, n, items, err))
		}
		if *gigabyte {
			fmt.Printf("%s: %d KB more in use than after the first tenth\n", name, rise>>10)
		}
		rises[name] = rise
	}
	return rises
})

func TestPeakMemoryOfWritingIsFlat(t *testing.T) {
	rerun.Once(t)
	if _, err := os.Stat("/dev/null"); err != nil {
		t.Skip("there is no /dev/null here")
	}
	quiet(t)
	for name, rise := range writtenRise() {
		require.Less(t, rise, int64(12<<20), name) // the packers have buffers that they take by and by
	}
}
