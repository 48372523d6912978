package sources

import (
	"context"
	"os"
	"slices"

	"github.com/vimap-go/vimap"
)

// Lines yields the lines of the files at paths, file after file. The path "-",
// and no path at all, means standard input.
//
// # What a line is
//
// A line ends in "\n" or "\r\n", which is cut off. Nothing else is changed or
// left out: a last line needs no line end, an empty line is an item, an empty
// file has none, and NUL bytes, invalid UTF-8, a byte order mark and a "\r"
// anywhere else stay as they are. A line may have any length; [Text.MaxLength]
// sets a limit.
//
// # When it is read
//
// A file is opened in the run, when it is its turn, and closed before the next
// one is opened or the run has ended. A line is passed on as soon as the read
// that brought its end has returned: lines that trickle in through a pipe are
// not held back for more to come.
//
// # Errors
//
// The run ends with the error of a file that cannot be opened or read, after
// all whole lines before it; a line that was cut short by the error is not
// passed on. An error while reading says where: "requests.jsonl:17: read
// requests.jsonl: input/output error", the path as it was given and the line
// from 1. So does the failure of an item at any stage, in
// [vimap.ItemError.Place]. Standard input is called "stdin".
//
// # Memory
//
// Files are read 256 KB at a time, and the lines of up to 4 KB of text share a
// piece of memory. A line that is kept, as a map key for instance, thus keeps
// at most 4 KB alive, or itself if it is longer; who keeps few short lines for
// long, and minds, keeps their [strings.Clone]. Of lines of 60 characters each
// costs 22 ns so, 16 if it could keep the whole 256 KB alive, and 38 if it had
// memory of its own (BenchmarkSharing).
func Lines(paths ...string) vimap.Pipeline[string, string] {
	return Text{}.Lines(paths...)
}

// Lines is [Lines] with the options of t. It panics if MaxLength is negative.
func (t Text) Lines(paths ...string) vimap.Pipeline[string, string] {
	t.check("Lines")
	paths = slices.Clone(paths)
	if len(paths) == 0 {
		paths = []string{"-"}
	}
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		c := cutter{out: out, maxLength: t.MaxLength}
		out.Total(size(paths), "bytes")
		for _, path := range paths {
			if err := c.file(ctx, path); err != nil || c.stopped {
				return err
			}
		}
		return nil
	}).Named("lines")
}

// size returns how many bytes the files have together; 0 if one can't say.
func size(paths []string) (bytes int64) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if path == "-" || err != nil || !info.Mode().IsRegular() {
			return 0
		}
		bytes += info.Size()
	}
	return bytes
}

func (c *cutter) file(ctx context.Context, path string) error {
	if path == "-" {
		return c.cut(ctx, os.Stdin, "stdin")
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return c.cut(ctx, file, path)
}
