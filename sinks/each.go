package sinks

import "github.com/vimap-go/vimap"

// Each calls f with every input and its output, one after another in the
// goroutine of the sink, and returns how often f returned nil.
//
// The first error of f ends the run and is returned as it is. While f blocks,
// the run is held back, and its cancellation waits for f: a function that may
// block for long should watch the context that was given to To.
//
// Each panics if f is nil.
func Each[In, Out any](f func(In, Out) error) func(*vimap.Run[In, Out]) (int64, error) {
	if f == nil {
		panic("sinks: Each: f must not be nil")
	}
	return func(run *vimap.Run[In, Out]) (taken int64, err error) {
		for in, out := range run.Zip() {
			if err := f(in, out); err != nil {
				return taken, err
			}
			taken++
		}
		return taken, run.Err()
	}
}
