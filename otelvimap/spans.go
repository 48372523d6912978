package otelvimap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/vimap-go/vimap"
)

// Run starts a span for a run, under a name. The run must be given the context
// that it returns: then the spans of attempts, and whatever the functions of
// its stages start, are below it. The span is over when end is called, once,
// with the figures and the error of the run.
func Run(ctx context.Context, tracer trace.Tracer, name string) (with context.Context, end func(vimap.Stats, error)) {
	if tracer == nil {
		panic("otelvimap: Run: tracer must not be nil")
	}
	with, span := tracer.Start(ctx, "vimap.run "+name, trace.WithAttributes(attribute.String("vimap.run", name)))
	return with, func(s vimap.Stats, err error) {
		span.SetAttributes(
			attribute.Int64("vimap.read", s.Read), attribute.Int64("vimap.delivered", s.Delivered),
			attribute.Int64("vimap.failed", s.Failed), attribute.Int64("vimap.filtered", s.Filtered),
			attribute.Int64("vimap.unfinished", s.Unfinished), attribute.Int64("vimap.retries", s.Retries),
			attribute.Int64("vimap.restarts", s.Restarts), attribute.Bool("vimap.stopped", s.Stopped),
		)
		finish(span, err)
	}
}

// Attempt makes a function of a stage have a span for each attempt, below the
// span of its context. A span is as long as the call, and an error on it also
// says when the function panicked. It is for stages of which the calls matter
// one by one: making a span costs more than a small item does.
func Attempt[In, Out any](
	tracer trace.Tracer, stage string, f func(context.Context, In) (Out, error),
) func(context.Context, In) (Out, error) {
	check("Attempt", tracer, f == nil)
	return func(ctx context.Context, in In) (out Out, err error) {
		ctx, span := start(ctx, tracer, stage)
		err = errUnfinished // until f returns
		defer func() { finish(span, err) }()
		return f(ctx, in)
	}
}

// AttemptDo is [Attempt] for the Do of workers that are opened.
func AttemptDo[State, In, Out any](
	tracer trace.Tracer, stage string, f func(State, context.Context, In) (Out, error),
) func(State, context.Context, In) (Out, error) {
	check("AttemptDo", tracer, f == nil)
	return func(state State, ctx context.Context, in In) (out Out, err error) {
		ctx, span := start(ctx, tracer, stage)
		err = errUnfinished // until f returns
		defer func() { finish(span, err) }()
		return f(state, ctx, in)
	}
}

func check(what string, tracer trace.Tracer, noFunction bool) {
	switch {
	case tracer == nil:
		panic("otelvimap: " + what + ": tracer must not be nil")
	case noFunction:
		panic("otelvimap: " + what + ": f must not be nil")
	}
}

func start(ctx context.Context, tracer trace.Tracer, stage string) (context.Context, trace.Span) {
	return tracer.Start(ctx, "vimap.attempt "+stage, trace.WithAttributes(attribute.String("vimap.stage", stage)))
}

// finish ends a span with what came of the call.
func finish(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// errUnfinished stands on the span of a call that did not return.
var errUnfinished = errors.New("the function panicked or called runtime.Goexit")

// Events returns hooks that note on the span of ctx, which is best that of the
// run, what goes wrong in a stage: attempts and inputs that failed, retries,
// and workers that were restarted, abandoned, given up or could not be closed.
// They say which item it was, by its index. A span keeps as many events as the
// SDK allows, mostly 128.
func Events(ctx context.Context) vimap.Hooks {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return vimap.Hooks{}
	}
	item := func(name string) func(vimap.ItemEvent) {
		return func(e vimap.ItemEvent) {
			about := []attribute.KeyValue{
				attribute.String("vimap.stage", e.Stage), attribute.Int("vimap.worker", e.Worker),
				attribute.Int64("vimap.index", e.Index), attribute.Int("vimap.attempt", e.Attempt),
			}
			if e.Wait > 0 {
				about = append(about, attribute.Float64("vimap.wait", e.Wait.Seconds()))
			}
			note(span, name, e.Err, about)
		}
	}
	worker := func(name string, always bool) func(vimap.WorkerEvent) {
		return func(e vimap.WorkerEvent) {
			if always || e.Err != nil {
				note(span, name, e.Err, []attribute.KeyValue{attribute.String("vimap.stage", e.Stage), attribute.Int("vimap.worker", e.Worker)})
			}
		}
	}
	return vimap.Hooks{
		AttemptFailed:   item("vimap.attempt.failed"),
		ItemRetried:     item("vimap.item.retried"),
		ItemFailed:      item("vimap.item.failed"),
		WorkerRestarted: worker("vimap.worker.restarted", true),
		WorkerStuck:     worker("vimap.worker.stuck", true),
		WorkerGivenUp:   worker("vimap.worker.given_up", true),
		WorkerClosed:    worker("vimap.worker.closed", false),
	}
}

func note(span trace.Span, name string, err error, about []attribute.KeyValue) {
	if err != nil {
		about = append(about, attribute.String("error.type", fmt.Sprintf("%T", err)), attribute.String("error.message", err.Error()))
	}
	span.AddEvent(name, trace.WithTimestamp(time.Now()), trace.WithAttributes(about...))
}
