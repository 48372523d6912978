package sources

import (
	"io"
	"os"
	"slices"
)

// inputs are the paths that a source is to read.
func inputs(paths []string) []string {
	if len(paths) == 0 {
		return []string{"-"}
	}
	return slices.Clone(paths)
}

// visit opens the files at paths, one after another, for read, until
// that has enough.
func visit(paths []string, read func(r io.Reader, name string) (enough bool, err error)) error {
	for _, path := range paths {
		if enough, err := open(path, read); enough || err != nil {
			return err
		}
	}
	return nil
}

func open(path string, read func(r io.Reader, name string) (enough bool, err error)) (enough bool, err error) {
	if path == "-" {
		return read(os.Stdin, "stdin")
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return read(file, path)
}
