package sources

import (
	"os"

	"github.com/vimap-go/vimap"
)

// Lines yields the lines of the files at paths, file after file, plain or packed. The path "-",
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
// # Packed files
//
// A file that begins as a gzip, zstd, bzip2 or xz archive does is unpacked,
// whatever it is called, and its lines are those of the text in it; one that
// does not begin so is text, whatever it is called. Of each format several
// archives may stand one behind another, as cat leaves them. An archive of
// nothing, and an empty file, have no lines. [Text.Raw] switches this off,
// [Text.MaxUnpacked] sets a limit.
//
// A damaged archive, one that is cut short or has something else behind its
// end is an error, after all whole lines that came out of it: nothing is lost
// unsaid. (Zeros behind a gzip or xz archive, which fill up a block, are none.)
// Checksums are verified, which happens at the end of what they are of: lines
// of a damaged archive may have been passed on before.
//
// Regular files are unpacked ahead, in goroutines of the decoder, where they
// are zstd; all else is unpacked in the goroutine of the source, and no further
// than is wanted. Lines that trickle in through a packed pipe are passed on as
// soon as they can be unpacked, but for xz, whose decoder fills a block of 16
// KB or more first. A zstd or xz archive that asks for more than 128 MB of memory
// is refused.
//
// # Who cuts them
//
// The workers of the stage that the lines go to, if it has several and no keys or
// batches: the source reads the text and hands it over in pieces of up to 4 KB,
// of which a worker takes as many lines as it would take items. Otherwise the
// source does, in its goroutine: one worker would have to cut them all, and a loop
// would, too. So it does in a serial run, where sources are merged, and with a
// MaxLength of less than 4 KB, which each line is held to first.
//
// In a chain of Map, Try, Filter and [vimap.Decode] alone, or of no step, that
// ends in [vimap.Run.Aggregate], which sinks.Aggregate is, without
// [vimap.Pipeline.Ordered] and [vimap.Pipeline.InFlight], the workers do, one for
// each processor, each a piece of a file: the steps are then called from several
// goroutines at once. It is the quickest way to read strings. A regular file is
// then read as far as it goes when it is opened, a file may be opened before the
// one before it is done with, and lines behind the place of an error, or of one
// that is too long, may have been read and added.
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
// Files are read up to 260 KB at a time, and the lines of up to 4 KB of text share a
// piece of memory. A line that is kept, as a map key for instance, thus keeps
// at most 4 KB alive, or itself if it is longer; who keeps few short lines for
// long, and minds, keeps their [strings.Clone]. Of lines of 60 characters each
// costs 22 ns so, 16 if it could keep the whole 256 KB alive, and 38 if it had
// memory of its own (BenchmarkSharing).
func Lines(paths ...string) vimap.Pipeline[string, string] {
	return Text{}.Lines(paths...)
}

// Lines is [Lines] with the options of t. It panics if MaxLength or
// MaxUnpacked is negative.
func (t Text) Lines(paths ...string) vimap.Pipeline[string, string] {
	t.check("Lines")
	return vimap.Strings(lender(t, inputs(paths), owned))
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

func owned(text []byte) string { return string(text) }
