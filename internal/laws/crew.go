package laws

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// guard knows which functions of a program run, and takes down what is wrong.
type guard struct {
	inside atomic.Int64
	apart  atomic.Int64 // openings and closings of the workers of a pool, which do not end with the run
	faults atomic.Int64
	over   atomic.Bool // the run has returned: nothing may begin
	mu     sync.Mutex
	wrong  []string
}

// enter begins a function of the program; what it returns ends it.
func (g *guard) enter(what string) (leave func()) {
	g.inside.Add(1)
	if g.over.Load() {
		g.report("quiet: %s is called after the end", what)
	}
	return func() { g.inside.Add(-1) }
}

func (g *guard) report(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.wrong) < 20 {
		g.wrong = append(g.wrong, fmt.Sprintf(format, args...))
	}
}

// crew watches the workers of a stage: each is opened before it works, used by
// one call at a time, closed once and not used again; and of each key one input
// is worked on at a time.
type crew struct {
	*guard
	name           string
	pooled         bool
	now, most      atomic.Int64
	opened, closed atomic.Int64
	openings       atomic.Int64 // also those that failed
	unclosed       atomic.Int64 // closings that failed
	keys           sync.Mutex
	order          map[int][]int // the inputs of each key
	busy           map[int]int
	tries          map[int]int
}

func newCrew(g *guard, name string) *crew {
	return &crew{guard: g, name: name, order: map[int][]int{}, busy: map[int]int{}, tries: map[int]int{}}
}

// life begins an opening or a closing; what it returns ends it.
func (c *crew) life(what string) (leave func()) {
	if !c.pooled {
		return c.enter(what)
	}
	c.apart.Add(1)
	return func() { c.apart.Add(-1) }
}

// call begins a call of a worker's function; what it returns ends it, once.
func (c *crew) call() (leave func()) {
	end := c.enter(c.name)
	now := c.now.Add(1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	return sync.OnceFunc(func() { c.now.Add(-1); end() })
}

// turn begins the work on an input with a key; what it returns ends it, once.
func (c *crew) turn(key, v int) (end func()) {
	c.keys.Lock()
	defer c.keys.Unlock()
	c.order[key] = append(c.order[key], v)
	if c.busy[key]++; c.busy[key] > 1 {
		c.report("order: %s works on two inputs of key %d at once", c.name, key)
	}
	return sync.OnceFunc(func() {
		c.keys.Lock()
		defer c.keys.Unlock()
		c.busy[key]--
	})
}

// orders are the inputs of each key, those without a break counted once.
func (c *crew) orders() map[int][]int {
	c.keys.Lock()
	defer c.keys.Unlock()
	all := maps.Clone(c.order)
	for key, list := range all {
		all[key] = slices.Compact(slices.Clone(list))
	}
	return all
}

// try counts an attempt on v.
func (c *crew) try(v int) int {
	c.keys.Lock()
	defer c.keys.Unlock()
	c.tries[v]++
	return c.tries[v]
}

// hand is the state of one worker of a crew.
type hand struct {
	*crew
	id    int64
	state atomic.Int32
}

const (
	idle int32 = iota
	busy
	closed
)

// open opens a worker; fault is what goes wrong.
func (c *crew) open(fault string) (*hand, error) {
	defer c.life("opening " + c.name)()
	if fault != "" {
		c.faults.Add(1)
		die(fault)
		return nil, errOpen
	}
	return &hand{crew: c, id: c.opened.Add(1)}, nil
}

// begin begins a call of h; what it returns ends it.
func (h *hand) begin() (end func()) {
	if !h.state.CompareAndSwap(idle, busy) {
		h.report("open: worker %d of %s was given work in state %d", h.id, h.name, h.state.Load())
	}
	return func() {
		if !h.state.CompareAndSwap(busy, idle) {
			h.report("open: worker %d of %s ended its work in state %d", h.id, h.name, h.state.Load())
		}
	}
}

// shut closes h; fault is what goes wrong.
func (h *hand) shut(fault string) error {
	defer h.life("closing " + h.name)()
	if !h.state.CompareAndSwap(idle, closed) {
		h.report("open: worker %d of %s was closed in state %d", h.id, h.name, h.state.Load())
	}
	h.closed.Add(1)
	if fault != "" {
		h.unclosed.Add(1)
		h.faults.Add(1)
		die(fault)
		return errClose
	}
	return nil
}

// work begins a call with an input, whose key counts if there are keys. What it
// returns ends the call; a call that is going to be abandoned ends it early.
func (c *crew) work(keys, v int) (end func()) {
	leave := c.call()
	if keys == 0 {
		return leave
	}
	done := c.turn(v%keys, v)
	return func() { done(); leave() }
}

// held holds what must be true of the crew when nothing runs any more.
func (c *crew) held(workers int) {
	if most := c.most.Load(); most > int64(workers) {
		c.report("bounded: %d calls of %s at once by %d workers", most, c.name, workers)
	}
	if opened, closed := c.opened.Load(), c.closed.Load(); opened != closed {
		c.report("open: %d workers of %s were opened and %d closed", opened, c.name, closed)
	}
}
