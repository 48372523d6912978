// Package otelvimap tells OpenTelemetry of the runs of vimap: metrics from
// their figures, and spans of runs and attempts. It knows the API of
// OpenTelemetry alone; the program brings an SDK and says where all goes.
//
// Each part is asked for by itself, and what is not asked for costs nothing:
//
//	registration, err := otelvimap.Metrics(meter, "orders", run)  // read when the metrics are
//	ctx, end := otelvimap.Run(ctx, tracer, "orders")              // a span for a run
//	vimap.Func(otelvimap.Attempt(tracer, "fetch", fetch))         // a span for each attempt
//	vimap.Func(fetch).Hooks(otelvimap.Events(ctx))                // what went wrong, on the span of the run
//
// No input and no output is told, only names of stages, indices and texts of
// errors.
package otelvimap
