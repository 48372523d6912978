package laws

import "slices"

// The model: the interpreter walks a chain as a plain loop would.

// outcome is one result, by the model or of a run.
type outcome struct {
	index    int64
	in, out  int
	stage    string // that failed
	fault    string
	input    int // of the part that failed
	attempts int
}

// expected is what the model says of a chain and its items.
type expected struct {
	outcomes []outcome
	filtered int64
	rescued  int64
	orders   map[*Step]map[int][]int // of stages with keys
	memories map[*Step]*memory
}

// interpret runs the chain as a plain loop over items.
func interpret(chain []*Step, items []int) expected {
	e := expected{orders: map[*Step]map[int][]int{}}
	for i, item := range items {
		e.walk(chain, outcome{index: int64(i), in: item}, item)
	}
	for i, s := range chain {
		if s.kind == "chunk" {
			e.flush(s, chain[i+1:])
		}
	}
	for _, order := range e.orders {
		for key, list := range order {
			order[key] = slices.Compact(list)
		}
	}
	return e
}

func (e *expected) walk(chain []*Step, o outcome, v int) {
	if len(chain) == 0 {
		o.out = v
		e.outcomes = append(e.outcomes, o)
		return
	}
	s, rest := chain[0], chain[1:]
	switch {
	case s.kind == "rescue": // nothing has failed
		e.walk(rest, o, v)
		return
	case s.kind == "sample" && chance(uint64(s.salt), uint64(o.index)) >= s.share():
		e.filtered++
		return
	case s.together():
		e.count(s, rest, o, v)
		return
	}
	if s.keys > 0 {
		if e.orders[s] == nil {
			e.orders[s] = map[int][]int{}
		}
		e.orders[s][v%s.keys] = append(e.orders[s][v%s.keys], v)
	}
	if s.next != nil {
		rest = append([]*Step{s.next}, rest...)
	}
	e.made(s, rest, o, v, s.verdict(v))
}

// made takes what a step made of an item to the rest of the chain.
func (e *expected) made(s *Step, rest []*Step, o outcome, v int, verdict verdict) {
	for _, out := range verdict.outs {
		e.walk(rest, o, out)
	}
	switch {
	case verdict.fault != "":
		o.stage, o.fault, o.attempts, o.input = s.name, verdict.fault, verdict.attempts, v
		if s.inline() && verdict.fault != "error" {
			o.input = o.in // where only the item is known, it stands for the input
		}
		e.fail(rest, o)
	case len(verdict.outs) == 0:
		e.filtered++
	}
}

// fail takes a failure to the next step that may rescue the item, or drops all
// that comes, or to the end.
func (e *expected) fail(chain []*Step, o outcome) {
	i := slices.IndexFunc(chain, func(s *Step) bool { return s.kind == "rescue" || e.spent(s) })
	if i < 0 {
		e.outcomes = append(e.outcomes, o)
		return
	}
	if chain[i].kind == "take" {
		e.filtered++
		return
	}
	s, rest := chain[i], chain[i+1:]
	switch verdict := s.verdict(o.in); verdict.fault {
	case "":
		e.rescued++
		e.walk(rest, outcome{index: o.index, in: o.in}, verdict.outs[0])
	case givesBack:
		e.fail(rest, o)
	default:
		e.fail(rest, outcome{index: o.index, in: o.in, stage: s.name, fault: verdict.fault, attempts: 1, input: o.in})
	}
}
