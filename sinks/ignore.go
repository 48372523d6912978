package sinks

import "github.com/vimap-go/vimap"

// Ignore runs the pipeline for what its stages do, drops the outputs and
// returns how many there were. With an error it is the number delivered before
// the failure.
func Ignore[In, Out any](run *vimap.Run[In, Out]) (int64, error) {
	var outs int64
	for range run.Zip() {
		outs++
	}
	return outs, run.Err()
}
