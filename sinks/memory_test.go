package sinks_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// writtenRise is how far the use of memory, looked at ten times while outputs
// are written, rises above where it is after the first tenth. It is measured once
// for all passes of the tests.
var writtenRise = sync.OnceValue(func() map[string]int64 {
	folder, err := os.MkdirTemp("", "memory")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	size := int(heap.Size(12 << 20))
	rises := map[string]int64{}
	for name, sink := range map[string]func(path string) func(*vimap.Run[int, lone]) (int64, error){
		"lines":         func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.Lines(path).Outputs },
		"lines.gz":      func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.Lines(path).Outputs },
		"lines.zst":     func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.Lines(path).Outputs },
		"values.jsonl":  func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.JSONLines(path).Outputs },
		"array.json":    func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.JSONArray(path).Outputs },
		"table.csv":     func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.CSV(path).Outputs },
		"table.csv.zst": func(path string) func(*vimap.Run[int, lone]) (int64, error) { return sinks.CSV(path).Outputs },
		"split": func(path string) func(*vimap.Run[int, lone]) (int64, error) { // this one needs the disk
			key := func(i int, _ lone) string { return strconv.Itoa(i / 50 % 100) }
			return sinks.Split(path+".d", key).MaxOpen(10).Lines().Outputs // a file that is open may take 128 KB by and by
		},
	} {
		// The disk is spared: the file is a link to where all is forgotten.
		path := filepath.Join(folder, name)
		if err := os.Symlink(os.DevNull, path); err != nil {
			panic(err)
		}
		const length = 1000
		items := size / length
		value := lone{strings.Repeat("0123456789", length/10)}
		watch := heap.Over(int64(items))
		watched := sources.Seq(func(yield func(int) bool) {
			for i := range items {
				if watch.See(); !yield(i) {
					return
				}
			}
		})
		n, err := watched.Map(func(int) lone { return value }).To(context.Background(), sink(path))
		if err != nil || n != int64(items) {
			panic(fmt.Sprintf("%s: %d of %d: %v", name, n, items, err))
		}
		rises[name] = watch.Tell(name)
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
