package otelvimap

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/vimap-go/vimap"
)

// Subject is what has figures: a [vimap.Run] or a [vimap.Pool].
type Subject interface {
	Stats() vimap.Stats
}

// instruments are those of one registration.
type instruments struct {
	items, retries, restarts, stuck, stageItems metric.Int64ObservableCounter
	inFlight, lookAhead, queue, workers, back   metric.Int64ObservableGauge
	working, waiting, blocked                   metric.Float64ObservableCounter
	latency                                     metric.Float64ObservableGauge
}

// Metrics registers the figures of a run, under a name that no other run has at
// the same time, with meter. They are read when the reader of the metrics asks;
// between two readings nothing is done. The registration holds the run until it
// is ended by Unregister, as it should be once the run is over and its last
// figures were read.
//
// The attribute vimap.run is the name. Figures of stages have vimap.stage and
// vimap.role as well, those of items vimap.fate (read, extra, delivered, failed
// or filtered; of a stage started, done, failed, filtered or retried) and those
// of latency vimap.quantile (0.5, 0.9, 0.99 or 1). Stages of one name are told
// apart by vimap.node, which is the Node of [vimap.StageStats].
//
//	vimap.items                {item}    what became of the items of the run
//	vimap.items.in_flight      {item}    read and without a fate yet
//	vimap.items.look_ahead     {item}    how many may be in flight
//	vimap.retries              {attempt} after the first of an item
//	vimap.restarts             {worker}  openings after the first
//	vimap.stuck                {call}    that were abandoned
//	vimap.stage.items          {item}    what became of the inputs of the stage
//	vimap.stage.queue          {item}    that wait for a worker
//	vimap.stage.backing_off    {item}    that wait for their next attempt
//	vimap.stage.workers        {worker}  that the stage may have
//	vimap.stage.working        s         of all workers, with inputs in hand
//	vimap.stage.waiting        s         of all workers, for inputs
//	vimap.stage.blocked        s         of all workers, for room
//	vimap.stage.latency        s         of attempts, as [vimap.Latency] has it
//
// The source and the sink are stages with the roles source and sink here, with
// what is known of them, and without a vimap.node.
func Metrics(meter metric.Meter, name string, run Subject) (metric.Registration, error) {
	switch {
	case meter == nil:
		panic("otelvimap: Metrics: meter must not be nil")
	case run == nil:
		panic("otelvimap: Metrics: run must not be nil")
	}
	m := &maker{meter: meter}
	in := instruments{
		items:      m.counter("vimap.items", "{item}", "Items of the run, by what became of them."),
		retries:    m.counter("vimap.retries", "{attempt}", "Attempts after the first of an item."),
		restarts:   m.counter("vimap.restarts", "{worker}", "Openings of workers after their first."),
		stuck:      m.counter("vimap.stuck", "{call}", "Calls that were abandoned."),
		stageItems: m.counter("vimap.stage.items", "{item}", "Inputs of the stage, by what became of them."),
		inFlight:   m.gauge("vimap.items.in_flight", "{item}", "Items that have no fate yet."),
		lookAhead:  m.gauge("vimap.items.look_ahead", "{item}", "How many items may be in flight."),
		queue:      m.gauge("vimap.stage.queue", "{item}", "Inputs that wait for a worker."),
		workers:    m.gauge("vimap.stage.workers", "{worker}", "Workers that the stage may have."),
		back:       m.gauge("vimap.stage.backing_off", "{item}", "Inputs that wait for their next attempt."),
		working:    m.seconds("vimap.stage.working", "Time of all workers with inputs in hand."),
		waiting:    m.seconds("vimap.stage.waiting", "Time of all workers without an input."),
		blocked:    m.seconds("vimap.stage.blocked", "Time of all workers without room for an output."),
		latency:    m.latency("vimap.stage.latency", "How long attempts took, by quantile."),
	}
	if m.err != nil {
		return nil, m.err
	}
	about := attribute.String("vimap.run", name)
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stats := run.Stats()
		in.observe(o, about, &stats)
		return nil
	}, m.all...)
}

