package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// The model: a chain is a list of steps on numbers. What a step makes of a
// number, faults included, is a function of the step and the number alone
// (verdict). The interpreter below walks it as a plain loop would; build makes
// the real chain of the same steps.

// step is one link of a random chain.
type step struct {
	kind    string
	name    string
	salt    int
	rate    int // so many of 1,000 numbers are faulty
	workers int
	size    int // of a batch
	keys    int
	retried bool
	slow    bool // work takes a few milliseconds, in a bubble
	crew    *crew
	ledger  *ledger
	mu      *sync.Mutex
	tries   map[int]int
	next    *step // the second part of a composed stage
}

// verdict is what a step makes of a number: its outputs, then its fault.
type verdict struct {
	outs  []int
	fault string
}

var errInjected = errors.New("injected")

// faultsOf lists what can go wrong in a step of each kind. A flaky number
// succeeds at the second attempt.
var faultsOf = map[string][]string{
	"map": {"panic", "goexit"}, "try": {"error", "panic", "goexit"}, "filter": {"panic", "goexit"}, "flatmap": {"panic", "goexit"},
	"func": {"error", "panic", "goexit", "flaky"}, "open": {"error", "panic", "goexit", "flaky"}, "each": {"error", "panic", "goexit", "flaky"},
	"zip": {"error", "panic", "goexit", "flaky"}, "then": {"error", "panic", "goexit", "flaky"}, "keyed": {"error", "panic", "goexit"},
	"bulk": {"error", "flaky"}, "loop": {"error", "panic", "goexit", "none", "twice", "leave"},
}

// dice throws a die with so many sides for a number, the same one each time.
func (s *step) dice(v, throw, sides int) int {
	h := uint64(v)*0x9E3779B97F4A7C15 + uint64(s.salt)*0xD1B54A32D192ED03 + uint64(throw)*0x8CB92BA72F3D8DD7
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	h ^= h >> 29
	return int(h % uint64(sides))
}

func (s *step) verdict(v int) verdict {
	fault := ""
	if s.dice(v, 1, 1_000) < s.rate {
		kinds := faultsOf[s.kind]
		fault = kinds[s.dice(v, 2, len(kinds))]
	}
	if fault == "flaky" && !s.retried {
		fault = "error"
	}
	outs := 1
	switch {
	case s.kind == "flatmap":
		outs = s.dice(v, 3, 4)
	case fault != "" && fault != "flaky":
		outs = 0
	case s.kind == "filter" && s.dice(v, 3, 3) == 0:
		outs = 0
	}
	result := verdict{fault: fault}
	for k := range outs {
		out := v
		if s.kind != "filter" {
			out = (v*3 + s.salt + k) % 1_000_003
		}
		result.outs = append(result.outs, out)
	}
	return result
}

// outcome is one result, by the model or of a run.
type outcome struct {
	index   int64
	in, out int
	stage   string // that failed
	fault   string
}

// said is how a fault shows in the error of its item.
func said(fault string) string {
	switch fault {
	case "none", "twice", "leave":
		return "yield"
	}
	return fault
}

// expected is what the model says of a chain and its items.
type expected struct {
	outcomes []outcome
	filtered int64
	orders   map[*step]map[int][]int // of keyed steps
}

// interpret runs the chain as a plain loop.
func interpret(chain []*step, items []int) expected {
	e := expected{orders: map[*step]map[int][]int{}}
	for i, item := range items {
		e.walk(chain, outcome{index: int64(i), in: item}, item)
	}
	return e
}

func (e *expected) walk(chain []*step, o outcome, v int) {
	if len(chain) == 0 {
		o.out = v
		e.outcomes = append(e.outcomes, o)
		return
	}
	s := chain[0]
	if s.kind == "keyed" {
		if e.orders[s] == nil {
			e.orders[s] = map[int][]int{}
		}
		e.orders[s][v%s.keys] = append(e.orders[s][v%s.keys], v)
	}
	rest := chain[1:]
	if s.next != nil {
		rest = append([]*step{s.next}, rest...)
	}
	verdict := s.verdict(v)
	for _, out := range verdict.outs {
		e.walk(rest, o, out)
	}
	switch {
	case verdict.fault != "" && verdict.fault != "flaky":
		o.stage, o.fault = s.name, said(verdict.fault)
		e.outcomes = append(e.outcomes, o)
	case len(verdict.outs) == 0:
		e.filtered++
	}
}

// stats are the numbers that a complete run must show.
func (e *expected) stats(read int) vimap.Stats {
	s := vimap.Stats{Read: int64(read), Filtered: e.filtered}
	for _, o := range e.outcomes {
		if o.fault == "" {
			s.Delivered++
		} else {
			s.Failed++
		}
	}
	s.Extra = s.Delivered + s.Failed + s.Filtered - s.Read
	return s
}

// die ends the call as the fault says.
func die(fault string) {
	switch fault {
	case "panic":
		panic(errInjected)
	case "goexit":
		runtime.Goexit()
	}
}

// work is what a worker of a step does with a number.
func (s *step) work(v int) (int, error) {
	if s.slow {
		time.Sleep(time.Duration(s.dice(v, 4, 5)) * time.Millisecond)
	}
	verdict := s.verdict(v)
	die(verdict.fault)
	if verdict.fault == "error" || verdict.fault == "flaky" && s.try(v) == 1 {
		return 0, errInjected
	}
	if verdict.fault == "" || verdict.fault == "flaky" {
		return verdict.outs[0], nil
	}
	return v, nil
}

