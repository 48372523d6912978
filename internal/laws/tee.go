package laws

import (
	"slices"

	"github.com/vimap-go/vimap"
)

// other is the second sink of a Tee.
type other struct {
	is     bool
	before bool // it has its turn first
	batch  int
	leaves int // after so many outcomes; 0: never
	got    []outcome
	left   bool
}

func drawOther(d Draws) *other {
	o := &other{is: true, before: d.oneIn(2), batch: pick(d, 0, 0, d(1, 20))}
	if d.oneIn(3) {
		o.leaves = d(1, pick(d, 3, 50))
	}
	return o
}

// tee runs the sink of the program and another over one run.
func (p *Program) tee(run *vimap.Run[int, int], sink func(*vimap.Run[int, int]) error) (err error) {
	first := func(run *vimap.Run[int, int]) (int, error) { return 0, sink(run) }
	second := func(run *vimap.Run[int, int]) (int, error) {
		defer p.enter("the other sink")()
		p.other.take(p, run)
		return 0, nil
	}
	if p.other.before {
		first, second = second, first
	}
	_, _, err = run.Tee(first, second)
	return err
}

func (o *other) take(p *Program, run *vimap.Run[int, int]) {
	add := func(one outcome) (more bool) {
		o.got = append(o.got, one)
		o.left = o.left || len(o.got) == o.leaves
		return !o.left
	}
	switch {
	case !p.zip:
		for result := range run.Results() {
			if !add(p.outcomeOf(result)) {
				return
			}
		}
	case o.batch > 0:
		for pairs := range run.Batches(o.batch, 0) {
			for _, pair := range pairs {
				add(outcome{in: pair.In, out: pair.Out})
			}
			if o.left {
				return
			}
		}
	default:
		for in, out := range run.Zip() {
			if !add(outcome{in: in, out: out}) {
				return
			}
		}
	}
}

// checkOther holds that both sinks have seen the same.
func (p *Program) checkOther(s *seen) {
	o := p.other
	if !o.is {
		return
	}
	n := min(len(o.got), len(s.got))
	if !slices.Equal(o.got[:n], s.got[:n]) {
		p.report("zip: the sinks of a Tee have seen other outcomes: %v and %v", s.got[:n], o.got[:n])
	}
	least, most := len(s.got), len(s.got)
	if p.cutShort(s) {
		least, most = least-1-max(o.batch, p.batch), most+1+max(o.batch, p.batch)
	}
	if o.left {
		least = 0
	}
	if len(o.got) < least || len(o.got) > most {
		p.report("conservation: of %d outcomes the other sink of a Tee has seen %d", len(s.got), len(o.got))
	}
}
