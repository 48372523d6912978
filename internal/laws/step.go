package laws

import (
	"fmt"
	"slices"
	"time"
)

// Step is one link of a random chain on numbers. What it makes of a number,
// faults included, is a function of the step and the number alone: verdict.
type Step struct {
	kind    string
	name    string
	salt    int
	rate    int // so many of 1,000 numbers are faulty
	faults  []string
	workers int
	size    int // of a batch
	n       int // that the step counts
	keys    int // 0: none
	retried bool
	zipped  bool          // by vimap.Zip
	limit   time.Duration // Timeout; 0: none
	nap     time.Duration // the longest work on an input; 0: none
	opens   string        // "", or the opening that fails: "first", "one" or "every"
	shuts   string        // "", or how some closings fail
	next    *Step         // composed by Then
	fake    bool
	serial  bool
	*kids   // of a step whose workers are child processes
	*crew
}

// verdict is what a step makes of a number: its outputs, then its fault.
type verdict struct {
	outs     []int
	fault    string // "" or what said says of it
	attempts int    // if it failed
	deed     string // what the function does: the fault as it was drawn
}

// dice throws a die with so many sides for a number, the same one each time.
func (s *Step) dice(v, throw, sides int) int {
	h := uint64(v)*0x9E3779B97F4A7C15 + uint64(s.salt)*0xD1B54A32D192ED03 + uint64(throw)*0x8CB92BA72F3D8DD7
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	h ^= h >> 29
	return int(h % uint64(sides))
}

func (s *Step) verdict(v int) verdict {
	result := verdict{attempts: 1}
	if len(s.faults) > 0 && s.dice(v, 1, 1_000) < s.rate {
		result.deed = s.faults[s.dice(v, 2, len(s.faults))]
	}
	if result.deed == "flaky" && !s.retried {
		result.deed = "error"
	}
	if result.deed != "flaky" {
		result.fault = s.said(result.deed)
	}
	if s.retried && result.deed != "permanent" {
		result.attempts = attempts
	}
	outs := 1
	switch {
	case s.kind == "flatmap":
		outs = s.dice(v, 3, 4)
	case result.fault != "" || s.kind == "filter" && s.dice(v, 3, 3) == 0:
		outs = 0
	case s.kind == "rescue":
		v++ // to tell it from a map of the item
	}
	for k := range outs {
		out := v
		if s.kind != "filter" && s.kind != "tap" && s.kind != "sample" {
			out = (v*3 + s.salt + k) % 1_000_003
		}
		result.outs = append(result.outs, out)
	}
	return result
}

// inline says that the step has no workers of its own.
func (s *Step) inline() bool { return slices.Contains(inlines, s.kind) || s.together() }

// attempts is how often a stage with a Retry policy tries an input.
const attempts = 3

var (
	inlines = []string{"map", "try", "filter", "flatmap", "rescue", "tap", "sample"}
	stages  = []string{"func", "func", "open", "open", "each", "bulk", "loop", "loop each"}
)

// drawStep draws the i-th step of a chain. In fake time work may take long.
func drawStep(d Draws, g *guard, i int, fake bool) *Step {
	s := &Step{
		kind: pick(d, slices.Concat(inlines, several, stages, stages)...),
		salt: d(0, 99),
		rate: pick(d, 0, 0, 5, 50, 300),
		fake: fake,
	}
	s.name = fmt.Sprint("stage ", i)
	if s.inline() {
		s.name = s.kind
		s.faults = dying
		switch s.kind {
		case "try":
			s.faults = append([]string{"error"}, dying...)
		case "rescue":
			s.faults = append([]string{"error", givesBack, givesBack}, dying...)
			s.rate = pick(d, 0, 300, 700)
		case "sample":
			s.rate, s.faults = 0, nil
		}
		if s.together() {
			s.drawSeveral(d)
		}
		s.crew = newCrew(g, s.name)
		return s
	}
	s.drawWorkers(d)
	s.crew = newCrew(g, s.name)
	s.zipped = d.oneIn(6)
	if d.oneIn(6) {
		s.next = drawStage(d, g, s, fake)
	}
	if d.oneIn(4) && s.mayBePooled() {
		s.setPooled(true)
	}
	return s
}

