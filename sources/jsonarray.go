package sources

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/vimap-go/vimap"
)

// JSONArray yields the elements of the JSON arrays in the files at paths, each
// decoded to a T. The path "-", and no path at all, means standard input;
// packed files are unpacked as by [Lines].
//
//	requests := sources.JSONArray[Request]("requests.json") // [{"uri":"/1"},{"uri":"/2"}]
//
// An array is read element by element and takes as much memory as a single one,
// however many there are; an element is passed on as soon as it is read. A file
// holds one array and white space around it. Elements are decoded as the lines of
// [JSONLines] are: inline, in the workers of the stage that follows.
//
// # What is an error
//
// An element that is not of the kind T, or has invalid UTF-8 or a name twice in
// it, fails as an item of its own: the others go on, and the [vimap.ItemError]
// has its place, "requests.json[16]" for the seventeenth, as the programs do that
// take JSON apart.
//
// Text that is no JSON ends the run, after all elements before it, for nobody
// knows where the next one begins. So does a file that ends before its array
// does, an empty one too, one with something else than an array, one with
// anything behind it, and an element longer than [Text.MaxLength]. The error has
// the place and, of what is no JSON, the offset in the text:
//
//	requests.json[16]: jsontext: invalid character '}' before next token within "/16" after offset 4711
func JSONArray[T any](paths ...string) vimap.Pipeline[T, T] {
	return Text{}.JSONArray[T](paths...)
}

// JSONArray is [JSONArray] with the options of t. It panics if MaxLength or
// MaxUnpacked is negative.
func (t Text) JSONArray[T any](paths ...string) vimap.Pipeline[T, T] {
	t.check("JSONArray")
	paths = inputs(paths)
	elements := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		out.Total(size(paths), "bytes")
		return visit(paths, func(r io.Reader, name string) (enough bool, err error) {
			text, done := t.open(ctx, r, out.Advance)
			defer done()
			out.Places(func(n int64) string { return elementPlace(name, n) })
			a := array{feed: newFeed(out, text, t.MaxLength), name: name}
			return a.feed.end(ctx, a.read())
		})
	}).Named("jsonarray")
	return vimap.Decode(elements, func(element string) (item T, err error) {
		err = json.Unmarshal([]byte(element), &item, t.JSON)
		return item, err
	})
}

func elementPlace(name string, n int64) string { return name + "[" + strconv.FormatInt(n, 10) + "]" }

// An array is read from a feed.
type array struct {
	feed *feed[string]
	name string
	n    int64 // elements that were read
}

var (
	errNoArray = errors.New("want an array")
	errAfter   = errors.New("there is something after the array")
)

func (a *array) read() error {
	a.feed.slack = 4 << 10 // white space and commas
	// What is wrong within an element is its own.
	text := jsontext.NewDecoder(a.feed, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	begin, err := text.ReadToken()
	if err != nil {
		return a.failed(err)
	}
	if begin.Kind() != '[' {
		return fmt.Errorf("%s: %w, got %s", a.name, errNoArray, begin.Kind())
	}
	for text.PeekKind() != ']' {
		a.feed.whole = text.InputOffset()
		element, err := text.ReadValue()
		if err != nil {
			return a.failed(err)
		}
		if a.feed.err != nil && element.Kind() == '0' && text.InputOffset() == a.feed.read {
			return a.failed(io.ErrUnexpectedEOF) // the end may have cut digits off
		}
		if a.feed.most > 0 && len(element) > a.feed.most {
			return a.failed(a.feed.refusal())
		}
		a.feed.add(string(element))
		a.n++
	}
	a.feed.whole = text.InputOffset()
	if _, err := text.ReadToken(); err != nil {
		return a.failed(err)
	}
	end := text.InputOffset()
	switch _, err := text.ReadToken(); {
	case err == io.EOF: //nolint:errorlint // an error that wraps it is no end
		return nil
	case a.feed.failed():
		return a.failed(err)
	}
	return fmt.Errorf("%s: %w, which ends at offset %d", a.name, errAfter, end)
}

// failed adds the place of the element in hand to err.
func (a *array) failed(err error) error {
	if a.feed.failed() {
		err = a.feed.err
	}
	if err == io.EOF { //nolint:errorlint // an error that wraps it is no end
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s: %w", elementPlace(a.name, a.n), err)
}
