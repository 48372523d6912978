package sinks

import "io"

// JSONArray writes the outputs, or the pairs, as the elements of one JSON array
// to the file at path:
//
//	To(ctx, sinks.JSONArray("answers.json").Outputs) // [{"status":200},{"status":404}]
//
// Each element has a line of its own, and is encoded as by [JSONLines]; without
// any the array is empty. The file is treated, and packed, as by [Lines]: it
// appears whole or not at all. [sources.JSONArray] reads it back.
//
// JSONArray panics if path is empty.
//
// [sources.JSONArray]: https://pkg.go.dev/github.com/vimap-go/vimap/sources#JSONArray
func JSONArray(path string) JSON { return JSON{toPath("JSONArray", path).framed(brackets)} }

// JSONArrayTo writes the array of [JSONArray] to w. When the run fails, the array
// ends after the elements before the failure: it is JSON in any case, but for a
// failure of w itself. It neither syncs nor closes w.
//
// JSONArrayTo panics if w is nil.
func JSONArrayTo(w io.Writer) JSON { return JSON{toWriter("JSONArrayTo", w).framed(brackets)} }

var brackets = &frame{
	head: "[", first: "\n", next: ",\n", tail: "\n]\n",
	elements: true,
}
