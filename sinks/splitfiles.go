package sinks

import (
	"bytes"
	"container/list"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// split is the files of a Split in one run. They are written below temporary,
// a folder in root, under the names that they are to have in root.
type split struct {
	dir       string
	made      bool // dir, by us
	root      *os.Root
	folder    string // in root
	temporary *os.Root
	parts     map[string]*part
	open      *list.List // of the parts that are open, the one written last first
	most      int
	places    map[string]*places // by their paths
	spare     []*bytes.Buffer
}

// part is the file of a key.
type part struct {
	*split
	key   string // as the user wrote it
	name  string // as the system does
	lines int64
	file  *os.File      // nil: it is closed
	block *bytes.Buffer // lines that are not written; nil: it is closed
	place *list.Element
	old   fs.FileInfo // of the file that it replaces; nil: there is none
}

// place is where the file of a key is to be: in a folder that is there already.
type place struct {
	folder fs.FileInfo
	linked bool // the way to it leads through a link
	key    string
}

// places are those of one path from their folders on. They are compared only if a
// link leads to one of them: the temporary folder, which has no links, has refused
// all other keys that are one file.
type places struct{ plain, linked []place }

func openSplit(dir string, most int) (s *split, err error) {
	s = &split{dir: dir, parts: map[string]*part{}, places: map[string]*places{}, open: list.New(), most: most, folder: ".vimap-" + rand.Text()}
	_, err = os.Stat(dir)
	s.made = errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // the umask says who may read it, as for any new folder
		return nil, err
	}
	if s.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if err = s.root.Mkdir(s.folder, 0o777); err == nil {
		s.temporary, err = s.root.OpenRoot(s.folder)
	}
	if err != nil {
		return nil, errors.Join(s.located(err, s.folder), s.discard())
	}
	return s, nil
}

// path is that of the file of a key, for the user's eyes.
func (s *split) path(key string) string { return filepath.Join(s.dir, filepath.FromSlash(key)) }

// located names the path that the user knows of a file in an error of it.
func (s *split) located(err error, key string) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: failed.Op, Path: s.path(key), Err: failed.Err}
	}
	if failed, ok := errors.AsType[*os.LinkError](err); ok {
		return &fs.PathError{Op: failed.Op, Path: s.path(key), Err: failed.Err}
	}
	return err
}

// part returns the file of a key, open.
func (s *split) part(key string) (*part, error) {
	p := s.parts[key]
	if p != nil && p.file != nil {
		s.open.MoveToFront(p.place)
		return p, nil
	}
	if s.open.Len() == s.most {
		oldest := s.open.Back().Value.(*part)
		if err := oldest.close(); err != nil {
			return nil, err
		}
	}
	if p == nil {
		var err error
		if p, err = s.create(key); err != nil {
			return nil, err
		}
	} else if err := p.reopen(); err != nil {
		return nil, s.located(err, key)
	}
	p.place = s.open.PushFront(p)
	if n := len(s.spare); n > 0 {
		p.block, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		p.block = new(bytes.Buffer)
	}
	return p, nil
}

// create makes the file of a new key.
func (s *split) create(key string) (*part, error) {
	name, err := filepath.Localize(key)
	switch {
	case err != nil:
		return nil, &KeyError{key, errors.New("is no path below the folder, in UTF-8 and in its shortest form")}
	case name == ".":
		return nil, &KeyError{key, errors.New("is the folder itself")}
	}
	p := &part{split: s, key: key, name: name}
	if folder := filepath.Dir(name); folder != "." {
		if err := s.temporary.MkdirAll(folder, 0o777); err != nil {
			return nil, &KeyError{key, cause(err)}
		}
	}
	// A second key for what is one file to the system is refused by O_EXCL.
	if p.file, err = s.temporary.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
		return nil, &KeyError{key, cause(err)}
	}
	s.parts[key] = p
	return p, nil
}

