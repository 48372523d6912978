package vimap

import (
	"fmt"
	"runtime"
	"time"
)

// Bottleneck says what holds a run back, and what more of it would bring. See
// [Stats.Bottleneck].
type Bottleneck struct {
	Kind    BottleneckKind
	Part    string  // the name of the stage, "source" or "sink"; "" if nothing stands out
	Node    int     // which of Plan.Nodes it is; -1 for the sink, or if nothing stands out
	Busy    float64 // the share of the time that it was at work, up to 1
	Doubled float64 // how many times as fast the run is at most with twice its workers; 0 if it can have no more
	Most    float64 // the same with as many as you like
	Next    string  // what would hold the run back then, as in Part
	Text    string  // all that in words
}

// BottleneckKind says what sort of thing holds a run back.
type BottleneckKind string

// The kinds of bottlenecks.
const (
	LimitedByNothing   BottleneckKind = ""           // nothing stands out, or too little is known
	LimitedBySource    BottleneckKind = "source"     // it brings items no faster
	LimitedByStage     BottleneckKind = "stage"      // its workers are at work all the time
	LimitedBySink      BottleneckKind = "sink"       // the loop over the run takes outcomes no faster
	LimitedByLookAhead BottleneckKind = "look-ahead" // nobody is busy, and the source waits for room
)

// String is Text.
func (b Bottleneck) String() string { return b.Text }

// mostlyBusy is the share of its time from which on a part holds the run back.
const mostlyBusy = 0.7

// Bottleneck concludes what holds the run back: of the source, the workers of
// each stage and the loop over the run, what was at work for the largest share
// of the time. What more workers would bring at most follows from the share of
// the next. These are means over the whole run, without the opening and the
// closing of workers.
//
// Whether a worker computes or waits can't be seen from outside. Where it
// matters the text says so: workers that compute are no faster if there are
// more of them than processors.
func (s Stats) Bottleneck() Bottleneck {
	b := Bottleneck{Node: -1}
	span := s.span()
	if span <= 0 || s.Read == 0 {
		b.Text = "Too little has happened to say what holds the run back."
		return b
	}
	all := s.candidates(span)
	first, next := all[0], candidate{}
	for _, c := range all[1:] {
		switch {
		case c.busy > first.busy:
			first, next = c, first
		case c.busy > next.busy:
			next = c
		}
	}
	if first.busy < mostlyBusy {
		return s.slack(first, span)
	}
	b.Kind, b.Part, b.Node, b.Busy = first.kind, first.name, first.node, first.busy
	switch {
	case first.kind == LimitedBySource:
		b.Text = fmt.Sprintf("The source holds the run back: it was at work for %.0f %% of the time.", 100*first.busy)
	case first.kind == LimitedBySink:
		b.Text = fmt.Sprintf("The loop over the run holds it back: it was at work for %.0f %% of the time.", 100*first.busy)
	case first.fixed && first.size > 1:
		b.Text = fmt.Sprintf("%s holds the run back: its %d workers, one for each processor, were at work for %.0f %% of the time.", first.says, first.size, 100*first.busy)
	case first.fixed:
		b.Text = fmt.Sprintf("%s holds the run back: its one goroutine was at work for %.0f %% of the time, and it can have no more.", first.says, 100*first.busy)
	default:
		b.Next = next.name
		b.Most = 1 / max(next.busy, 0.001)
		b.Doubled = max(1, min(2, b.Most))
		b.Most = max(1, b.Most)
		b.Text = fmt.Sprintf("%s holds the run back: its %s at work for %.0f %% of the time. Twice as many make the run at most %.1f times as fast",
			first.says, were(first.size), 100*first.busy, b.Doubled)
		if b.Most < 2 {
			b.Text += fmt.Sprintf("; then %s holds it back", next.called)
		}
		b.Text += "." + s.computing(span)
	}
	return b
}

func were(workers int) string {
	if workers == 1 {
		return "one worker was"
	}
	return fmt.Sprintf("%d workers were", workers)
}

// candidate is what may hold a run back.
type candidate struct {
	kind   BottleneckKind
	name   string
	says   string // at the beginning of a sentence
	called string // in a sentence
	node   int
	size   int
	busy   float64
	fixed  bool // it can have no more workers
}

func (s Stats) candidates(span time.Duration) []candidate {
	share := func(d time.Duration) float64 { return min(1, float64(d)/float64(span)) }
	all := []candidate{
		{kind: LimitedBySource, name: "source", called: "the source", busy: share(s.Source.Working)},
		{kind: LimitedBySink, name: "sink", called: "the loop over the run", node: -1, busy: share(s.Sink.Working)},
	}
	for i := range s.Stages {
		g := &s.Stages[i]
		if g.Role == RolePool {
			continue // its workers do not wait for what they hand on
		}
		c := candidate{
			kind: LimitedByStage, name: g.Name, node: g.Node, size: g.Size, busy: g.busy(span),
			called: fmt.Sprintf("stage %q", g.Name), says: fmt.Sprintf("Stage %q", g.Name),
		}
		switch g.Role {
		case RoleKeys:
			c.called, c.says = "the key function of "+c.called, fmt.Sprintf("The key function of stage %q", g.Name)
		case RoleBatches:
			c.called, c.says = "the gathering of batches for "+c.called, fmt.Sprintf("The gathering of batches for stage %q", g.Name)
		case RoleFlatMap, RoleSteps, RoleTurn:
			c.called, c.says = fmt.Sprintf("%q", g.Name), fmt.Sprintf("%q", g.Name)
		default:
		}
		c.fixed = g.Role != RoleStage
		all = append(all, c)
	}
	return all
}

// slack is the conclusion where nobody is busy.
func (s Stats) slack(busiest candidate, span time.Duration) Bottleneck {
	b := Bottleneck{Node: -1}
	b.Text = fmt.Sprintf("Nothing stands out: the busiest is %s, at work for %.0f %% of the time.", busiest.called, 100*busiest.busy)
	if s.Source.Blocked < span/2 {
		return b
	}
	b.Kind = LimitedByLookAhead
	b.Text = fmt.Sprintf("The look-ahead of %d items holds the run back: the source waited for room for %s of the time, and nobody is busy (%s for %.0f %%).",
		s.LookAhead, percent(s.Source.Blocked, span), busiest.called, 100*busiest.busy)
	for i := range s.Stages {
		if s.Stages[i].Retried > 0 {
			b.Text += fmt.Sprintf(" Inputs of stage %q that wait for another attempt take room.", s.Stages[i].Name)
			break
		}
	}
	return b
}

// computing warns of what can't be seen from outside.
func (s Stats) computing(span time.Duration) string {
	var working time.Duration
	for i := range s.Stages {
		working += s.Stages[i].Working
	}
	processors := runtime.GOMAXPROCS(0)
	if at := float64(working) / float64(span); at >= 0.9*float64(processors) {
		return fmt.Sprintf(" On average %.1f workers were at work at once on %s: if they compute rather than wait, more bring nothing.",
			at, number(int64(processors), "processor"))
	}
	return ""
}

// span is the time in which the run was at work on items.
func (s Stats) span() time.Duration { return s.Elapsed - s.Opening - s.Closing }

// busy is the share of a span that the workers of a stage were at work, as if
// all that it may have had been there.
func (s *StageStats) busy(span time.Duration) float64 {
	if span <= 0 || s.Size == 0 {
		return 0
	}
	return min(1, float64(s.Working)/float64(span)/float64(s.Size))
}
