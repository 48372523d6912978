package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/vimap-go/vimap"
)

// mostOpen is how many files a Split has open unless it is told.
const mostOpen = 100

// Folder is a folder with a file for each key. It is made by [Split].
type Folder[In, Out any] struct {
	dir  string
	key  func(In, Out) string
	open int
}

// Split writes each pair to the file of its key, in the folder dir, as lines of
// text or of JSON:
//
//	byHost := func(r Request, _ Answer) string { return r.Host + ".jsonl" }
//	To(ctx, sinks.Split("answers", byHost).JSONLines().Pairs)
//
// # Keys
//
// A key is the path of a file below dir, with slashes between the folders in
// it: "a.txt", "2026/11/a.txt". Folders are made as they are needed, dir too. A
// key can't lead out of dir: one that is absolute, empty, no UTF-8 or not in its
// shortest form ("../a", "a/../b", "./a", "a//b"), or that the system has no file
// for, ends the run with a [KeyError]; and a symbolic link in dir is not followed to
// anything outside (see [os.Root]). So does a key that is a folder of another,
// and one that differs from another only in a way that the system does not see,
// such as upper and lower case on some, or a link in dir from folder to folder.
//
// # The files
//
// All files appear at the end of a run that went well: what is written goes to
// a temporary folder in dir (.vimap-…), and each file is synced and renamed into
// its place when the last line of all is written. When the run or the sink
// fails, nothing has changed in dir. An existing file is replaced and keeps its
// permissions; one that may not be written to, and what is no regular file, ends
// the run before the first file is put in its place. Only when the system fails
// in the midst of the renames, or the process is killed there, do some files
// appear and others not: each of them is whole. Files in dir of keys that did
// not come stay as they are.
//
// # Costs
//
// No more than 100 files are open at once, or as many as [Folder.MaxOpen] says:
// of more keys those that were not written for the longest time are closed, and
// opened again when they are. An open file has up to 64 KB of lines in up to 128 KB
// of memory, or in twice what its longest line takes, a key its name. At the end
// each file costs an fsync.
//
// Split panics if dir is empty or key is nil. key is called in the goroutine of
// the sink.
func Split[In, Out any](dir string, key func(In, Out) string) Folder[In, Out] {
	switch {
	case dir == "":
		panic("sinks: Split: dir must not be empty")
	case key == nil:
		panic("sinks: Split: key must not be nil")
	}
	return Folder[In, Out]{dir, key, mostOpen}
}

// MaxOpen sets how many files may be open at once, at least 1. It replaces the
// 100 that are the default.
func (f Folder[In, Out]) MaxOpen(n int) Folder[In, Out] {
	if n < 1 {
		panic(fmt.Sprintf("sinks: MaxOpen: n must be at least 1, got %d", n))
	}
	f.open = n
	return f
}

// Lines has lines of text written, as by the function [Lines].
func (f Folder[In, Out]) Lines() TextFolder[In, Out] { return TextFolder[In, Out]{f} }

// JSONLines has lines of JSON written, as by the function [JSONLines].
func (f Folder[In, Out]) JSONLines() JSONFolder[In, Out] { return JSONFolder[In, Out]{f} }

// TextFolder writes lines of text to the files of a [Folder].
type TextFolder[In, Out any] struct{ folder Folder[In, Out] }

// Outputs is a sink that writes a line for each output, as [Text.Outputs] does,
// and returns how many lines there were before the end or the failure.
func (t TextFolder[In, Out]) Outputs(run *vimap.Run[In, Out]) (int64, error) {
	return t.folder.write(run, func(block *bytes.Buffer, p *vimap.Pair[In, Out]) error { return textOutput(block, &p.Out) })
}

// Pairs is a sink that writes a line for each input and its output, as
// [Text.Pairs] does, and returns how many lines there were before the end or
// the failure.
func (t TextFolder[In, Out]) Pairs(run *vimap.Run[In, Out]) (int64, error) {
	return t.folder.write(run, textPair[In, Out])
}

// JSONFolder writes lines of JSON to the files of a [Folder].
type JSONFolder[In, Out any] struct{ folder Folder[In, Out] }

// Outputs is a sink that writes a line for each output, as [JSON.Outputs] does,
// and returns how many lines there were before the end or the failure.
func (j JSONFolder[In, Out]) Outputs(run *vimap.Run[In, Out]) (int64, error) {
	return j.folder.write(run, func(block *bytes.Buffer, p *vimap.Pair[In, Out]) error { return addJSON(block, &p.Out) })
}

// Pairs is a sink that writes a line {"in":…,"out":…} for each input and its
// output, as [JSON.Pairs] does, and returns how many lines there were before
// the end or the failure.
func (j JSONFolder[In, Out]) Pairs(run *vimap.Run[In, Out]) (int64, error) {
	return j.folder.write(run, addJSON[vimap.Pair[In, Out]])
}

// KeyError says which key a [Split] has no file for, and why.
type KeyError struct {
	Key string
	Err error // what the system said
}

// Error names the key.
func (e *KeyError) Error() string { return fmt.Sprintf("sinks: Split: key %.200q: %v", e.Key, e.Err) }

// Unwrap returns Err.
func (e *KeyError) Unwrap() error { return e.Err }

func (f Folder[In, Out]) write(run *vimap.Run[In, Out], encode func(*bytes.Buffer, *vimap.Pair[In, Out]) error) (lines int64, err error) {
	files, err := openSplit(f.dir, f.open)
	if err != nil {
		return 0, splitFailed(err)
	}
	// Deferred for a panic in the run, in key or in a method of a value.
	defer func() { err = errors.Join(err, splitFailed(files.discard())) }()
	lines, err = f.fill(files, pairs(run), encode)
	if err == nil {
		err = run.Err()
	}
	if err == nil {
		err = splitFailed(files.keep())
	}
	return lines, err
}

func (f Folder[In, Out]) fill(files *split, pairs iter.Seq[vimap.Pair[In, Out]], encode func(*bytes.Buffer, *vimap.Pair[In, Out]) error) (lines int64, err error) {
	for pair := range pairs {
		part, err := files.part(f.key(pair.In, pair.Out))
		if err != nil {
			return lines, splitFailed(err)
		}
		start := part.block.Len()
		if err := encode(part.block, &pair); err != nil {
			return lines, fmt.Errorf("sinks: Split: %s:%d: %w", files.path(part.key), part.lines+1, err)
		}
		part.block.WriteByte('\n')
		part.lines++
		lines++
		if start < blockSize && part.block.Len() >= blockSize {
			if err := part.flush(); err != nil {
				return lines, splitFailed(err)
			}
		}
	}
	return lines, nil
}

// splitFailed names the sink, unless the error does.
func splitFailed(err error) error {
	var key *KeyError
	if err == nil || errors.As(err, &key) {
		return err
	}
	return fmt.Errorf("sinks: Split: %w", err)
}
