package sources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A search looks up patterns for Files and Walk.
type search struct {
	source string // for errors
	stat   func(path string) (fs.FileInfo, error)
	below  func(folder string) (fs.FS, error)
	emit   func(path string) bool

	emitted map[string]struct{} // kept if there are several patterns
	stopped bool                // the run wants no more paths
}

func (s *search) all(ctx context.Context, patterns []string) error {
	if len(patterns) > 1 {
		s.emitted = map[string]struct{}{}
	}
	for _, pattern := range patterns {
		if err := s.one(ctx, pattern); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

func (s *search) one(ctx context.Context, given string) error {
	pattern := path.Clean(given)
	info, err := s.stat(pattern)
	switch {
	case given == "":
		return fmt.Errorf("sources: %s: pattern must not be empty", s.source)
	case err == nil && info.IsDir():
		return fmt.Errorf("sources: %s: %q is a folder: its files are %q, all files below it %q",
			s.source, given, path.Join(given, "*"), path.Join(given, "**"))
	case err == nil:
		s.add(pattern)
		return nil
	case !strings.ContainsAny(pattern, `*?[{\`):
		return err
	case !doublestar.ValidatePattern(pattern):
		return fmt.Errorf("sources: %s: pattern %q: %w", s.source, given, doublestar.ErrBadPattern)
	}
	base, rest := doublestar.SplitPattern(pattern)
	fsys, err := s.below(base)
	if err == nil {
		err = s.walk(ctx, newGlob(fsys, base, rest), ".")
	}
	return err
}

func (s *search) add(name string) {
	if s.emitted != nil {
		if _, already := s.emitted[name]; already {
			return
		}
		s.emitted[name] = struct{}{}
	}
	s.stopped = !s.emit(name)
}

// walk adds the files of folder and below that match.
func (s *search) walk(ctx context.Context, g glob, folder string) error {
	if s.stopped = ctx.Err() != nil; s.stopped {
		return nil
	}
	entries, err := fs.ReadDir(g.fsys, folder)
	if err != nil {
		return g.full(err)
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		kind, link := entry.Type(), false
		if kind&fs.ModeSymlink != 0 {
			link, kind = true, 0
			if info, err := fs.Stat(g.fsys, name); err == nil {
				kind = info.Mode().Type()
			}
		}
		switch {
		case kind.IsDir() && g.enters(name, link):
			err = s.walk(ctx, g, name)
		case kind.IsRegular() && doublestar.MatchUnvalidated(g.pattern, name):
			s.add(path.Join(g.base, name))
		}
		if err != nil || s.stopped {
			return err
		}
	}
	return nil
}

// A glob is a pattern and the folder that it is relative to.
type glob struct {
	fsys    fs.FS
	base    string // of fsys, for the user's eyes
	pattern string
	folders []string // folders[d] matches what is in the folders at depth d that lead to files
	deep    bool     // folders below those may lead to files too
}

func newGlob(fsys fs.FS, base, pattern string) glob {
	if pattern == "**" || strings.HasSuffix(pattern, "/**") {
		pattern += "/*" // the files below, not what is above
	}
	g := glob{fsys: fsys, base: base, pattern: pattern}
	for i := range len(pattern) {
		if pattern[i] != '/' {
			continue
		}
		folder := pattern[:i]
		// A slash between braces ends no element, and leaves what is no pattern.
		if !doublestar.ValidatePattern(folder) {
			g.folders, g.deep = nil, true
			break
		}
		if strings.Contains(path.Base(folder), "**") {
			g.deep = true
			break
		}
		// Not the folder itself: doublestar takes no "a" for an "a*{}", but "a/b" for an "a*{}/*".
		g.folders = append(g.folders, folder+"/*")
	}
	// Among alternatives it is a whole element too, as in a/{b,**}.
	if last := path.Base(pattern); strings.Contains(last, "{") && strings.Contains(last, "**") {
		g.deep = true
	}
	return g
}

// enters reports whether folder may lead to a match.
func (g glob) enters(folder string, link bool) bool {
	depth := strings.Count(folder, "/")
	if depth < len(g.folders) {
		return doublestar.MatchUnvalidated(g.folders[depth], folder+"/-")
	}
	return g.deep && !link
}

// full names the path in err as the user would.
func (g glob) full(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: failed.Op, Path: path.Join(g.base, failed.Path), Err: failed.Err}
	}
	return err
}
