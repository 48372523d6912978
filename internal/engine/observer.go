package engine

import "context"

// Observer is told what happens to the workers of runs, by the goroutine it
// happens in. worker stands for one worker of one run: it is the same in all
// that is told of it, and no other's.
type Observer func(e WorkerEvent, worker any, stage string, number int, err error)

type observerKey struct{}

// Observed returns a context in which runs tell observe of the workers of all
// their stages, beside the hooks that these have.
func Observed(ctx context.Context, observe Observer) context.Context {
	return context.WithValue(ctx, observerKey{}, observe)
}

func observer(ctx context.Context) Observer {
	observe, _ := ctx.Value(observerKey{}).(Observer)
	return observe
}
