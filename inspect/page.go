package inspect

import (
	"net/http"
	"slices"
	"sync"

	"github.com/vimap-go/vimap"
)

// Subject is what a page can show: a [vimap.Run] or a [vimap.Pool]. Stats is
// called whenever somebody looks, from several goroutines.
type Subject interface {
	Stats() vimap.Stats
}

// Run is a run for a [Page].
type Run struct {
	Name     string    // several runs may have the same; "run" and a number if it is empty
	Of       Subject   // must not be nil
	Failures *Failures // what its stages tell of failures, from [Page.Failures]; may be nil
}

// Page is an http.Handler that shows the runs that were added to it. Its zero
// value is ready to use; its fields must be set before it is used. Its methods
// may be called from several goroutines.
//
// Runs that are over stay on the page, up to a number. Of these no more is kept
// than what is shown once somebody has looked or other runs were added.
type Page struct {
	Title       string // defaults to "vimap"
	Ended       int    // how many runs that are over are kept. Defaults to 20; negative: none
	Most        int    // how many characters of a name, input or error are shown. Defaults to 200
	HideInputs  bool   // inputs are not shown
	HideErrors  bool   // of an error only the type is shown, and no stack
	HideConfigs bool   // what Each gave the workers is not shown

	// Print makes text of inputs and configurations. By default these are shown
	// if they are strings, numbers and the like, and otherwise as the name of
	// their type: a worker that changes an input would race with a page that
	// prints it. Set it to fmt.Sprint, or to what picks a number of the order, if
	// no input is changed on its way. Inputs of a run are known only if its
	// pipeline says [vimap.Pipeline.ShowInputs].
	Print func(any) string

	mu      sync.Mutex
	entries []*entry // in the order of their coming
	last    int      // the number of the newest
	tidyAt  int      // how many entries call for a look at what is over
}

// Handler returns a page with runs, for a program whose runs are all known.
func Handler(runs ...Run) *Page {
	p := new(Page)
	for _, run := range runs {
		p.Add(run)
	}
	return p
}

// Add puts a run on the page, before it begins or later. The function that it
// returns takes it off again, at any time and more than once: for a run that is
// never begun, or that nobody need see once it is over.
func (p *Page) Add(run Run) (remove func()) {
	if run.Of == nil {
		panic("inspect: Add: Of must not be nil")
	}
	e := &entry{run: run, failures: run.Failures}
	p.mu.Lock()
	p.last++
	e.id = p.last
	p.entries = append(p.entries, e)
	crowded := len(p.entries) > max(p.tidyAt, 2*p.keep())
	p.mu.Unlock()
	if crowded {
		p.look()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.entries = slices.DeleteFunc(p.entries, func(other *entry) bool { return other == e })
	}
}

func (p *Page) keep() int {
	if p.Ended == 0 {
		return 20
	}
	return max(0, p.Ended)
}

// look looks at all runs, and drops the oldest of those that are over.
func (p *Page) look() []*glance {
	p.mu.Lock()
	entries := slices.Clone(p.entries)
	p.mu.Unlock()

	seen := make([]*glance, 0, len(entries))
	over := 0
	for _, e := range entries {
		g := e.look()
		seen = append(seen, g)
		if g.over() {
			over++
		}
	}
	drop := map[*entry]bool{}
	seen = slices.DeleteFunc(seen, func(g *glance) bool {
		if g.over() && over > p.keep() {
			over--
			drop[g.entry] = true
			return true
		}
		return false
	})

	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = slices.DeleteFunc(p.entries, func(e *entry) bool { return drop[e] })
	p.tidyAt = 2 * len(p.entries)
	return seen
}

var _ http.Handler = (*Page)(nil)
