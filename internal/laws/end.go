package laws

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/vimap-go/vimap"
)

// end is who takes what comes of a program, and how it ends.
type end struct {
	zip   bool          // takes Zip, not Results
	adds  bool          // takes an Aggregate, of what is Zip otherwise
	sink  bool          // runs by To
	way   string        // "": when there is nothing more
	at    int           // the outcome with which it ends, from 1
	after time.Duration // when the context is cancelled besides; 0: never
	stops time.Duration // when the run is stopped besides; 0: never
	slow  bool          // takes its time for each outcome
	batch int           // takes Batches of so many, of what is Zip otherwise; 0: none
	other *other
}

func drawEnd(d Draws, from *source, fake bool) end {
	e := end{zip: d.oneIn(3), sink: d.oneIn(3), slow: d.oneIn(5)}
	ways := []string{"leave", "cancel", "stop"}
	if e.sink {
		ways = append(ways, "error", "panic error", "goexit")
	}
	e.adds = e.zip && (d.oneIn(3) || from.form == "lent")
	e.other = new(other)
	switch {
	case e.adds: // it can't leave a loop that it has not
		ways, e.sink = []string{"cancel", "stop"}, false
	case d.oneIn(4):
		e.other, ways = drawOther(d), []string{"cancel", "stop", "error", "panic error", "goexit"}
	}
	if e.zip && !e.adds && d.oneIn(3) {
		e.batch = d(1, 50)
	}
	if d.oneIn(8) {
		e.stops = later(d, fake)
	}
	forever := from.n == endless || from.breaks == "blocks" || from.breaks == "deaf"
	if forever || d.oneIn(2) {
		e.way, e.at = pick(d, ways...), d(1, pick(d, 3, 50, 1_000))
	}
	if forever || d.oneIn(6) {
		e.after = later(d, fake)
	}
	return e
}

// String is one line.
func (e *end) String() string {
	return fmt.Sprintf("zip %v, aggregate %v, by a sink %v, slow %v, batches of %d, beside %+v, ends by %q at %d, cancelled after %v, stopped after %v",
		e.zip, e.adds, e.sink, e.slow, e.batch, *e.other, e.way, e.at, e.after, e.stops)
}

// seen is what came of a run.
type seen struct {
	got   []outcome
	ended string        // the way that was taken, if it was reached
	since time.Time     // when the end was called for
	took  time.Duration // from then to the return
	last  int           // how many outcomes came with the last
	err   error         // of the run
	said  error         // by To
	stats vimap.Stats
}

// run runs the program.
func (p *Program) run(ctx context.Context, pools *pools) *seen {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := new(seen)
	if p.after > 0 {
		defer time.AfterFunc(p.after, func() { cancel(errEnd) }).Stop()
	}
	stop := func() { cancel(errEnd) }
	if p.bare {
		p.runBare(ctx, s, stop)
		return s
	}
	var run *vimap.Run[int, int]
	if p.sink {
		_, s.said = p.pipeline(pools).To(ctx, func(r *vimap.Run[int, int]) (int, error) {
			run = r
			return len(s.got), p.take(r, s, stop)
		})
	} else {
		run = p.pipeline(pools).Start(ctx)
		s.said = p.take(run, s, stop)
	}
	s.took = time.Since(s.since)
	s.err, s.stats = run.Err(), run.Stats()
	return s
}

// take ranges over the run until it ends or is ended.
func (p *Program) take(run *vimap.Run[int, int], s *seen, cancel func()) error {
	if p.stops > 0 {
		defer time.AfterFunc(p.stops, run.Stop).Stop()
	}
	if p.other.is {
		return p.tee(run, func(run *vimap.Run[int, int]) error { return p.loop(run, s, cancel) })
	}
	return p.loop(run, s, cancel)
}

func (p *Program) loop(run *vimap.Run[int, int], s *seen, cancel func()) error {
	p.outcomes(run, s, cancel)
	if s.ended == "error" {
		return errSink
	}
	return nil
}

func (p *Program) outcomes(run *vimap.Run[int, int], s *seen, cancel func()) {
	due := map[int64]int{}
	if p.adds {
		p.aggregate(run, s, cancel)
		return
	}
	if p.batch > 0 {
		for pairs := range run.Batches(p.batch, time.Duration(p.batch%3)*time.Millisecond) {
			for _, pair := range pairs {
				s.got = append(s.got, outcome{in: pair.In, out: pair.Out})
			}
			s.last = len(pairs)
			more := p.goesOn(run, s, cancel)
			if p.done.Add(int64(len(pairs))); !more {
				break
			}
		}
		return
	}
	s.last = 1
	if p.zip {
		for in, out := range run.Zip() {
			s.got = append(s.got, outcome{in: in, out: out})
			more := p.goesOn(run, s, cancel)
			if p.done.Add(1); !more {
				break
			}
		}
		return
	}
	for result := range run.Results() {
		o := p.outcomeOf(result)
		s.got = append(s.got, o)
		more := p.goesOn(run, s, cancel)
		if p.countable() {
			if _, known := due[o.index]; !known {
				due[o.index] = p.outcomesOf(o.in)
			}
			if due[o.index]--; due[o.index] == 0 {
				delete(due, o.index)
				p.done.Add(1)
			}
		}
		if !more {
			break
		}
	}
}

// countable says that the program knows how many items are in flight.
func (p *Program) countable() bool {
	return p.form != "lent" && p.form != "merge" && !p.other.is && !p.has(func(s *Step) bool { return s.together() || s.kind == "sample" || p.zip && s.kind == "flatmap" })
}

// goesOn ends the run with the outcome that it is to end with.
func (p *Program) goesOn(run *vimap.Run[int, int], s *seen, cancel func()) bool {
	if p.slow && len(s.got)%10 == 0 {
		time.Sleep(100 * time.Microsecond)
	}
	if len(s.got) < p.at || len(s.got)-s.last >= p.at {
		return true
	}
	s.ended, s.since = p.way, time.Now()
	switch p.way {
	case "leave", "error":
		return false
	case "cancel":
		cancel()
	case "stop":
		run.Stop()
	default:
		die(p.way)
	}
	return true
}

// aggregate takes the outcomes in the workers.
func (p *Program) aggregate(run *vimap.Run[int, int], s *seen, cancel func()) {
	count := p.counter(s, run.Stop, cancel)
	s.got = run.Aggregate(none, func(got []outcome, in, out int) []outcome {
		defer p.enter("the aggregate")()
		if p.added != nil {
			p.added.dies(p.added.verdict(out))
		}
		count()
		return append(got, outcome{in: in, out: out})
	}, both)
}

// counter returns what the workers call for each outcome that they take. It ends
// the run with the one that it is to end with.
func (p *Program) counter(s *seen, stop, cancel func()) func() {
	var taken atomic.Int64
	return func() {
		p.done.Add(1)
		if taken.Add(1) == int64(p.at) {
			s.ended, s.since = p.way, time.Now()
			if p.way == "stop" {
				stop()
			} else {
				cancel()
			}
		}
	}
}

func none() []outcome { return nil }

func both(some, others []outcome) []outcome { return append(some, others...) }
