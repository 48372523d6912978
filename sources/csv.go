package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jszwec/csvutil"

	"github.com/vimap-go/vimap"
)

// CSV yields the rows of the tables in the files at paths, each decoded to a T,
// a struct whose fields are found by the names in the header of the file. The
// path "-", and no path at all, means standard input; packed files are unpacked
// as by [Lines]. [Table] holds the options: other separators, no header.
//
//	type User struct {
//		Name  string `csv:"name"`
//		Age   int    `csv:"age,omitempty"` // an empty field leaves it 0, instead of failing
//		Email *string                      // column "Email"; nil if the field is empty
//	}
//	users := sources.CSV[User]("users.csv", "more.csv.gz")
//
// Records are cut by [encoding/csv] and decoded by [csvutil], whose tags and
// types hold. Decoding is inline, in the workers of the stage that follows. A
// row is passed on as soon as the read that brought its end has returned.
//
// # The header
//
// Each file has one, its first record; they may have different columns in a
// different order. Columns that T has no field for are ignored. A column that T
// wants and that is missing, or there twice, ends the run with an [ErrHeader].
// [Table.Missing] lets columns be missing. A byte order mark before it is skipped.
// A file without anything in it has no header and no rows.
//
// # What is an error
//
// A row that has more or fewer fields than the header, a field that does not
// fit, or a quotation mark where it must not stand fails, as an item of its own,
// with its place, which is the line that it begins in: "users.csv:17". The others
// go on. After a wrong quotation mark reading goes on with the next line, which
// may be in the midst of the same record; one that is never closed takes all the
// rest of the file with it, in memory too, unless [Text.MaxLength] ends that.
// What can't be read or unpacked ends the run after all whole rows before it.
//
// # What is lost
//
// Nothing but what [encoding/csv] leaves out: empty lines, and of a line end
// "\r\n" in a quoted field the "\r".
//
// CSV panics if T is no struct, or one without columns.
//
// [csvutil]: https://pkg.go.dev/github.com/jszwec/csvutil
func CSV[T any](paths ...string) vimap.Pipeline[T, T] {
	return Table{}.CSV[T](paths...)
}

// Table holds the options of [CSV]. The zero value is what it uses.
//
//	sources.Table{Comma: '\t'}.CSV[User]("users.tsv")
//	sources.Table{Header: []string{"name", "age"}}.CSV[User]("bare.csv")
type Table struct {
	// Text holds what holds for all text: Raw, MaxUnpacked and MaxLength, which
	// is for a record with its line ends and the empty lines and comments before
	// it, and for those at the end of a file. The run ends at a longer one.
	Text Text

	// Comma separates the fields. Zero means ','.
	Comma rune

	// Comment begins a line that is skipped. Zero means that none does.
	Comment rune

	// Header names the columns of files that have no header: their first record
	// is a row. Nil means that the first record of each is its header.
	Header []string

	// Missing lets the columns of T be missing in a header; their fields keep
	// their zero values.
	Missing bool

	// LazyQuotes lets quotation marks stand anywhere, see [encoding/csv.Reader].
	LazyQuotes bool
}

// ErrHeader is wrapped by the error of a run that came to a table without a
// column that is wanted, or with one that is there twice.
var ErrHeader = errors.New("the header does not fit")

// CSV is [CSV] with the options of t. It panics if T is no struct with columns,
// if Header has not all of them, and if Comma or Comment is a quotation mark, a
// line end, no character, or the same as the other.
func (t Table) CSV[T any](paths ...string) vimap.Pipeline[T, T] {
	t.Text.check("CSV")
	var zero T
	name := fmt.Sprintf("%T", zero)
	columns, err := csvutil.Header(zero, "")
	if err != nil || len(columns) == 0 || strings.HasPrefix(name, "[") { // csvutil takes a slice for its elements
		panic("sources: CSV: T must be a struct with columns, got " + name)
	}
	t.check(columns)
	t.Header = slices.Clone(t.Header)
	paths = inputs(paths)
	rows := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[row]) error {
		out.Total(size(paths), "bytes")
		return visit(paths, func(r io.Reader, name string) (enough bool, err error) {
			text, done := t.Text.open(ctx, r, out.Advance)
			defer done()
			s := rows{Table: t, feed: newFeed(out, text, t.Text.MaxLength), name: name, columns: columns, line: 1}
			s.feed.about = s.places
			return s.feed.end(ctx, s.read())
		})
	}).Named("csv")
	return vimap.Decode(rows, decodeRow[T])
}

func (t Table) check(columns []string) {
	if t.Comma == 0 {
		t.Comma = ','
	}
	if !separates(t.Comma) {
		panic(fmt.Sprintf("sources: CSV: Comma must not be %q", t.Comma))
	}
	if t.Comment != 0 && (!separates(t.Comment) || t.Comment == t.Comma) {
		panic(fmt.Sprintf("sources: CSV: Comment must not be %q", t.Comment))
	}
	if t.Header == nil {
		return
	}
	if err := t.fits(t.Header, columns); err != nil {
		panic(fmt.Sprintf("sources: CSV: Header must fit T: %v", err))
	}
}

// separates is the rule of encoding/csv.
func separates(r rune) bool {
	return !strings.ContainsRune("\x00\"\r\n", r) && utf8.ValidRune(r) && r != utf8.RuneError
}

// fits says whether the columns that are wanted can be found in a header.
func (t Table) fits(header, wanted []string) error {
	found := make(map[string]int, len(wanted))
	for _, name := range wanted {
		found[name] = 0
	}
	for _, name := range header {
		if n, ok := found[name]; ok {
			found[name] = n + 1
		}
	}
	for _, name := range wanted {
		switch n := found[name]; {
		case n == 0 && !t.Missing:
			return fmt.Errorf("there is no column %q", name)
		case n > 1:
			return fmt.Errorf("there are %d columns %q", n, name)
		}
	}
	return nil
}
