package engine

import (
	"context"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
)

// labelledKey marks the contexts whose runs label their goroutines.
type labelledKey struct{}

// Labelled returns a context whose runs label their goroutines for profiles.
func Labelled(ctx context.Context) context.Context {
	return context.WithValue(ctx, labelledKey{}, true)
}

func isLabelled(ctx context.Context) bool { return ctx.Value(labelledKey{}) == true }

// naming is how the goroutines of a run are named in profiles and traces. The
// zero value names none.
type naming struct {
	labels bool
	task   *trace.Task // nil: nobody traces
}

// begin begins the task of a run and returns the context that belongs to it.
func (n *naming) begin(ctx context.Context) context.Context {
	n.labels = isLabelled(ctx)
	if trace.IsEnabled() {
		ctx, n.task = trace.NewTask(ctx, "vimap run")
	}
	return ctx
}

func (n *naming) end() {
	if n.task != nil {
		n.task.End()
	}
}

// name names the calling goroutine; what it returns is called at its end.
func (n *naming) name(ctx context.Context, stage string, worker int) (end func()) {
	end = func() {}
	if !n.labels && n.task == nil {
		return end
	}
	if stage == "" {
		stage = "steps"
	}
	if n.labels {
		labels := pprof.Labels("stage", stage, "worker", strconv.Itoa(worker))
		pprof.SetGoroutineLabels(pprof.WithLabels(ctx, labels))
	}
	if n.task != nil {
		return trace.StartRegion(ctx, stage).End
	}
	return end
}
