package sinks

import (
	"fmt"
	"iter"
	"strings"

	"github.com/vimap-go/vimap"
)

// DeadLetters is a sink for [vimap.Pipeline.DeadLetters]: it writes a line for
// every failed item, {"in":…,"index":…,"stage":…,"attempts":…,"error":…}, in
// the order in which the run comes to them, which is that of the source if it is
// ordered. The lines also have "place", "earlier" and "raw" where there is
// something to say, and are read back as [Letter].
//
//	DeadLetters(sinks.JSONLines("failed.jsonl").DeadLetters).
//		To(ctx, sinks.JSONLines("answers.jsonl").Pairs)
//
// The file appears at the end of the run, whole, also when the run failed or
// was cancelled: the more it is wanted then. Without a failure it is empty.
func (j JSON) DeadLetters[In any](letters iter.Seq[vimap.DeadLetter[In]]) error {
	_, err := j.target.write(lines(letters), func() error { return nil }, addJSON[Letter[In]])
	return err
}

// Letter is a line that [JSON.DeadLetters] writes.
type Letter[In any] struct {
	In       In       `json:"in"`
	Raw      string   `json:"raw,omitzero"` // what could not be decoded; then In is the zero value
	Index    int64    `json:"index"`        // of the item in its source, from 0
	Place    string   `json:"place,omitzero"`
	Stage    string   `json:"stage"`
	Attempts int      `json:"attempts"`
	Error    string   `json:"error"`            // of the last attempt
	Earlier  []string `json:"earlier,omitzero"` // those before, oldest first
}

func lines[In any](letters iter.Seq[vimap.DeadLetter[In]]) iter.Seq[Letter[In]] {
	return func(yield func(Letter[In]) bool) {
		for letter := range letters {
			err := letter.Err
			line := Letter[In]{
				In: letter.In, Index: err.Index, Place: err.Place,
				Stage: err.Stage, Attempts: err.Attempts, Error: text(err.Err),
			}
			if err.Stage == "decode" {
				switch raw := err.Input.(type) {
				case string:
					line.Raw = strings.ToValidUTF8(raw, "\uFFFD")
				case []byte:
					line.Raw = strings.ToValidUTF8(string(raw), "\uFFFD")
				case fmt.Stringer: // a row of a table
					line.Raw = strings.ToValidUTF8(raw.String(), "\uFFFD")
				}
			}
			for _, earlier := range err.Earlier {
				line.Earlier = append(line.Earlier, text(earlier))
			}
			if !yield(line) {
				return
			}
		}
	}
}

// text is what JSON takes of an error.
func text(err error) string { return strings.ToValidUTF8(err.Error(), "\uFFFD") }
