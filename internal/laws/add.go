package laws

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/vimap-go/vimap"
)

// drawAdd draws what goes wrong in the function of an aggregate: it is the last
// step of the chain. Some of the programs over lent lines have no other, and add
// the lines up as they are.
func (p *Program) drawAdd(d Draws) {
	bare := p.form == "lent" && d.oneIn(5)
	if bare {
		p.makeBare(d)
	}
	if bare || p.adds && d.oneIn(2) {
		p.added = &Step{kind: "tap", name: "aggregate", salt: d(0, 99), rate: pick(d, 0, 0, 1, 5, 300), faults: dying}
		if !bare { // it may run in the goroutine of the caller
			p.added.faults = slices.DeleteFunc(slices.Clone(dying), func(f string) bool { return f == "goexit" })
		}
		p.added.crew = newCrew(p.guard, p.added.name)
		p.chain = append(p.chain, p.added)
	}
}

func (p *Program) makeBare(d Draws) {
	p.bare, p.ordered, p.inFlight, p.policy, p.chain = true, false, 0, policy{}, nil
	p.zip, p.adds, p.sink, p.batch, p.other = true, true, false, 0, new(other)
	if p.way != "" {
		p.way = pick(d, "cancel", "stop")
	}
}

func (p *Program) lentLines() vimap.Borrowed {
	return vimap.Lend(vimap.Lender[[]byte]{Lines: lines(p, func(text []byte) []byte { return text }), Blocks: p.blocks})
}

// runBare runs a program that adds up lent lines as they are.
func (p *Program) runBare(ctx context.Context, s *seen, cancel func()) {
	run := p.lentLines().Start(ctx)
	if p.stops > 0 {
		defer time.AfterFunc(p.stops, run.Stop).Stop()
	}
	count := p.counter(s, run.Stop, cancel)
	s.got = run.Aggregate(none, func(got []outcome, line []byte) []outcome {
		defer p.enter("the aggregate")()
		v, err := strconv.Atoi(string(line))
		if err != nil {
			p.report("zip: %q is no line of the text", line)
		}
		p.added.dies(p.added.verdict(v))
		count()
		return append(got, outcome{in: v, out: v})
	}, both)
	s.took = time.Since(s.since)
	s.err, s.stats = run.Err(), run.Stats()
}
