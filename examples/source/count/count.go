// Package count counts the lines and the identifiers of Go source: as a
// pipeline with several workers, and as the loop that it stands for.
package count

import (
	"context"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Summary is what was found in a folder.
type Summary struct {
	Files   int64
	Lines   int64 // newline characters
	Longest Line
	Names   []Name // the ten used most
}

// Parallel counts the files below folder, as many at once as there are workers.
func Parallel(ctx context.Context, folder string, workers int) (Summary, error) {
	var totals Totals
	counting := vimap.Open(func(context.Context) (*Counter, error) { return NewCounter(&totals), nil }).
		Close((*Counter).Close).
		Do((*Counter).File).
		Workers(workers).
		Named("count")
	summary, err := sources.Seq2(files(folder)).
		Via(counting).
		To(ctx, sinks.Fold(Summary{}, Summary.with))
	summary.Names = totals.Top(10)
	return summary, err
}

// Sequential counts the files below folder, one after another.
func Sequential(ctx context.Context, folder string) (Summary, error) {
	var totals Totals
	var summary Summary
	counter := NewCounter(&totals)
	for path, err := range files(folder) {
		if err != nil {
			return summary, err
		}
		file, err := counter.File(ctx, path)
		if err != nil {
			return summary, err
		}
		summary = summary.with(path, file)
	}
	err := counter.Close()
	summary.Names = totals.Top(10)
	return summary, err
}

func (s Summary) with(_ string, file File) Summary {
	s.Files++
	s.Lines += file.Lines
	if file.Longest.exceeds(s.Longest) {
		s.Longest = file.Longest
	}
	return s
}

// files yields what find FOLDER -name '*.go' -type f prints, in lexical order.
func files(folder string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Type().IsRegular() && strings.HasSuffix(path, ".go") && !yield(path, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield("", err)
		}
	}
}
