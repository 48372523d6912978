package sources

import (
	"encoding/json/v2"
	"strings"

	"github.com/vimap-go/vimap"
)

// JSONLines yields the lines of the files at paths, each decoded from JSON to a
// T. The path "-", and no path at all, means standard input; the files are
// read as by [Lines]. Lines of nothing but white space are skipped.
//
//	requests := sources.JSONLines[Request]("requests.jsonl")
//
// The items, and so the inputs that a sink or an error shows, are the decoded
// values. Decoding is part of the source in every other respect an inline
// step: it runs in the workers of the stage that follows, in parallel.
//
// # What is an error
//
// A line that is not one JSON value of the kind T fails, as an item of its
// own: the other lines go on, and the [vimap.ItemError] has its place and what
// [json.Unmarshal] says, for instance
//
//	vimap: stage "decode": item 16 (requests.jsonl:17): json: cannot unmarshal JSON string into Go int within "/data/n"
//
// The rules are those of encoding/json/v2: member names match with their case,
// and invalid UTF-8, a name given twice, or anything behind the value is an
// error. Members that T has no field for are ignored, so that T need only name
// what it is about; to refuse them as well, which finds misspelt names, set
// [Text.JSON] to [json.RejectUnknownMembers].
func JSONLines[T any](paths ...string) vimap.Pipeline[T, T] {
	return Text{}.JSONLines[T](paths...)
}

// JSONLines is [JSONLines] with the options of t. It panics if MaxLength is
// negative.
func (t Text) JSONLines[T any](paths ...string) vimap.Pipeline[T, T] {
	t.check("JSONLines")
	lines := t.Lines(paths...).Named("jsonlines").Filter(notBlank)
	return vimap.Decode(lines, func(line string) (item T, err error) {
		err = json.Unmarshal([]byte(line), &item, t.JSON)
		return item, err
	})
}

func notBlank(line string) bool { return strings.TrimLeft(line, " \t\r") != "" }
