package laws

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vimap-go/vimap"
)

// Program is a random chain with random items, faults and an end. It is run
// once.
type Program struct {
	fake     bool
	serial   bool // see Serial
	chain    []*Step
	ordered  bool
	inFlight int
	bare     bool  // adds lent lines up as they are
	added    *Step // of the chain, of an aggregate; nil: none
	source
	end
	policy
	dead     []outcome // letters
	deadEnds int       // how often their sink ended
	*guard
	reads atomic.Int64 // items of which something will come
	done  atomic.Int64 // those of which all was delivered
}

// Draw draws a program. One for fake time also has work and calls that take
// seconds.
func Draw(d Draws, fake bool) *Program {
	p := &Program{fake: fake, guard: new(guard)}
	p.ordered = d.oneIn(2)
	p.inFlight = pick(d, 0, 0, 0, 1, 2, 7, 100)
	flatMaps := 0
	for i := range d(0, 6) {
		s := drawStep(d, p.guard, i, fake)
		if s.kind == "flatmap" {
			if flatMaps++; flatMaps > 3 {
				continue
			}
		}
		p.chain = append(p.chain, s)
	}
	p.source = drawSource(d, p.inFlight, fake)
	p.drawLent(d)
	p.inOrder()
	p.end = drawEnd(d, &p.source, fake)
	p.policy = drawPolicy(d)
	p.drawAdd(d)
	return p
}

// String describes the program.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", &p.source)
	for _, s := range p.chain {
		fmt.Fprintf(&b, "\t%s\n", s)
	}
	fmt.Fprintf(&b, "ordered %v, in flight %d, bare %v, fake time %v\n%s\n%s", p.ordered, p.inFlight, p.bare, p.fake, &p.end, p.policy)
	return b.String()
}

// parts are the steps of the chain, those that were composed one by one.
func (p *Program) parts() (all []*Step) {
	for _, s := range p.chain {
		all = append(all, s.parts()...)
	}
	return all
}

// has reports whether a part of the chain is as f says.
func (p *Program) has(f func(*Step) bool) bool { return slices.ContainsFunc(p.parts(), f) }

// bound is how many items may be in flight.
func (p *Program) bound() int {
	if p.inFlight > 0 {
		return p.inFlight
	}
	least := 0
	for _, s := range p.parts() {
		least += 8 + 2*s.workers*max(1, 1+s.size)
	}
	return max(16_384, 4*least)
}

// pipeline builds the chain.
func (p *Program) pipeline(pools *pools) vimap.Pipeline[int, int] {
	chain := p.from()
	for _, s := range p.chain {
		if s != p.added {
			chain = s.add(chain, pools)
		}
	}
	chain = p.judge(chain)
	if p.ordered {
		chain = chain.Ordered()
	}
	if p.inFlight > 0 {
		chain = chain.InFlight(p.inFlight)
	}
	return chain
}

// outcomesOf is how many outcomes come of an item.
func (p *Program) outcomesOf(item int) int { return len(interpret(p.chain, []int{item}).outcomes) }

// later is when something of a program ends that nothing else ends.
func later(d Draws, fake bool) time.Duration {
	if fake {
		return time.Duration(d(1, 200)) * time.Millisecond
	}
	return time.Duration(d(1, 5_000)) * time.Microsecond
}