// cause is an error without the path, which a KeyError has.
func cause(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

func (p *part) reopen() (err error) {
	p.file, err = p.temporary.OpenFile(p.name, os.O_WRONLY|os.O_APPEND, 0)
	return err
}

// flush writes the lines that are in memory.
func (p *part) flush() error {
	_, err := p.block.WriteTo(p.file)
	return p.located(err, p.key)
}

// close writes what is left and closes the file until its key comes again.
func (p *part) close() error {
	err := p.flush()
	if closeErr := p.file.Close(); err == nil {
		err = p.located(closeErr, p.key)
	}
	p.open.Remove(p.place)
	p.block.Reset()
	p.spare = append(p.spare, p.block)
	p.file, p.block = nil, nil
	return err
}

// keep puts all files in their places.
func (s *split) keep() error {
	parts := make([]*part, 0, len(s.parts))
	for _, p := range s.parts {
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.key, b.key) })
	for _, step := range []func(*part) error{(*part).check, (*part).apart, (*part).finish, (*part).move} {
		for _, p := range parts {
			if err := step(p); err != nil {
				return s.located(err, p.key)
			}
		}
	}
	return nil
}

// check sees whether the place of the file is free, or may be written.
func (p *part) check() error {
	info, err := p.root.Lstat(p.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "replace", Path: p.name, Err: errors.New("not a regular file")}
	}
	// A rename needs no permission to write the old file; its owner would not
	// expect that.
	old, err := p.root.OpenFile(p.name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	p.old = info
	return old.Close()
}

// apart sees that no other key has the same file, through a link to a folder.
func (p *part) apart() error {
	folder, path := filepath.Dir(p.name), filepath.Base(p.name)
	for {
		_, err := p.root.Lstat(folder)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		folder, path = filepath.Dir(folder), filepath.Join(filepath.Base(folder), path)
	}
	info, err := p.root.Stat(folder) // fails for a link to nothing, which a file of another key could make a folder
	if err != nil {
		return err
	}
	here := place{info, p.isLinked(folder), p.key}
	all := p.places[path]
	if all == nil {
		all = new(places)
		p.places[path] = all
	}
	others := all.linked
	if here.linked {
		others = slices.Concat(others, all.plain)
		all.linked = append(all.linked, here)
	} else {
		all.plain = append(all.plain, here)
	}
	for _, other := range others {
		if os.SameFile(other.folder, info) {
			return &KeyError{p.key, fmt.Errorf("is the file of key %.200q, through a link", other.key)}
		}
	}
	return nil
}

// isLinked reports whether the way to a folder is through something else.
func (p *part) isLinked(folder string) bool {
	for ; folder != "."; folder = filepath.Dir(folder) {
		if info, err := p.root.Lstat(folder); err != nil || !info.IsDir() {
			return true
		}
	}
	return false
}

// finish writes the file to its end.
func (p *part) finish() error {
	if p.file == nil {
		if err := p.reopen(); err != nil {
			return err
		}
	} else {
		if err := p.flush(); err != nil {
			return err
		}
		p.open.Remove(p.place)
	}
	file := p.file
	p.file, p.block = nil, nil
	var err error
	if p.old != nil {
		err = file.Chmod(p.old.Mode().Perm())
	}
	if err == nil {
		// Without it, the name could outlive a power failure and the content not.
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (p *part) move() error {
	if folder := filepath.Dir(p.name); folder != "." {
		if err := p.root.MkdirAll(folder, 0o777); err != nil {
			return err
		}
	}
	return p.root.Rename(filepath.Join(p.folder, p.name), p.name)
}

// discard removes what is not in its place, and closes everything.
func (s *split) discard() error {
	var err error
	for place := s.open.Front(); place != nil; place = place.Next() {
		err = errors.Join(err, place.Value.(*part).file.Close())
	}
	if s.temporary != nil {
		err = errors.Join(err, s.temporary.Close())
	}
	err = errors.Join(err, s.located(s.root.RemoveAll(s.folder), s.folder), s.root.Close())
	if s.made {
		_ = os.Remove(s.dir) // if it is empty: the run failed
	}
	return err
}
