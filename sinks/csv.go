package sinks

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jszwec/csvutil"

	"github.com/vimap-go/vimap"
)

// Table writes rows of CSV. It is made by [CSV] and [CSVTo].
type Table struct {
	target target
	comma  rune
	bare   bool
}

// CSV writes a row for each output, which must be a struct, to the file at path:
//
//	To(ctx, sinks.CSV("users.csv").Outputs)
//	To(ctx, sinks.CSV("users.tsv.gz").Comma('\t').Outputs)
//
// The first row is the header, also if no other follows. Columns are the exported
// fields of the struct by their csv tags, as for [sources.CSV], which reads the
// file back: values are encoded by [csvutil], and put into quotes where it takes
// that by [encoding/csv]. Of a line end "\r\n" in a field, which is written as it
// is, those who read by encoding/csv get the "\n" alone.
//
// There is no Pairs: a row is flat, and which columns an input and its output
// should have beside each other only their owner knows. Let a stage of
// [vimap.Zip] and a Map make one struct of both.
//
// The file is treated, and packed, as by [Lines]: it appears whole or not at
// all.
//
// CSV panics if path is empty.
//
// [sources.CSV]: https://pkg.go.dev/github.com/vimap-go/vimap/sources#CSV
// [csvutil]: https://pkg.go.dev/github.com/jszwec/csvutil
func CSV(path string) Table { return Table{target: toPath("CSV", path), comma: ','} }

// CSVTo writes the rows of [CSV] to w, as [LinesTo] does.
//
// CSVTo panics if w is nil.
func CSVTo(w io.Writer) Table { return Table{target: toWriter("CSVTo", w), comma: ','} }

// Comma sets what separates the fields, instead of ','. It panics if that is a
// quotation mark, a line end or no character.
func (t Table) Comma(comma rune) Table {
	if strings.ContainsRune("\x00\"\r\n", comma) || !utf8.ValidRune(comma) || comma == utf8.RuneError {
		panic(fmt.Sprintf("sinks: Comma: comma must not be %q", comma))
	}
	t.comma = comma
	return t
}

// NoHeader leaves the header out.
func (t Table) NoHeader() Table {
	t.bare = true
	return t
}

// Outputs is a sink that writes a row for each output and returns how many rows
// there were before the end or the failure, the header not counted. A value that
// can't be encoded ends the run with an error that names its line; an Out that is
// no struct with columns does so before the first input is read.
func (t Table) Outputs[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	r, err := newRows[Out](t)
	if err != nil {
		return 0, t.target.failed(err)
	}
	return t.target.framed(r.frame()).write(outputs(run), run.Err, r.encode)
}

// rows encodes rows of T.
type rows[T any] struct {
	block   *bytes.Buffer // where the row in hand goes
	csv     *csv.Writer
	encoder *csvutil.Encoder
	header  string
	lines   int64 // written so far
}

func newRows[T any](t Table) (*rows[T], error) {
	r := &rows[T]{block: new(bytes.Buffer)}
	r.csv = csv.NewWriter(r)
	r.csv.Comma = t.comma
	r.encoder = csvutil.NewEncoder(r.csv)
	r.encoder.AutoHeader = false
	var zero T
	name := fmt.Sprintf("%T", zero)
	columns, err := csvutil.Header(zero, "")
	if err != nil || len(columns) == 0 || strings.HasPrefix(name, "[") { // csvutil takes a slice for its elements
		return nil, fmt.Errorf("outputs must be structs with columns, got %s", name)
	}
	if t.bare {
		return r, nil
	}
	err = r.encoder.EncodeHeader(zero)
	r.csv.Flush()
	r.header = r.block.String()
	r.lines = int64(strings.Count(r.header, "\n"))
	return r, err
}

// Write takes what the csv.Writer has.
func (r *rows[T]) Write(p []byte) (int, error) { return r.block.Write(p) }

func (r *rows[T]) frame() *frame {
	return &frame{head: r.header, line: func() int64 { return r.lines + 1 }}
}

const byteOrderMark = "\ufeff"

func (r *rows[T]) encode(block *bytes.Buffer, value *T) error {
	r.block = block
	start := block.Len()
	if err := r.encoder.Encode(value); err != nil {
		return err
	}
	r.csv.Flush()
	row := block.Bytes()[start:]
	switch {
	case len(row) == 1:
		// An empty line is no row to a reader.
		block.Truncate(start)
		block.WriteString("\"\"\n")
	case r.lines == 0 && bytes.HasPrefix(row, []byte(byteOrderMark)):
		// A reader skips the first one.
		row = append([]byte(byteOrderMark), row...)
		block.Truncate(start)
		block.Write(row)
	}
	r.lines += int64(bytes.Count(row, []byte{'\n'}))
	return nil
}
