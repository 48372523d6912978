package workloads

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vimap-go/vimap/bench/internal/data"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/examples/source/count"
)

// Source is the count of examples/source over files of Go's own library: as
// the loop that the example stands for, and with two workers.
func Source() harness.Workload {
	return harness.Workload{
		Name:  "source",
		About: "examples/source: lines and identifiers of Go files, 2 workers",
		Full:  4_000, Quick: 800, Test: 30,
		Item: "file",
		Base: "sequential",
		Build: func(n int) (harness.Job, error) {
			loop := func(folder string) (uint64, error) {
				return summed(count.Sequential(context.Background(), folder))
			}
			folder, want, err := data.Tree(fmt.Sprintf("source-%d", n), goFiles(n), loop)
			if err != nil {
				return harness.Job{}, err
			}
			return harness.Job{Want: want, Columns: []harness.Column{
				{Name: "sequential", Run: func() (uint64, error) { return loop(folder) }},
				{Name: "vimap", Run: func() (uint64, error) { return summed(count.Parallel(context.Background(), folder, 2)) }},
			}}, nil
		},
	}
}

// summed makes one number of all that was counted.
func summed(summary count.Summary, err error) (uint64, error) {
	return uint64(crc32.ChecksumIEEE(fmt.Appendf(nil, "%+v", summary))), err
}

// goFiles copies n files from all over Go's library to a new folder.
func goFiles(n int) func(folder string) error {
	return func(folder string) error {
		library := filepath.Join(build.Default.GOROOT, "src")
		var paths []string
		err := filepath.WalkDir(library, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, ".go") {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return err
		}
		if len(paths) < n {
			return fmt.Errorf("%s has %d Go files, want %d", library, len(paths), n)
		}
		return errors.Join(os.Mkdir(folder, 0o700), copyFiles(folder, paths, n))
	}
}

// copyFiles names the copies by number, with some others in a folder.
func copyFiles(to string, from []string, n int) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	for i := range n {
		folder := fmt.Sprintf("%02d", i%50)
		text, err := os.ReadFile(from[i*len(from)/n])
		err = errors.Join(err, root.MkdirAll(folder, 0o700), root.WriteFile(fmt.Sprintf("%s/%05d.go", folder, i), text, 0o600))
		if err != nil {
			return errors.Join(err, root.Close())
		}
	}
	return root.Close()
}
