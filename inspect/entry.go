package inspect

import (
	"sync"
	"time"

	"github.com/vimap-go/vimap"
)

const (
	mostSamples = 240
	// between samples at the least, however many look.
	sampleEvery = 500 * time.Millisecond
	// over which what is called the present is averaged.
	present = 2 * time.Second
)

// entry is a run on the page.
type entry struct {
	id       int
	failures *Failures

	mu      sync.Mutex
	run     Run // without Of once the run is over
	final   *vimap.Stats
	samples []sample // oldest first
}

// sample is what was counted at a time.
type sample struct {
	at                  time.Duration // since the run began
	read, taken, failed int64
	source, sink        time.Duration // at work
	stages              []stageSample
}

type stageSample struct {
	started int64
	working time.Duration
}

// glance is a run as it was at one moment.
type glance struct {
	*entry
	name    string
	stats   vimap.Stats
	now     sample
	before  sample // what the present is compared with
	samples []sample
}

func (g *glance) begun() bool { return !g.stats.Began.IsZero() }
func (g *glance) over() bool  { return g.begun() && !g.stats.Running }

// look reads the figures of the run, and notes a sample of them.
func (e *entry) look() *glance {
	e.mu.Lock()
	defer e.mu.Unlock()
	g := &glance{entry: e, name: e.run.Name}
	if e.final != nil {
		g.stats = *e.final
	} else {
		g.stats = e.run.Of.Stats()
		if g.over() {
			e.final, e.run.Of = &g.stats, nil // a run that is over is not held
		}
	}
	if !g.begun() {
		return g
	}
	g.now = sampleOf(&g.stats)
	if n := len(e.samples); n == 0 {
		// The first look: all that was before counts as one stretch.
		e.samples = append(e.samples, sample{at: min(g.stats.Opening, g.now.at), stages: make([]stageSample, len(g.now.stages))})
	} else if g.now.at-e.samples[n-1].at < sampleEvery && (!g.over() || g.now.at == e.samples[n-1].at) {
		g.finish()
		return g
	}
	e.samples = append(e.samples, g.now)
	if extra := len(e.samples) - mostSamples; extra > 0 {
		e.samples = append(e.samples[:0], e.samples[extra:]...)
	}
	g.finish()
	return g
}

// finish chooses what the present is compared with: of a run that is over, its
// beginning.
func (g *glance) finish() {
	g.samples = append(g.samples, g.entry.samples...)
	g.before = sample{at: min(g.stats.Opening, g.now.at), stages: make([]stageSample, len(g.now.stages))}
	if g.over() {
		g.now.at = max(g.before.at, g.now.at-g.stats.Closing)
		return
	}
	for _, s := range g.samples {
		if g.now.at-s.at < present && g.before.at > 0 {
			break
		}
		if s.at < g.now.at && len(s.stages) == len(g.now.stages) {
			g.before = s
		}
	}
}

func sampleOf(s *vimap.Stats) sample {
	now := sample{
		at: s.Elapsed, read: s.Read, taken: s.Sink.Taken, failed: s.Failed,
		source: s.Source.Working, sink: s.Sink.Working, stages: make([]stageSample, len(s.Stages)),
	}
	for i := range s.Stages {
		now.stages[i] = stageSample{s.Stages[i].Started, s.Stages[i].Working}
	}
	return now
}

// perSecond is how fast a count grew.
func (g *glance) perSecond(now, before int64) float64 {
	span := g.now.at - g.before.at
	if span <= 0 {
		return 0
	}
	return max(0, float64(now-before)/span.Seconds())
}

// busy is the share of the time that so many workers were at work.
func (g *glance) busy(now, before time.Duration, workers int) float64 {
	span := g.now.at - g.before.at
	if span <= 0 || workers < 1 {
		return 0
	}
	return min(1, max(0, float64(now-before)/float64(span)/float64(workers)))
}
