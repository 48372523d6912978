package testkit

import (
	"context"
	"testing"
	"time"

	"github.com/vimap-go/vimap"
)

// Collect is the smallest sink: the outputs and the error of the run.
func Collect[In, Out any](run *vimap.Run[In, Out]) ([]Out, error) {
	var outs []Out
	for _, out := range run.Zip() {
		outs = append(outs, out)
	}
	return outs, run.Err()
}

// Outcomes runs p to its end and returns every result.
func Outcomes[In, Out any](ctx context.Context, p vimap.Pipeline[In, Out]) ([]vimap.Result[In, Out], *vimap.Run[In, Out]) {
	run := p.Start(ctx)
	var all []vimap.Result[In, Out]
	for result := range run.Results() {
		all = append(all, result)
	}
	return all, run
}

// Split parts results into outputs and failures.
func Split[In, Out any](all []vimap.Result[In, Out]) (outs []Out, failed []vimap.Result[In, Out]) {
	for _, result := range all {
		if result.Err == nil {
			outs = append(outs, result.Out)
		} else {
			failed = append(failed, result)
		}
	}
	return outs, failed
}

// Patient ends a run that hangs after ten minutes of fake time, so that the
// test fails instead of freezing its bubble.
func Patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
