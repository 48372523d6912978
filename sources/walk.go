package sources

import (
	"context"
	"io/fs"
	"slices"

	"github.com/vimap-go/vimap"
)

// Walk yields the paths of the files in fsys that match the patterns, with the
// patterns, order and errors of [Files]; with no pattern, the paths of all
// files. It is for files that are embedded, zipped or made up by a test:
//
//	pages := sources.Walk(embedded, "pages/**/*.html")
//
// Paths and patterns are those of [io/fs]: separated by slashes, relative to
// the root of fsys, without "..". A pattern that leads out of fsys is an
// error of the run.
//
// The run calls fsys from a single goroutine; several runs may do so at once.
//
// Walk panics if fsys is nil.
func Walk(fsys fs.FS, patterns ...string) vimap.Pipeline[string, string] {
	if fsys == nil {
		panic("sources: Walk: fsys must not be nil")
	}
	patterns = slices.Clone(patterns)
	if len(patterns) == 0 {
		patterns = []string{"**"}
	}
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		s := search{
			source: "Walk",
			stat:   func(path string) (fs.FileInfo, error) { return fs.Stat(fsys, path) },
			below:  func(folder string) (fs.FS, error) { return fs.Sub(fsys, folder) },
			emit:   out.One,
		}
		return s.all(ctx, patterns)
	}).Named("walk")
}
