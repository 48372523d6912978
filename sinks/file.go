package sinks

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// file is a file that a sink writes.
type file struct {
	*os.File
	place string // where keep puts it; empty: it is there already
	ended bool   // kept or discarded
}

// create opens the file that is to appear at path: beside it when that is a
// regular file or nothing yet, at path itself when it is anything else.
func create(path string) (*file, error) {
	place, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		place = path
	} else if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err} // else without a path
	}
	info, err := os.Lstat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return createBeside(place)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || opened(path):
		// Appending, because what stands behind /dev/stdout may be a file with
		// lines of others.
		straight, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		return &file{File: straight}, err
	}
	return replace(place, info.Mode().Perm())
}

// opened says whether path names a file that is open already, as /dev/stdout
// and /proc/self/fd/3 do: a new file in its place would not reach its reader.
func opened(path string) bool {
	absolute, err := filepath.Abs(path)
	return err == nil && (strings.HasPrefix(absolute, "/dev/") || strings.HasPrefix(absolute, "/proc/"))
}

// replace opens a file that will take the place of an existing one.
func replace(place string, permissions fs.FileMode) (*file, error) {
	// A rename needs no permission to write the old file; its owner would not
	// expect that.
	old, err := os.OpenFile(place, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if err := old.Close(); err != nil {
		return nil, err
	}
	f, err := createBeside(place)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(permissions); err != nil {
		return nil, errors.Join(err, f.discard())
	}
	return f, nil
}

func createBeside(place string) (*file, error) {
	// Not os.CreateTemp, whose 0600 would need the umask to be undone.
	name := filepath.Join(filepath.Dir(place), ".vimap-"+rand.Text())
	temporary, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &file{File: temporary, place: place}, nil
}

// keep puts the file into its place. After an error it is still to be
// discarded.
func (f *file) keep() error {
	if f.place == "" {
		f.ended = true
		return f.Close()
	}
	// Without it, the name could outlive a power failure and the content not.
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.place); err != nil {
		return err
	}
	f.ended = true
	return nil
}

// discard closes the file and removes it, if it is a temporary one.
func (f *file) discard() error {
	if f.ended {
		return nil
	}
	f.ended = true
	err := f.Close()
	if errors.Is(err, fs.ErrClosed) {
		err = nil // keep came as far as that
	}
	if f.place != "" {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
