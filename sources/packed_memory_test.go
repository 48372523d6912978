package sources_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// streamSize is how long the streams are.
func streamSize() int64 { return heap.Size(24 << 20) }

// flat runs a pipeline and returns how far the use of memory, looked at ten times
// in items, rises above where it is after the first of them.
func flat[In, Out any](name string, pipeline vimap.Pipeline[In, Out], items int64) (rise int64, err error) {
	watch := heap.Over(items)
	run := pipeline.InFlight(4096).Start(context.Background()) // no wider look-ahead on the way
	for range run.Zip() {
		watch.See()
	}
	if watch.Seen() != items && run.Err() == nil {
		err = fmt.Errorf("%d items came, want %d", watch.Seen(), items)
	}
	if run.Err() != nil {
		err = run.Err()
	}
	return watch.Tell(name), err
}

// unpackedRise is measured once for all passes of the tests.
var unpackedRise = sync.OnceValue(func() map[string]int64 {
	rises := map[string]int64{}
	for name, pack := range packs {
		archive := string(pack(many))
		copies := streamSize() / int64(len(many))
		lines := sources.Reader(io.LimitReader(&counter{text: archive}, copies*int64(len(archive))))
		rise, err := flat(name, lines, copies*40_000)
		if err != nil {
			panic(name + ": " + err.Error())
		}
		rises[name] = rise
	}
	return rises
})

// parsedRise is measured once for all passes of the tests.
var parsedRise = sync.OnceValue(func() map[string]int64 {
	rises := map[string]int64{}
	folder, err := os.MkdirTemp("", "memory")
	must(err)
	defer func() { must(os.RemoveAll(folder)) }()
	// Both are packed, so that 1 GB needs no disk.
	write := func(name, head, item, tail string) (path string, items int64) {
		items = streamSize() / int64(len(item))
		path = filepath.Join(folder, name)
		file, err := os.Create(path)
		must(err)
		w, err := zstd.NewWriter(file)
		must(err)
		_, err = io.Copy(w, io.MultiReader(strings.NewReader(head),
			io.LimitReader(&counter{text: item}, (items-1)*int64(len(item))), strings.NewReader(tail)))
		must(err)
		must(w.Close())
		must(file.Close())
		return path, items
	}
	item := `{"uri":"/some/path","data":{"one":1}}`
	path, items := write("array", "[", item+",\n", item+"]")
	rise, err := flat("an array", sources.JSONArray[request](path), items)
	must(err)
	rises["of an array"] = rise

	path, items = write("values", "", item+"\n", item+"\n")
	rise, err = flat("JSON lines", sources.JSONLines[request](path), items)
	must(err)
	rises["of JSON lines"] = rise

	item = "Ada,36,Rome,\"more\nthan a line\"\n"
	path, items = write("table", "name,age,City,more\n", item, item)
	rise, err = flat("a table", sources.CSV[person](path), items)
	must(err)
	rises["of a table"] = rise
	return rises
})

func TestPeakMemoryOfAParsedStreamIsFlat(t *testing.T) {
	rerun.Once(t)
	quiet(t)
	for name, rise := range parsedRise() {
		require.Less(t, rise, int64(3<<20), name)
	}
}

func TestPeakMemoryOfAPackedStreamIsFlat(t *testing.T) {
	rerun.Once(t)
	quiet(t)
	for name, rise := range unpackedRise() {
		require.Less(t, rise, int64(3<<20), name)
	}
}

// followedRise is measured once for all passes of the tests.
var followedRise = sync.OnceValue(func() int64 {
	folder, err := os.MkdirTemp("", "memory")
	must(err)
	defer func() { must(os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "app.log")
	file, err := os.Create(path)
	must(err)
	block := strings.Repeat(strings.Repeat("x", 999)+"\n", 1_000)
	blocks := streamSize() / int64(len(block))
	write := func() {
		_, err := file.WriteString(block)
		must(err)
	}
	watch := heap.Over(1_000 * blocks)
	write()
	run := sources.Tail{FromStart: true}.Follow(path).Start(context.Background())
	for range run.Zip() {
		watch.See()
		switch seen := watch.Seen(); {
		case seen == 1_000*blocks:
			run.Stop()
		case seen%1_000 == 0:
			write()
		}
	}
	must(run.Err())
	must(file.Close())
	return watch.Tell("a file that is followed")
})

func TestPeakMemoryOfAFileThatIsFollowedIsFlat(t *testing.T) {
	rerun.Once(t)
	quiet(t)
	require.Less(t, followedRise(), int64(3<<20))
}
