package sinks

import "github.com/vimap-go/vimap"

// Zip returns every input with its own output, as they came or, after
// [vimap.Pipeline.Ordered], in source order. Without outputs the slice is nil.
// With an error it holds the pairs delivered before the failure.
//
// An input of which FlatMap made several outputs stands beside each of them;
// one that Filter dropped does not appear.
func Zip[In, Out any](run *vimap.Run[In, Out]) ([]vimap.Pair[In, Out], error) {
	var pairs []vimap.Pair[In, Out]
	for in, out := range run.Zip() {
		pairs = append(pairs, vimap.Pair[In, Out]{In: in, Out: out})
	}
	return pairs, run.Err()
}