func (s *step) try(v int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries[v]++
	return s.tries[v]
}

// watched is work as a plain function, with its calls counted.
func (s *step) watched(_ context.Context, v int) (int, error) {
	defer s.crew.enter()()
	if s.kind == "keyed" {
		defer s.ledger.begin(v%s.keys, v)()
	}
	return s.work(v)
}

func (s *step) handed(h *hand, _ context.Context, v int) (int, error) {
	defer h.begin()()
	return s.work(v)
}

// turn is a turn of a loop.
func (s *step) turn(_ context.Context, feed *vimap.Feed[int, int], v int) (leave bool) {
	out, err := s.work(v)
	switch s.verdict(v).fault {
	case "none":
		return false
	case "leave":
		return true
	case "twice":
		feed.Yield(out, nil)
	}
	feed.Yield(out, err)
	return false
}

func (s *step) batch(_ context.Context, vs []int) ([]int, error) {
	defer s.crew.enter()()
	outs := make([]int, len(vs))
	for i, v := range vs {
		out, err := s.work(v)
		if err != nil {
			return nil, err
		}
		outs[i] = out
	}
	return outs, nil
}

func (s *step) sequence(v int) iter.Seq[int] {
	return func(yield func(int) bool) {
		verdict := s.verdict(v)
		for _, out := range verdict.outs {
			if !yield(out) {
				return
			}
		}
		die(verdict.fault)
	}
}

// stage returns the step as a stage.
func (s *step) stage() vimap.Stage[int, int] {
	var stage vimap.Stage[int, int]
	switch s.kind {
	case "func", "zip", "then":
		stage = vimap.Func(s.watched).Workers(s.workers)
	case "keyed":
		stage = vimap.Func(s.watched).Workers(s.workers).KeyBy(func(v int) int { return v % s.keys })
	case "open":
		stage = vimap.Open(s.crew.open).Close((*hand).close).Do(s.handed).Workers(s.workers)
	case "each":
		configs := make([]string, s.workers)
		stage = vimap.OpenWith(s.crew.openWith).Close((*hand).close).Do(s.handed).Each(configs...)
	case "bulk":
		stage = vimap.Bulk(s.size, time.Millisecond, s.batch).Workers(s.workers)
	case "loop":
		stage = s.crew.loop(s.workers, s.turn)
	}
	stage = stage.Named(s.name)
	if s.retried {
		stage = stage.Retry(retry.Fixed(time.Millisecond).Attempts(3))
	}
	return stage
}

// add appends the step to a pipeline.
func (s *step) add(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
	one := func(v int) int {
		verdict := s.verdict(v)
		die(verdict.fault)
		return verdict.outs[0]
	}
	switch s.kind {
	case "map":
		return p.Map(one)
	case "try":
		return p.Try(func(v int) (int, error) {
			if s.verdict(v).fault == "error" {
				return 0, errInjected
			}
			return one(v), nil
		})
	case "filter":
		return p.Filter(func(v int) bool { die(s.verdict(v).fault); return len(s.verdict(v).outs) > 0 })
	case "flatmap":
		return p.FlatMap(s.sequence)
	case "zip":
		return p.Via(vimap.Zip(s.stage())).Map(func(pair vimap.Pair[int, int]) int {
			if want := s.verdict(pair.In).outs[0]; want != pair.Out {
				panic(fmt.Sprintf("%d stands beside %d instead of %d", pair.In, pair.Out, want))
			}
			return pair.Out
		})
	case "then":
		return p.Via(s.stage().Then(s.next.stage()))
	}
	return p.Via(s.stage())
}

// steps draws a step, the i-th of its chain.
func steps(t *rapid.T, i int, slow bool) *step {
	kinds := []string{"map", "try", "filter", "flatmap", "func", "func", "open", "each", "zip", "then", "keyed", "bulk", "loop"}
	s := &step{
		kind:    rapid.SampledFrom(kinds).Draw(t, "kind"),
		salt:    rapid.IntRange(0, 99).Draw(t, "salt"),
		rate:    rapid.SampledFrom([]int{0, 0, 5, 50, 300}).Draw(t, "faults of 1000"),
		workers: rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(1, 64)).Draw(t, "workers"),
		retried: rapid.Bool().Draw(t, "retried"),
		slow:    slow && rapid.Bool().Draw(t, "slow"),
		name:    fmt.Sprint("stage ", i), crew: new(crew), ledger: newLedger(), mu: new(sync.Mutex), tries: map[int]int{},
	}
	switch s.kind {
	case "map", "try", "filter", "flatmap":
		s.name, s.retried = s.kind, false
	case "bulk":
		s.size, s.retried = rapid.IntRange(1, 50).Draw(t, "size"), true // so that the blame is exact
	case "keyed":
		s.keys, s.retried = rapid.IntRange(1, 20).Draw(t, "keys"), false
	case "then":
		part := *s
		part.kind, part.name, part.salt = "func", s.name+", second part", s.salt+100
		part.crew, part.mu, part.tries = new(crew), new(sync.Mutex), map[int]int{}
		s.next = &part
	}
	return s
}
