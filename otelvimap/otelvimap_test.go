package otelvimap_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/otelvimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fails has an error for "bad" and panics for "boom".
func fails(_ context.Context, word string) (int, error) {
	switch word {
	case "bad":
		return 0, errors.New("bad word")
	case "boom":
		panic("boom")
	}
	return len(word), nil
}

// read reads all metrics, as a map from name and attributes to the figure.
func read(t *testing.T, reader *sdkmetric.ManualReader) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	got := map[string]float64{}
	note := func(name string, about attribute.Set, v float64) {
		key := name
		for _, kv := range about.ToSlice() {
			if kv.Key != "vimap.run" {
				key += " " + kv.Value.String()
			}
		}
		got[key] = v
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					note(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					note(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Sum[float64]:
				for _, p := range d.DataPoints {
					note(m.Name, p.Attributes, p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					note(m.Name, p.Attributes, p.Value)
				}
			}
		}
	}
	return got
}

func TestMetricsAreTheFiguresOfTheRunUntilTheyAreUnregistered(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test")
	stage := vimap.Func(fails).Named("check").Workers(2).Retry(retry.Fixed(0).Attempts(3))
	run := sources.Slice([]string{"a", "bad", "c", "drop"}).Named("words").
		Filter(func(word string) bool { return word != "drop" }).Via(stage).Start(t.Context())
	registration, err := otelvimap.Metrics(meter, "words", run)
	require.NoError(t, err)
	require.Zero(t, read(t, reader)["vimap.items read"])
	for range run.Results() {
		read(t, reader) // also while it runs
	}
	got := read(t, reader)
	for key, want := range map[string]float64{
		"vimap.items read": 4, "vimap.items delivered": 2, "vimap.items failed": 1, "vimap.items filtered": 1,
		"vimap.items.in_flight": 0, "vimap.retries": 2, "vimap.stuck": 0,
		"vimap.stage.workers 2 stage check": 2, "vimap.stage.queue 2 stage check": 0,
	} {
		v, ok := got[key]
		require.True(t, ok, "%s is not among %v", key, got)
		require.InDelta(t, want, v, 0, key)
	}
	require.InDelta(t, 2, got["vimap.stage.items done 2 stage check"], 0, "%v", got)
	require.InDelta(t, 2, got["vimap.stage.items retried 2 stage check"], 0)
	require.Contains(t, got, "vimap.stage.working source words")
	require.Contains(t, got, "vimap.stage.latency 2 0.99 stage check", "%v", got)
	require.NoError(t, registration.Unregister())
	require.Empty(t, read(t, reader))
}

func TestStagesOfOneNameHaveFiguresOfTheirOwn(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test")
	same := vimap.Func(func(_ context.Context, word string) (string, error) { return word, nil }).Named("same")
	run := sources.Slice([]string{"a"}).Via(same.Workers(1)).Via(same.Workers(2)).Start(t.Context())
	registration, err := otelvimap.Metrics(meter, "words", run)
	require.NoError(t, err)
	for range run.Results() {
	}
	got := read(t, reader)
	require.InDelta(t, 1, got["vimap.stage.workers 1 stage same"], 0, "%v", got)
	require.InDelta(t, 2, got["vimap.stage.workers 2 stage same"], 0)
	require.InDelta(t, 1, got["vimap.stage.items done 1 stage same"], 0)
	require.InDelta(t, 1, got["vimap.stage.items done 2 stage same"], 0)
	require.NoError(t, registration.Unregister())
}

func TestSpansOfAttemptsAreBelowTheSpanOfTheRun(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	ctx, end := otelvimap.Run(t.Context(), tracer, "words")
	stage := vimap.Func(otelvimap.Attempt(tracer, "check", fails)).Named("check").
		Retry(retry.Fixed(0).Attempts(2)).Hooks(otelvimap.Events(ctx))
	run := sources.Slice([]string{"a", "bad", "boom"}).Via(stage).Start(ctx)
	for range run.Results() {
	}
	end(run.Stats(), errors.New("two words are bad"))

	spans := recorder.Ended()
	require.Len(t, spans, 6, "one, two and two attempts, and the run")
	whole := spans[5]
	require.Equal(t, "vimap.run words", whole.Name())
	require.Equal(t, codes.Error, whole.Status().Code)
	require.Contains(t, whole.Attributes(), attribute.Int64("vimap.failed", 2))
	failed := 0
	for _, span := range spans[:5] {
		require.Equal(t, "vimap.attempt check", span.Name())
		require.Equal(t, whole.SpanContext().SpanID(), span.Parent().SpanID())
		if span.Status().Code == codes.Error {
			failed++
		}
	}
	require.Equal(t, 4, failed, "a panic is an error, too")
	events := map[string]int{}
	for _, event := range whole.Events() {
		events[event.Name]++
	}
	require.Equal(t, 2, events["vimap.item.failed"])
	require.Equal(t, 2, events["vimap.item.retried"])
	require.Equal(t, 4, events["vimap.attempt.failed"])
}

