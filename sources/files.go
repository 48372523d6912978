package sources

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/vimap-go/vimap"
)

// Files yields the paths of the files that match the patterns, pattern after
// pattern, and each path once. The files of a pattern come in lexical order,
// folder by folder, as [filepath.WalkDir] would visit them.
//
//	sources.Files("logs/**/*.log", "extra/{a,b}.log")
//
// # Patterns
//
// In a pattern "*" stands for any characters but a slash, "?" for one, "[a-z]"
// and "[^a-z]" for one of a class, "{a,b}" for either, and "**" as a whole
// element of the path for any number of folders, none included; "\" takes the
// meaning from the next character. On Windows "\" separates, as "/" does. Names
// that begin with a dot are like any other. A "**" that only comes about by
// choosing among alternatives, as in "{*}*", is two stars in one folder.
//
// A pattern that is itself the path of a file means that file, whatever
// characters it has. Only files are yielded, never folders: regular files and
// what a plain path names (a named pipe, a device).
//
// A symbolic link to a file is a file; a link to nothing is yielded too, so
// that opening it says what is wrong. A link to a folder is followed where the
// pattern spells out or matches this one folder, and not by "**", so that a
// walk cannot go in circles.
//
// # When it is read
//
// Folders are read in the run, one at a time, as the paths are used: the first
// path is there before the last folder was seen. With more than one pattern
// the paths already yielded are remembered.
//
// # Errors
//
// These end the run: a path without special characters at which there is
// nothing, or a folder; a folder that cannot be read or, in the part before
// the first special character, is not there; a malformed pattern, which
// wraps [path.ErrBadPattern]. A pattern whose folder is there and in which
// nothing matches is no error: an empty inbox is empty.
//
// Files panics if there are no patterns.
func Files(patterns ...string) vimap.Pipeline[string, string] {
	if len(patterns) == 0 {
		panic("sources: Files: patterns must not be empty")
	}
	patterns = slices.Clone(patterns)
	for i, pattern := range patterns {
		patterns[i] = filepath.ToSlash(pattern)
	}
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		s := search{
			source: "Files",
			stat:   func(path string) (fs.FileInfo, error) { return os.Stat(filepath.FromSlash(path)) },
			below:  func(folder string) (fs.FS, error) { return os.DirFS(filepath.FromSlash(folder)), nil },
			emit:   func(path string) bool { return out.One(filepath.FromSlash(path)) },
		}
		return s.all(ctx, patterns)
	}).Named("files")
}
