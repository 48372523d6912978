package sources

import (
	"encoding/json/v2"
	"errors"
	"fmt"
)

// Text holds the options of the sources that read text. The zero value is what
// the functions [Lines], [Reader], [JSONLines] and [JSONArray] use:
//
//	sources.Text{MaxLength: 1 << 20, MaxUnpacked: 1 << 30}.Lines("upload.txt.gz")
//	sources.Text{JSON: json.RejectUnknownMembers(true)}.JSONLines[Request]("requests.jsonl")
type Text struct {
	// MaxLength is the most bytes a line may have, its line end not counted, or
	// an element of an array. A longer one is refused: the run ends with an
	// [ErrLineTooLong] that names its place, after all lines before it, and no
	// more of the line is read than it takes to see it. Zero means no limit: a
	// line is read however long it is, and takes its own length in memory, twice
	// while it is read.
	MaxLength int

	// MaxUnpacked is the most bytes that a packed file may unpack to. The run
	// ends with an [ErrUnpackedTooLarge] that names the place, after all whole
	// lines before it, and little more is unpacked than it takes to see it. It
	// holds for each file and is for archives from strangers, of which a few
	// bytes can unpack to any number; of plain files the caller knows the size.
	// Zero means no limit.
	MaxUnpacked int64

	// Raw leaves packed files as they are: they are read as the text that they
	// look like, see [Lines].
	Raw bool

	// JSON holds options for [Text.JSONLines] and [Text.JSONArray], joined by
	// [json.JoinOptions] if there are several. Nil means the defaults of
	// [json.Unmarshal].
	JSON json.Options
}

var (
	// ErrLineTooLong is wrapped by the error of a run that came to a line, an
	// element or a record longer than [Text.MaxLength].
	ErrLineTooLong = errors.New("line too long")

	// ErrUnpackedTooLarge is wrapped by the error of a run that came to a packed
	// file with more text in it than [Text.MaxUnpacked].
	ErrUnpackedTooLarge = errors.New("too large when unpacked")
)

func (t Text) check(source string) {
	if t.MaxLength < 0 {
		panic(fmt.Sprintf("sources: %s: MaxLength must not be negative, got %d", source, t.MaxLength))
	}
	if t.MaxUnpacked < 0 {
		panic(fmt.Sprintf("sources: %s: MaxUnpacked must not be negative, got %d", source, t.MaxUnpacked))
	}
}