func TestAWorkerThatIsGivenUpAtOnceIsAnEvent(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	ctx, end := otelvimap.Run(t.Context(), sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test"), "words")
	stage := vimap.Open(func(context.Context) (int, error) { return 0, retry.Permanent(errors.New("no such server")) }).
		Do(func(_ int, ctx context.Context, word string) (int, error) { return fails(ctx, word) }).
		Hooks(otelvimap.Events(ctx))
	run := sources.Slice([]string{"a"}).Via(stage).Start(ctx)
	for range run.Results() {
	}
	end(run.Stats(), run.Err())
	var given []sdktrace.Event
	for _, event := range recorder.Ended()[0].Events() {
		if event.Name == "vimap.worker.given_up" {
			given = append(given, event)
		}
	}
	require.Len(t, given, 1)
	require.Contains(t, fmt.Sprint(given[0].Attributes), "no such server")
}

func TestWithoutASpanThereAreNoEventsToBeToldOf(t *testing.T) {
	hooks := otelvimap.Events(t.Context())
	require.Nil(t, hooks.AttemptFailed)
	require.Nil(t, hooks.ItemFailed)
}

func TestMistakesAreSaidWhereTheyAreMade(t *testing.T) {
	tracer := noop.NewTracerProvider().Tracer("")
	require.PanicsWithValue(t, "otelvimap: Attempt: f must not be nil", func() { otelvimap.Attempt[int, int](tracer, "", nil) })
	require.PanicsWithValue(t, "otelvimap: Attempt: tracer must not be nil", func() { otelvimap.Attempt(nil, "", fails) })
	require.PanicsWithValue(t, "otelvimap: Metrics: meter must not be nil", func() { _, _ = otelvimap.Metrics(nil, "", nil) })
	require.PanicsWithValue(t, "otelvimap: Run: tracer must not be nil", func() { otelvimap.Run(t.Context(), nil, "") })
}

func ExampleMetrics() {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("shop")
	run := sources.Slice([]string{"apple", "fig"}).Start(context.Background())
	registration, err := otelvimap.Metrics(meter, "fruit", run)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range run.Zip() {
	}
	fmt.Println(registration.Unregister())
	// Output: <nil>
}

func ExampleRun() {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("shop")
	ctx, end := otelvimap.Run(context.Background(), tracer, "fruit")
	run := sources.Slice([]string{"apple", "fig"}).Start(ctx)
	for range run.Zip() {
	}
	end(run.Stats(), run.Err())
	fmt.Println(recorder.Ended()[0].Name())
	// Output: vimap.run fruit
}

func ExampleAttempt() {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("shop")
	length := func(_ context.Context, word string) (int, error) { return len(word), nil }
	run := sources.Slice([]string{"apple", "fig"}).
		Via(vimap.Func(otelvimap.Attempt(tracer, "length", length))).Start(context.Background())
	for range run.Zip() {
	}
	fmt.Println(len(recorder.Ended()), recorder.Ended()[0].Name())
	// Output: 2 vimap.attempt length
}

func ExampleAttemptDo() {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("shop")
	open := func(context.Context) (time.Time, error) { return time.Now(), nil }
	length := func(_ time.Time, _ context.Context, word string) (int, error) { return len(word), nil }
	run := sources.Slice([]string{"apple"}).
		Via(vimap.Open(open).Do(otelvimap.AttemptDo(tracer, "length", length))).Start(context.Background())
	for range run.Zip() {
	}
	fmt.Println(recorder.Ended()[0].Name())
	// Output: vimap.attempt length
}

func ExampleEvents() {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("shop")
	ctx, end := otelvimap.Run(context.Background(), tracer, "fruit")
	bad := func(context.Context, string) (int, error) { return 0, errors.New("out of apples") }
	run := sources.Slice([]string{"apple"}).Via(vimap.Func(bad).Hooks(otelvimap.Events(ctx))).Start(ctx)
	for range run.Results() {
	}
	end(run.Stats(), run.Err())
	for _, event := range recorder.Ended()[0].Events() {
		fmt.Println(event.Name)
	}
	// Output:
	// vimap.attempt.failed
	// vimap.item.failed
}
