package vimap

import "github.com/vimap-go/vimap/internal/engine"

// Rescue adds a step that takes the failures of everything before it in the
// chain: f is given the item and its error, an [*ItemError], and what it
// returns goes on as if it had never failed; [Stats] counts it as rescued. If f
// returns the error as it was given, the failure stays as it was. Any other
// error, and a panic, is a failure of the step "rescue", with what went before
// in [ItemError.Earlier].
//
// f runs in the workers of the stage that follows, or in one goroutine of the
// step's own; it may be called from several goroutines at once. Failures of
// the run as a whole (the source, no workers left) are not items and don't come
// here.
func (p Pipeline[In, Out]) Rescue(f func(In, error) (Out, error)) Pipeline[In, Out] {
	notNil(f == nil, "Rescue", "f")
	p.rescues = true
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		run := pl.run
		return engine.Rescue(up, pl.origins, pl.name(), func(in In, m engine.Meta) (Out, bool, error) {
			given := itemError(run.Context(), m, in)
			out, err := f(in, given)
			same, _ := err.(*ItemError) //nolint:errorlint // what wraps it is another failure
			return out, same == given, err
		})
	}, PlanNode{Kind: KindRescue, Name: "rescue"})
}
