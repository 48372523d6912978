package sinks

import "github.com/vimap-go/vimap"

// Collect returns every output, as they came or, after
// [vimap.Pipeline.Ordered], in source order. Without outputs the slice is nil.
// With an error it holds the outputs delivered before the failure.
func Collect[In, Out any](run *vimap.Run[In, Out]) ([]Out, error) {
	var outs []Out
	for _, out := range run.Zip() {
		outs = append(outs, out)
	}
	return outs, run.Err()
}
