package workloads

import (
	"bufio"
	"errors"
	"iter"
	"os"
	"path/filepath"
)

// tempFile writes a file in a directory of its own, and says how to remove both.
func tempFile(name string, write func(*bufio.Writer) error) (path string, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "vimap-bench-")
	if err != nil {
		return "", nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	path = filepath.Join(dir, name)
	file, err := os.Create(path)
	if err == nil {
		w := bufio.NewWriterSize(file, 1<<20)
		err = errors.Join(write(w), w.Flush(), file.Close())
	}
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}

// scan yields the lines of a file as [bufio.Scanner] finds them. A file that
// cannot be read is a panic: it is one that the workload wrote.
func scan(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		file, err := os.Open(path)
		if err != nil {
			panic(err)
		}
		defer func() { _ = file.Close() }() // it was only read
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if !yield(lines.Text()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			panic(err)
		}
	}
}
