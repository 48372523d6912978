package engine

import "context"

// groupKey finds the group in the context of an opening.
type groupKey struct{}

// AtEnd has f called when the stage has nothing more to do whose worker is
// opened by ctx; the run waits for f. What the workers share is ended so.
func AtEnd(ctx context.Context, f func()) {
	g := ctx.Value(groupKey{}).(*Group)
	g.run.wg.Add(1)
	context.AfterFunc(g.ctx, func() {
		defer g.run.wg.Done()
		f()
	})
}

// Of returns what stands for the stage in its run whose worker is opened by
// ctx; two of them are equal (==) if they are of one stage in one run.
func Of(ctx context.Context) any { return ctx.Value(groupKey{}) }

// OnEnd has f called when the stage has nothing more to do whose worker is
// opened by ctx, as context.AfterFunc does.
func OnEnd(ctx context.Context, f func()) (stop func() bool) {
	return context.AfterFunc(ctx.Value(groupKey{}).(*Group).ctx, f)
}
