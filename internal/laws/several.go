package laws

import (
	"context"
	"slices"
	"time"

	"github.com/vimap-go/vimap"
)

// several are the steps for which items count together: what they make of one
// hangs on those before it, and so on their order.
var several = []string{"take", "skip", "distinct", "enumerate", "throttle", "chunk", "window"}

// together says that the step is one of several.
func (s *Step) together() bool { return slices.Contains(several, s.kind) }

// drawSeveral draws what such a step is told.
func (s *Step) drawSeveral(d Draws) {
	s.workers = 1
	s.n = pick(d, 1, 2, 7, d(1, 300))
	switch s.kind {
	case "take":
		s.n, s.rate = pick(d, 0, 1, 7, d(1, 300), d(300, 3_000)), 0
	case "skip":
		s.n, s.rate = pick(d, 0, 1, 7, d(1, 300)), 0
	case "distinct":
		s.n = pick(d, 1, 100, 1_000_003)
	case "throttle":
		s.faults = append([]string{"error"}, dying...)
		if d.oneIn(3) && s.fake {
			s.nap = 100 * time.Microsecond
		}
	}
}

// inOrder drops the steps that hang on an order there is not, and the chunks for
// which there is no room.
func (p *Program) inOrder() {
	ordered := p.form != "merge" && (p.ordered || p.has(func(s *Step) bool { return s.keys > 0 }))
	chunks := 0
	p.chain = slices.DeleteFunc(p.chain, func(s *Step) bool {
		if s.kind != "chunk" {
			return s.together() && !ordered || s.kind == "sample" && p.form == "merge"
		}
		full := p.inFlight > 0 && chunks+1 >= p.inFlight
		if ordered && !full {
			chunks++
		}
		return !ordered || full
	})
}

// fold makes a number of several.
func fold(vs []int) (all int) {
	for _, v := range vs {
		all = (all*31 + v) % 1_000_003
	}
	return all
}

// chance is how a Sample decides: the finaliser of splitmix64.
func chance(seed, n uint64) float64 {
	h := seed*0xD1342543DE82EF95 + (n+1)*0x9E3779B97F4A7C15
	for range 2 {
		h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
		h = (h ^ h>>27) * 0x94D049BB133111EB
		h ^= h >> 31
	}
	return float64(h>>11) / (1 << 53)
}

// share is how much a Sample keeps.
func (s *Step) share() float64 { return float64(1+s.salt) / 100 }

// addSeveral appends the step to a pipeline.
func (s *Step) addSeveral(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
	one := func(v int) int { // what the step makes of what it was given
		defer s.call()()
		verdict := s.verdict(v)
		s.dies(verdict)
		return verdict.outs[0]
	}
	switch s.kind {
	case "take":
		return p.Take(s.n)
	case "skip":
		return p.Skip(s.n)
	case "distinct":
		return p.Distinct(func(v int) int { one(v); return v % s.n })
	case "enumerate":
		return p.Enumerate(func(n int64, v int) int { // inline, behind what counts
			defer s.enter(s.name)()
			verdict := s.verdict(v + 13*int(n))
			s.dies(verdict)
			return verdict.outs[0]
		})
	case "throttle":
		return p.Throttle(&limiter{Step: s})
	case "chunk":
		return p.Chunk(s.n, func(vs []int) int { return one(fold(vs)) })
	default:
		return p.Window(s.n, func(vs []int) int { return one(fold(vs)) })
	}
}

// limiter is that of a Throttle: what it does hangs on how many came before.
type limiter struct {
	*Step
	waited int
}

// Wait takes its time, or goes wrong.
func (l *limiter) Wait(ctx context.Context) error {
	defer l.call()()
	verdict := l.verdict(l.waited)
	l.waited++
	if err := l.rest(ctx, l.waited); err != nil {
		return err
	}
	l.dies(verdict)
	if verdict.deed != "" {
		return errInjected
	}
	return nil
}

// memory is what the model keeps of a step's earlier items.
type memory struct {
	n    int
	seen map[int]bool
	held []int
	last outcome // of what is held
}

func (e *expected) memory(s *Step) *memory {
	if e.memories == nil {
		e.memories = map[*Step]*memory{}
	}
	if e.memories[s] == nil {
		e.memories[s] = &memory{seen: map[int]bool{}}
	}
	return e.memories[s]
}

// spent says that a take lets nothing more pass.
func (e *expected) spent(s *Step) bool { return s.kind == "take" && e.memory(s).n == s.n }

// count takes an item to a step for which items count together.
func (e *expected) count(s *Step, rest []*Step, o outcome, v int) {
	m := e.memory(s)
	switch s.kind {
	case "take":
		if m.n == s.n {
			e.filtered++
			return
		}
		m.n++
		e.walk(rest, o, v)
	case "skip":
		if m.n < s.n {
			m.n++
			e.filtered++
			return
		}
		e.walk(rest, o, v)
	case "distinct":
		verdict := s.verdict(v)
		key := v % s.n
		switch {
		case verdict.fault != "":
			e.made(s, rest, o, v, verdict)
		case m.seen[key]:
			e.filtered++
		default:
			m.seen[key] = true
			e.walk(rest, o, v)
		}
	case "enumerate":
		v += 13 * m.n
		m.n++
		e.made(s, rest, o, v, s.verdict(v))
	case "throttle":
		verdict := s.verdict(m.n)
		m.n++
		if verdict.fault == "" {
			verdict.outs = []int{v}
		}
		e.made(s, rest, o, v, verdict)
	case "chunk":
		if len(m.held) > 0 {
			e.filtered++
		}
		m.held, m.last = append(m.held, v), o
		if len(m.held) == s.n {
			e.flush(s, rest)
		}
	case "window":
		if m.held = append(m.held, v); len(m.held) < s.n {
			e.filtered++
			return
		}
		m.held = m.held[len(m.held)-s.n:]
		v = fold(m.held)
		e.made(s, rest, o, v, s.verdict(v))
	}
}

// flush makes a chunk of what is held.
func (e *expected) flush(s *Step, rest []*Step) {
	m := e.memory(s)
	if len(m.held) == 0 {
		return
	}
	v := fold(m.held)
	m.held = nil
	e.made(s, rest, m.last, v, s.verdict(v))
}
