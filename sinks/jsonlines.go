package sinks

import (
	"bytes"
	"encoding/json/v2"
	"io"
	"iter"

	"github.com/vimap-go/vimap"
)

// JSON writes lines of JSON, or an array. It is made by [JSONLines],
// [JSONLinesTo], [JSONArray] and [JSONArrayTo].
type JSON struct{ target target }

// JSONLines writes a line of JSON for each output, or each pair, to the file
// at path:
//
//	To(ctx, sinks.JSONLines("answers.jsonl").Outputs) // {"status":200}
//	To(ctx, sinks.JSONLines("answers.jsonl").Pairs)   // {"in":{"uri":"/7"},"out":{"status":200}}
//
// Values are encoded by [encoding/json/v2], without white space, with the keys
// of maps sorted and nothing escaped for HTML. What it refuses (a channel, NaN,
// invalid UTF-8, a [time.Duration] without a format) ends the run with an error
// that names the line.
//
// The file is treated as by [Lines]: it appears whole or not at all.
//
// Encoding is done in the goroutine of the sink. Where it is the slowest
// part of a chain, encode in a stage before it and write the []byte by [Lines],
// or as a jsontext.Value here.
//
// JSONLines panics if path is empty.
func JSONLines(path string) JSON { return JSON{toPath("JSONLines", path)} }

// JSONLinesTo writes the lines of [JSONLines] to w, as [LinesTo] does.
//
// JSONLinesTo panics if w is nil.
func JSONLinesTo(w io.Writer) JSON { return JSON{toWriter("JSONLinesTo", w)} }

// Outputs is a sink that writes a line, or an element, for each output and
// returns how many there were before the end or the failure.
func (j JSON) Outputs[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	return j.target.write(outputs(run), run.Err, addJSON[Out])
}

// Pairs is a sink that writes a line or element {"in":…,"out":…} for each input
// and its output and returns how many there were before the end or the failure.
// They are read back as [vimap.Pair].
func (j JSON) Pairs[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	return j.target.write(pairs(run), run.Err, addJSON[vimap.Pair[In, Out]])
}

// Results is a sink that writes a line or element for every outcome, {"in":…,"out":…} or
// {"in":…,"error":"…"}, and returns how many there were. A failed input
// does not end the run: its line says why it failed, and the error returned is
// only that of the run as a whole (the source, a cancellation, no workers
// left) or of the file. They are read back as [Outcome].
func (j JSON) Results[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	return j.target.write(outcomes(run), run.Err, addJSON[Outcome[In, Out]])
}

// Outcome is what [JSON.Results] writes for an input. It has an Out or an Error.
//
//	failed := sources.JSONLines[sinks.Outcome[Request, Answer]]("answers.jsonl").
//		Filter(func(o sinks.Outcome[Request, Answer]) bool { return o.Error != "" })
type Outcome[In, Out any] struct {
	In    In     `json:"in"`
	Out   *Out   `json:"out,omitzero"`
	Error string `json:"error,omitzero"`
}

func outcomes[In, Out any](run *vimap.Run[In, Out]) iter.Seq[Outcome[In, Out]] {
	return func(yield func(Outcome[In, Out]) bool) {
		for result := range run.Results() {
			outcome := Outcome[In, Out]{In: result.In, Out: &result.Out}
			if result.Err != nil {
				outcome.Out, outcome.Error = nil, result.Err.Error()
			}
			if !yield(outcome) {
				return
			}
		}
	}
}

var deterministic = json.Deterministic(true)

func addJSON[T any](block *bytes.Buffer, value *T) error {
	return json.MarshalWrite(block, value, deterministic)
}