// maker makes instruments, until one can't be made.
type maker struct {
	meter metric.Meter
	all   []metric.Observable
	err   error
}

func made[I metric.Observable](m *maker, i I, err error) I {
	if m.err == nil {
		m.err = err
	}
	m.all = append(m.all, i)
	return i
}

func (m *maker) counter(name, unit, about string) metric.Int64ObservableCounter {
	i, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
	return made(m, i, err)
}

func (m *maker) gauge(name, unit, about string) metric.Int64ObservableGauge {
	i, err := m.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
	return made(m, i, err)
}

func (m *maker) seconds(name, about string) metric.Float64ObservableCounter {
	i, err := m.meter.Float64ObservableCounter(name, metric.WithUnit("s"), metric.WithDescription(about))
	return made(m, i, err)
}

func (m *maker) latency(name, about string) metric.Float64ObservableGauge {
	i, err := m.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(about))
	return made(m, i, err)
}

func (in *instruments) observe(o metric.Observer, run attribute.KeyValue, s *vimap.Stats) {
	fate := func(i metric.Int64Observable, n int64, name string, more ...attribute.KeyValue) {
		o.ObserveInt64(i, n, metric.WithAttributes(append(more, run, attribute.String("vimap.fate", name))...))
	}
	whole := metric.WithAttributes(run)
	fate(in.items, s.Read, "read")
	fate(in.items, s.Extra, "extra")
	fate(in.items, s.Delivered, "delivered")
	fate(in.items, s.Failed, "failed")
	fate(in.items, s.Filtered, "filtered")
	o.ObserveInt64(in.retries, s.Retries, whole)
	o.ObserveInt64(in.restarts, s.Restarts, whole)
	o.ObserveInt64(in.stuck, s.Stuck, whole)
	inFlight := s.Unfinished
	if !s.Running {
		inFlight = 0
	}
	o.ObserveInt64(in.inFlight, inFlight, whole)
	o.ObserveInt64(in.lookAhead, int64(s.LookAhead), whole)

	part := func(name, role string, more ...attribute.KeyValue) []attribute.KeyValue {
		return append([]attribute.KeyValue{run, attribute.String("vimap.stage", name), attribute.String("vimap.role", role)}, more...)
	}
	source := metric.WithAttributes(part(s.Source.Name, "source")...)
	o.ObserveFloat64(in.working, s.Source.Working.Seconds(), source)
	o.ObserveFloat64(in.blocked, s.Source.Blocked.Seconds(), source)
	sink := metric.WithAttributes(part("sink", "sink")...)
	o.ObserveFloat64(in.working, s.Sink.Working.Seconds(), sink)
	o.ObserveFloat64(in.waiting, s.Sink.Waiting.Seconds(), sink)
	o.ObserveInt64(in.queue, int64(s.Sink.Queue), sink)

	for i := range s.Stages {
		st := &s.Stages[i]
		about := part(st.Name, string(st.Role), attribute.Int("vimap.node", st.Node))
		with := metric.WithAttributes(about...)
		for name, n := range map[string]int64{
			"started": st.Started, "done": st.Done, "failed": st.Failed, "filtered": st.Filtered, "retried": st.Retried,
		} {
			fate(in.stageItems, n, name, about[1:]...)
		}
		o.ObserveInt64(in.queue, int64(st.Queue), with)
		o.ObserveInt64(in.back, int64(st.BackingOff), with)
		o.ObserveInt64(in.workers, int64(st.Size), with)
		o.ObserveFloat64(in.working, st.Working.Seconds(), with)
		o.ObserveFloat64(in.waiting, st.Waiting.Seconds(), with)
		o.ObserveFloat64(in.blocked, st.Blocked.Seconds(), with)
		if l := st.Latency; l.Count > 0 {
			for q, d := range map[string]float64{"0.5": l.P50.Seconds(), "0.9": l.P90.Seconds(), "0.99": l.P99.Seconds(), "1": l.Max.Seconds()} {
				o.ObserveFloat64(in.latency, d, with, metric.WithAttributes(attribute.String("vimap.quantile", q)))
			}
		}
	}
}
