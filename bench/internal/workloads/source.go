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
			folder, err := goFiles(n)
			if err != nil {
				return harness.Job{}, err
			}
			remove := func() error { return os.RemoveAll(folder) }
			sequential := func() (uint64, error) { return summed(count.Sequential(context.Background(), folder)) }
			want, err := sequential()
			if err != nil {
				return harness.Job{}, errors.Join(err, remove())
			}
			return harness.Job{Want: want, Close: remove, Columns: []harness.Column{
				{Name: "sequential", Run: sequential},
				{Name: "vimap", Run: func() (uint64, error) { return summed(count.Parallel(context.Background(), folder, 2)) }},
			}}, nil
		},
	}
}

// summed makes one number of all that was counted.
func summed(summary count.Summary, err error) (uint64, error) {
	return uint64(crc32.ChecksumIEEE(fmt.Appendf(nil, "%+v", summary))), err
}

// goFiles copies n files from all over Go's library to a folder of their own.
func goFiles(n int) (folder string, err error) {
	library := filepath.Join(build.Default.GOROOT, "src")
	var paths []string
	err = filepath.WalkDir(library, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, ".go") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if len(paths) < n {
		return "", fmt.Errorf("%s has %d Go files, want %d", library, len(paths), n)
	}
	folder, err = os.MkdirTemp("", "vimap-bench-")
	if err != nil {
		return "", err
	}
	if err := copyFiles(folder, paths, n); err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	return folder, nil
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
