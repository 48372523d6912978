package sources

import (
	"encoding/json/v2"
	"errors"
	"fmt"
)

// Text holds the options of the sources that read text. The zero value is what
// the functions [Lines], [Reader] and [JSONLines] use:
//
//	sources.Text{MaxLength: 1 << 20}.Lines("upload.txt")
//	sources.Text{JSON: json.RejectUnknownMembers(true)}.JSONLines[Request]("requests.jsonl")
type Text struct {
	// MaxLength is the most bytes a line may have, its line end not counted. A
	// longer one is refused: the run ends with an [ErrLineTooLong] that names
	// its place, after all lines before it, and no more of the line is read
	// than it takes to see it. Zero means no limit: a line is read however
	// long it is, and takes its own length in memory, twice while it is read.
	MaxLength int

	// JSON holds options for [Text.JSONLines], joined by [json.JoinOptions] if
	// there are several. Nil means the defaults of [json.Unmarshal].
	JSON json.Options
}

// ErrLineTooLong is wrapped by the error of a run that came to a line longer
// than [Text.MaxLength].
var ErrLineTooLong = errors.New("line too long")

func (t Text) check(source string) {
	if t.MaxLength < 0 {
		panic(fmt.Sprintf("sources: %s: MaxLength must not be negative, got %d", source, t.MaxLength))
	}
}
