package sources_test

import (
	"io/fs"
	"iter"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

// A watchedFS tells what was asked of it.
type watchedFS struct {
	files   fstest.MapFS
	asked   int
	folders []string
}

func (w *watchedFS) Open(name string) (fs.File, error) {
	w.asked++
	return w.files.Open(name)
}

func (w *watchedFS) Stat(name string) (fs.FileInfo, error) {
	w.asked++
	return w.files.Stat(name)
}

func (w *watchedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	w.asked++
	w.folders = append(w.folders, name)
	return w.files.ReadDir(name)
}

func TestNothingIsOpenedOrReadByBuildingAPipeline(t *testing.T) {
	quiet(t)
	path := file(t, "a.jsonl", "{}\n")
	reader, fsys, pulled := &counter{text: "line\n"}, &watchedFS{files: fstest.MapFS{"a": {}}}, 0
	seq := func(yield func(int) bool) { pulled++ }
	ch := make(chan int, 1)
	ch <- 1
	goroutines, files := runtime.NumGoroutine(), openFiles(t)

	for range 100 {
		lines := sources.Concat(sources.Lines(path), sources.Reader(reader), sources.Lines("missing"))
		lines.Map(strings.ToUpper).Ordered().Start(t.Context())
		sources.JSONLines[int](path).Start(t.Context())
		sources.JSONArray[int](path).Start(t.Context())
		sources.CSV[person](path).Start(t.Context())
		sources.Files(path, "*").Start(t.Context())
		sources.Walk(fsys).Start(t.Context())
		sources.Seq(seq).Start(t.Context())
		sources.Chan(ch).Start(t.Context())
	}

	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	require.LessOrEqual(t, openFiles(t), files)
	require.Zero(t, reader.reads)
	require.Zero(t, fsys.asked)
	require.Zero(t, pulled)
	require.Len(t, ch, 1)
}

func TestAnInfiniteSourceIsLeftEarly(t *testing.T) {
	endless := func(yield func(string) bool) {
		for yield("x") {
		}
	}
	ch := make(chan string, 100)
	for range cap(ch) {
		ch <- "x"
	}
	for name, source := range map[string]vimap.Pipeline[string, string]{
		"an iterator":         sources.Seq(endless),
		"one that never ends": sources.Seq2(withNil(endless)),
		"a reader":            sources.Reader(&counter{text: "x\n"}),
		"a channel left open": sources.Chan(ch),
		"the first of two":    sources.Concat(sources.Seq(endless), sources.Lines("missing")),
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			require.Equal(t, []string{"x", "x", "x"}, take(t, 3, source))
		})
	}
}

func withNil[T any](items iter.Seq[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func TestAfter40Of10000OrderedResultsMoreThan9000InputsAreUnread(t *testing.T) {
	quiet(t)
	var read int
	source := sources.Seq(func(yield func(int) bool) {
		for read = range 10_000 {
			if !yield(read) {
				return
			}
		}
	})
	require.Len(t, take(t, 40, source), 40)
	require.Less(t, read, 1000)
}

func TestWithInFlight2NoThirdItemIsReadBeforeOneIsDelivered(t *testing.T) {
	for name, build := range map[string]func() (source vimap.Pipeline[int, int], read func() int){
		"of an iterator": func() (vimap.Pipeline[int, int], func() int) {
			read := 0
			source := sources.Seq(func(yield func(int) bool) {
				for read < 100 {
					read++
					if !yield(read) {
						return
					}
				}
			})
			return source, func() int { return read }
		},
		"of a channel": func() (vimap.Pipeline[int, int], func() int) {
			ch := make(chan int, 100)
			for i := range cap(ch) {
				ch <- i
			}
			close(ch)
			return sources.Chan(ch), func() int { return cap(ch) - len(ch) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			synctest.Test(t, func(t *testing.T) {
				source, read := build()
				delivered := 0
				run := source.InFlight(2).Start(t.Context())
				for range run.Zip() {
					delivered++
					synctest.Wait() // until all else has come to rest
					require.LessOrEqual(t, read(), delivered+2)
				}
				require.NoError(t, run.Err())
				require.Equal(t, 100, delivered)
			})
		})
	}
}
