package sources

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jszwec/csvutil"
)

// A row is a record of a table, or why there is none.
type row struct {
	fields []string
	err    error
	line   int64 // in which it begins, from 1
	header *header
}

// String is the record as CSV, for whoever prints what could not be decoded.
func (r row) String() string {
	var text strings.Builder
	w := csv.NewWriter(&text)
	w.Comma = r.header.comma
	_ = w.Write(r.fields) // a strings.Builder takes all
	w.Flush()
	return strings.TrimSuffix(text.String(), "\n")
}

// A header is what the rows of a file have in common.
type header struct {
	names    []string
	comma    rune
	decoders sync.Pool // of *decoder
}

// A decoder decodes one row after another.
type decoder struct {
	fields []string // of the row in hand, until it is read
	csv    *csvutil.Decoder
}

func (d *decoder) Read() ([]string, error) {
	fields := d.fields
	if fields == nil {
		return nil, io.EOF
	}
	d.fields = nil
	return fields, nil
}

func decodeRow[T any](r row) (item T, err error) {
	if r.err != nil {
		return item, r.err
	}
	if len(r.fields) != len(r.header.names) {
		return item, fmt.Errorf("%w: %d, and the header has %d", csv.ErrFieldCount, len(r.fields), len(r.header.names))
	}
	d, ok := r.header.decoders.Get().(*decoder)
	if !ok {
		d = &decoder{}
		if d.csv, err = csvutil.NewDecoder(d, r.header.names...); err != nil {
			return item, err
		}
	}
	d.fields = r.fields
	err = d.csv.Decode(&item)
	r.header.decoders.Put(d)
	return item, err
}

// rows reads the rows of a file.
type rows struct {
	Table
	feed    *feed[row]
	name    string
	columns []string // that are wanted

	header *header
	line   int64 // in which the next record begins, but for empty lines
	last   row   // instead of counting its lines

	named int64 // the line that the next item has by the last call of Places
	after bool  // there was one
}

const byteOrderMark = "\ufeff"

func (s *rows) read() error {
	if begin, _ := s.feed.in.Peek(1); string(begin) == byteOrderMark[:1] {
		if begin, _ = s.feed.in.Peek(len(byteOrderMark)); string(begin) == byteOrderMark {
			_, _ = s.feed.in.Discard(len(byteOrderMark)) // they are there
		}
	}
	text := csv.NewReader(s.feed)
	text.FieldsPerRecord = -1 // a row's own failure
	text.LazyQuotes = s.LazyQuotes
	text.Comment = s.Comment
	if s.Comma != 0 {
		text.Comma = s.Comma
	}
	s.header = &header{names: s.Header, comma: text.Comma}
	for {
		r, err := s.next(text)
		switch {
		case err == io.EOF: //nolint:errorlint // an error that wraps it is no end
			return nil
		case err != nil:
			return s.failed(err)
		case s.header.names != nil:
			s.feed.add(r)
			continue
		case r.err != nil:
			s.line = r.line
			return s.failed(r.err)
		}
		if err := s.fits(r.fields, s.columns); err != nil {
			s.last, s.line = row{}, r.line
			return s.failed(fmt.Errorf("%w: %w", ErrHeader, err))
		}
		s.header.names = r.fields
	}
}

// next returns the next record. Its error ends the file.
func (s *rows) next(text *csv.Reader) (row, error) {
	fields, err := text.Read()
	bad, isBad := errors.AsType[*csv.ParseError](err)
	switch {
	case s.feed.failed() && err != nil:
		return row{}, s.feed.err // a record that was cut short may look like a bad one
	case isBad:
		s.last, s.line = row{}, int64(bad.Line)+1
	case err != nil:
		return row{}, err
	}
	r := row{fields: fields, header: s.header, line: s.line}
	if isBad {
		r.fields, r.err, r.line = nil, bad, int64(bad.StartLine)
	} else {
		line, _ := text.FieldPos(0)
		r.line = int64(line)
		s.last = r
	}
	size := text.InputOffset() - s.feed.whole
	s.feed.whole += size
	if most := s.feed.most; most > 0 && size > int64(most) {
		s.last, s.line = row{}, r.line
		return row{}, s.feed.refusal()
	}
	return r, nil
}

// failed adds the place of the record in hand to err.
func (s *rows) failed(err error) error {
	if s.last.fields != nil {
		s.line = s.last.line + 1
		for _, field := range s.last.fields {
			s.line += int64(strings.Count(field, "\n"))
		}
	}
	return fmt.Errorf("%s: %w", place(s.name, s.line-1), err)
}

// places sees that the rows have their places: for as long as each is a line
// there is nothing to do.
func (s *rows) places(batch []row) {
	consecutive := true
	for i, r := range batch {
		if r.line != batch[0].line+int64(i) {
			consecutive = false
			break
		}
	}
	name, first := s.name, batch[0].line
	switch {
	case !consecutive:
		lines := make([]int64, len(batch))
		for i, r := range batch {
			lines[i] = r.line
		}
		s.feed.out.Places(func(n int64) string { return place(name, lines[n]-1) })
		s.after = false
	case !s.after || s.named != first:
		s.feed.out.Places(func(n int64) string { return place(name, first-1+n) })
		s.after, s.named = true, first+int64(len(batch))
	default:
		s.named += int64(len(batch))
	}
}
