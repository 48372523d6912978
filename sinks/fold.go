package sinks

import "github.com/vimap-go/vimap"

// Fold combines all pairs into one value: it calls f with the value so far,
// beginning with start, and each input with its output, one after another in
// the goroutine of the sink, and returns what f returned last, or start
// without outputs. With an error it returns the value before the failure.
//
// Each run begins with start itself. If start is a map, a slice or a pointer
// and f changes what it refers to, the sink remembers: used for a second run
// it goes on where the first one ended, and two runs at once race. Make a new
// sink for each run then.
//
// Fold is the one sequential part of a chain: work that can be done in a stage
// belongs there, and f should only merge. Where the workers can each have a value
// of their own, [Aggregate] has no such part.
//
// Fold panics if f is nil.
func Fold[R, In, Out any](start R, f func(R, In, Out) R) func(*vimap.Run[In, Out]) (R, error) {
	if f == nil {
		panic("sinks: Fold: f must not be nil")
	}
	return func(run *vimap.Run[In, Out]) (R, error) {
		value := start
		for in, out := range run.Zip() {
			value = f(value, in, out)
		}
		return value, run.Err()
	}
}
