package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/vimap-go/vimap"
)

// Text writes lines of text. It is made by [Lines] and [LinesTo].
type Text struct{ target target }

// Lines writes a line of text for each output, or each pair, to the file at
// path:
//
//	To(ctx, sinks.Lines("lengths.txt").Outputs)
//	To(ctx, sinks.Lines("lengths.tsv").Pairs)
//
// # What a line holds
//
// A string or []byte is written as it is, a [fmt.Stringer] by its String
// method, any other value as [fmt.Print] would. [sources.Lines] reads back
// exactly what was written: an output that holds a newline, or that ends in a
// carriage return, would come back as something else, so it ends the run with
// an error that says so. [JSONLines] has no such rule.
//
// # The file
//
// The file appears whole or not at all. The lines go to a temporary file in
// the same folder (.vimap-…), which is synced and renamed to path after the
// last one; when the run or the sink fails, is cancelled or panics, the
// temporary file is removed and what was at path stays untouched. A run that
// was stopped has ended well: the file has what was read before. Only a
// process that is killed leaves the temporary file behind. An existing file
// keeps its permissions, not its owner or its other hard links; one that may
// not be written to is not replaced. A new file has the permissions 0666
// before umask. A symbolic link is followed: the file it leads to is replaced.
//
// A path that leads to no regular file (a device, a named pipe, /dev/stdout,
// anything below /dev and /proc, a link to nothing) is written straight to, at
// its end. The path "-" is standard output, as in [sources.Lines].
//
// # Packed files
//
// A file whose path ends in ".gz" or ".zst" is packed, beside the goroutine of
// the sink; [sources.Lines] unpacks it. ".bz2" and ".xz" are errors, for there is
// no good packer for them.
//
// # When it is written
//
// The file is opened before the first input is read. Lines are written in
// blocks of 64 KB, and a failed write (disk full) ends the run with an error
// that names the path.
//
// Lines panics if path is empty.
//
// [sources.Lines]: https://pkg.go.dev/github.com/vimap-go/vimap/sources#Lines
func Lines(path string) Text { return Text{toPath("Lines", path)} }

// LinesTo writes the lines of [Lines] to w. It writes whole lines, in blocks
// of 64 KB and a rest at the end; when the run fails, the lines before the
// failure are still written. It neither syncs nor closes w. To see each line
// at once, for instance in a terminal, print it in [Each]. It packs nothing:
// whoever has a packer for w closes it after the run.
//
// LinesTo panics if w is nil.
func LinesTo(w io.Writer) Text { return Text{toWriter("LinesTo", w)} }

// Outputs is a sink that writes a line for each output and returns how many
// lines there were before the end or the failure.
func (t Text) Outputs[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	return t.target.write(outputs(run), run.Err, textOutput[Out])
}

// Pairs is a sink that writes a line for each input and its output, with a tab
// between them, and returns how many lines there were before the end or the
// failure. The first tab of a line ends the input: an input that holds a tab
// ends the run with an error, an output may hold tabs.
func (t Text) Pairs[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	return t.target.write(pairs(run), run.Err, textPair[In, Out])
}

func outputs[In, Out any](run *vimap.Run[In, Out]) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		for _, out := range run.Zip() {
			if !yield(out) {
				return
			}
		}
	}
}

func pairs[In, Out any](run *vimap.Run[In, Out]) iter.Seq[vimap.Pair[In, Out]] {
	return func(yield func(vimap.Pair[In, Out]) bool) {
		for in, out := range run.Zip() {
			if !yield(vimap.Pair[In, Out]{In: in, Out: out}) {
				return
			}
		}
	}
}

var (
	errNewline = errors.New("holds a newline, but one line is one output: escape it, or write JSONLines")
	errReturn  = errors.New("ends in a carriage return, which a reader takes for a part of the line end: trim it, or write JSONLines")
	errTab     = errors.New("holds a tab, which separates it from its output: escape it, or write JSONLines")
)

func textOutput[Out any](block *bytes.Buffer, out *Out) error {
	text := addText(block, out)
	switch {
	case bytes.IndexByte(text, '\n') >= 0:
		return fmt.Errorf("output %.80q %w", text, errNewline)
	case bytes.HasSuffix(text, []byte{'\r'}):
		return fmt.Errorf("output %.80q %w", text, errReturn)
	}
	return nil
}

func textPair[In, Out any](block *bytes.Buffer, pair *vimap.Pair[In, Out]) error {
	text := addText(block, &pair.In)
	switch {
	case bytes.IndexByte(text, '\n') >= 0:
		return fmt.Errorf("input %.80q %w", text, errNewline)
	case bytes.IndexByte(text, '\t') >= 0:
		return fmt.Errorf("input %.80q %w", text, errTab)
	}
	block.WriteByte('\t')
	return textOutput(block, &pair.Out)
}

// addText adds the text of value to block and returns it. It takes a pointer
// because a string in an interface would be an allocation.
func addText[T any](block *bytes.Buffer, value *T) []byte {
	start := block.Len()
	switch value := any(value).(type) {
	case *string:
		block.WriteString(*value)
	case *[]byte:
		block.Write(*value)
	default:
		addAny(block, any(*value.(*T)))
	}
	return block.Bytes()[start:]
}

func addAny(block *bytes.Buffer, value any) {
	switch value := value.(type) {
	case string:
		block.WriteString(value)
	case []byte:
		block.Write(value)
	case fmt.Stringer:
		// Not by fmt, which would write a panic of String into the file.
		block.WriteString(value.String())
	default:
		fmt.Fprint(block, value)
	}
}
