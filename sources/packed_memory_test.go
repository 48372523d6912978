package sources_test

import (
	"context"
	"flag"
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
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// gigabyte has the tests of memory read 1 GB, and print what they see:
//
//	go test ./sources -run PeakMemory -gigabyte -v
var gigabyte = flag.Bool("gigabyte", false, "measure the memory of streams of 1 GB instead of 24 MB")

func streamSize() int64 {
	if *gigabyte {
		return 1 << 30
	}
	return 24 << 20
}

// flat runs a pipeline and returns how far the use of memory, looked at ten times
// in items, rises above where it is after the first of them.
func flat[In, Out any](pipeline vimap.Pipeline[In, Out], items int64) (rise int64, err error) {
	var n, first int64
	run := pipeline.Start(context.Background())
	for range run.Zip() {
		n++
		if n%(items/10) != 0 {
			continue
		}
		if use := inUse(); first == 0 {
			first = use
		} else {
			rise = max(rise, use-first)
		}
	}
	if n != items && run.Err() == nil {
		err = fmt.Errorf("%d items came, want %d", n, items)
	}
	if *gigabyte {
		fmt.Printf("%d items: %d KB more in use than after the first tenth\n", n, rise>>10)
	}
	if run.Err() != nil {
		err = run.Err()
	}
	return rise, err
}

// unpackedRise is measured once for all passes of the tests.
var unpackedRise = sync.OnceValue(func() map[string]int64 {
	rises := map[string]int64{}
	for name, pack := range packs {
		archive := string(pack(many))
		copies := streamSize() / int64(len(many))
		lines := sources.Reader(io.LimitReader(&counter{text: archive}, copies*int64(len(archive))))
		rise, err := flat(lines, copies*40_000)
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
	rise, err := flat(sources.JSONArray[request](path), items)
	must(err)
	rises["of an array"] = rise

	item = "Ada,36,Rome,\"more\nthan a line\"\n"
	path, items = write("table", "name,age,City,more\n", item, item)
	rise, err = flat(sources.CSV[person](path), items)
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
