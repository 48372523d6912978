package sinks

import "github.com/vimap-go/vimap"

// Both is what the two sinks of a [Tee] return.
type Both[A, B any] struct {
	First  A
	Second B
}

// Tee runs two sinks over one run, and returns what both return:
//
//	both, err := answers.To(ctx, sinks.Tee(
//		sinks.JSONLines("answers.jsonl").Pairs,
//		sinks.Each(show),
//	))
//
// Each sees what it would see alone. They take turns, an outcome each: a slow
// one slows the run. One that leaves its loop early, without an error, gets no
// more while the other goes on; one that fails ends the run, for the other too.
// [vimap.Run.Tee] says all of it.
//
// Two files that are written so appear one after another at the end, each whole
// or not at all; the second does not if the first can't be put in its place.
//
// A Tee in a Tee makes three. Where no sink says by itself what it takes, as
// Each does by its function, Tee must be told, as in sinks.Tee[Request, Answer];
// the method needs no such help:
//
//	lines, all, err := answers.Start(ctx).Tee(sinks.Lines("all.txt").Outputs, sinks.Collect)
//
// Tee panics if a sink is nil.
func Tee[In, Out, A, B any](
	first func(*vimap.Run[In, Out]) (A, error), second func(*vimap.Run[In, Out]) (B, error),
) func(*vimap.Run[In, Out]) (Both[A, B], error) {
	switch {
	case first == nil:
		panic("sinks: Tee: first must not be nil")
	case second == nil:
		panic("sinks: Tee: second must not be nil")
	}
	return func(run *vimap.Run[In, Out]) (Both[A, B], error) {
		a, b, err := run.Tee(first, second)
		return Both[A, B]{a, b}, err
	}
}