// drawStage draws the second part of a composed stage.
func drawStage(d Draws, g *guard, first *Step, fake bool) *Step {
	s := &Step{kind: pick(d, stages...), salt: d(100, 199), rate: pick(d, 0, 0, 5, 50), fake: fake, name: first.name + ", second part"}
	s.drawWorkers(d)
	s.crew = newCrew(g, s.name)
	return s
}

// drawWorkers draws what a stage is told, and what goes wrong with its workers.
func (s *Step) drawWorkers(d Draws) {
	s.workers = pick(d, d(1, 4), d(1, 4), d(1, 64))
	s.retried = d.oneIn(2)
	if s.kind == "bulk" {
		s.size, s.retried = d(1, 50), true // so that the blame is exact
	} else if d.oneIn(5) {
		s.keys = d(1, 20)
	}
	if d.oneIn(4) {
		s.limit = 20 * time.Millisecond
	}
	if d.oneIn(3) {
		s.nap = time.Duration(pick(d, 20, 200)) * time.Microsecond
		if s.fake {
			s.nap = 5 * time.Millisecond
		}
	}
	s.drawFaults(d)
	if s.kind == "func" || s.kind == "bulk" {
		return
	}
	switch {
	case d.oneIn(8):
		s.opens = "first"
	case d.oneIn(8) && s.workers > 1 && (s.kind == "each" || s.kind == "loop each"):
		s.opens = "one"
	case d.oneIn(30):
		s.opens = "every"
	}
	if d.oneIn(8) && (s.kind == "open" || s.kind == "each") {
		s.shuts = pick(d, append([]string{"error"}, dying...)...)
	}
}

// drawFaults draws which of the faults of its kind a stage has.
func (s *Step) drawFaults(d Draws) {
	all := append(slices.Clone(failing), dying...)
	switch s.kind {
	case "loop", "loop each":
		all = append(all, turning...)
	case "bulk":
		all = append(all, "miscounts")
		all = slices.DeleteFunc(all, func(f string) bool { return f == "permanent" }) // it would be its neighbours', too
	}
	if s.limit > 0 && s.fake {
		all = append(all, timed...)
	} else if s.limit > 0 && s.rate <= 5 {
		all = append(all, "late")
	}
	if d.oneIn(2) {
		for range d(1, 3) {
			s.faults = append(s.faults, pick(d, all...))
		}
		return
	}
	s.faults = all
}

// parts are the step and what it was composed of.
func (s *Step) parts() []*Step {
	if s.next == nil {
		return []*Step{s}
	}
	return append([]*Step{s}, s.next.parts()...)
}

// String is one line.
func (s *Step) String() string {
	text := fmt.Sprintf("%s: salt %d, %d of 1000 faulty", s.kind, s.salt, s.rate)
	if s.rate > 0 {
		text += fmt.Sprintf(" by %q", s.faults)
	}
	if s.together() {
		text += fmt.Sprintf(", n %d, nap %v", s.n, s.nap)
	}
	if !s.inline() {
		text += fmt.Sprintf(", workers %d, size %d, keys %d, retried %v, zipped %v, pooled %v, limit %v, nap %v, opens %q, shuts %q",
			s.workers, s.size, s.keys, s.retried, s.zipped, s.pooled, s.limit, s.nap, s.opens, s.shuts)
	}
	if s.kids != nil {
		text += fmt.Sprintf(", in flight %d, recycle %d, spares %d", s.options.InFlight, s.options.Recycle, s.options.Spares)
	}
	if s.next != nil {
		text += "\n\t\tthen " + s.next.String()
	}
	return text
}
