package sinks

import "github.com/vimap-go/vimap"

// Aggregate is [Fold] in the workers: each adds its inputs and outputs to an
// accumulator of its own, made by newAcc, and at the end these are merged to
// one.
//
//	counts, err := sources.Lines("access.log").
//		Via(vimap.Func(parse).Workers(8)).
//		To(ctx, sinks.Aggregate(
//			func() map[string]int { return map[string]int{} },
//			func(m map[string]int, _ string, hit Hit) map[string]int { m[hit.Page]++; return m },
//			func(m, other map[string]int) map[string]int { … }))
//
// Which items come together in an accumulator, and in which order these are
// merged, is not said: merge and add must give the same result for every
// division, as a sum, a count or a maximum does. add is called from several
// goroutines at once, though never two with the same accumulator. After
// [vimap.Pipeline.Ordered] there is one accumulator, which is fed in source
// order in the goroutine of the sink, as by Fold; of lines that are lent, and of
// JSON lines, there is one for each piece of the text, and these are merged in
// its order. With an error the result is made of what was added before the end.
// [vimap.Run.Aggregate] says all of it.
//
// Unlike the start of Fold, what newAcc makes is new in each run.
//
// Aggregate panics if a function is nil.
func Aggregate[A, In, Out any](newAcc func() A, add func(A, In, Out) A, merge func(A, A) A) func(*vimap.Run[In, Out]) (A, error) {
	if newAcc == nil || add == nil || merge == nil {
		panic("sinks: Aggregate: newAcc, add and merge must not be nil")
	}
	return func(run *vimap.Run[In, Out]) (A, error) {
		result := run.Aggregate(newAcc, add, merge)
		return result, run.Err()
	}
}
