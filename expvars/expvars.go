// Package expvars publishes the figures of runs as a variable of package
// expvar, which programs show at /debug/vars.
//
//	var runs = expvars.Publish("vimap")
//
//	run := pipeline.Start(ctx)
//	remove := runs.Add("orders", run)
//	defer remove()
//
// It is a package of its own because of what expvar does: importing it, and so
// importing this one, puts /debug/vars with the program's command line and
// memory on http.DefaultServeMux. Nothing of a run is shown there before Publish
// is called.
//
// # What is shown
//
// The variable is an object with a member for each run, by its name:
//
//	state       waiting, opening, running, stopping, done or stopped
//	began       when the loop over it did; left out before
//	elapsed     since then, up to now or to its end
//	read, extra, delivered, failed, filtered, unfinished
//	            what became of its items, as in [vimap.Accounts]
//	retries, restarts, stuck, rescued, lost
//	lookAhead   how many items may be in flight
//	bottleneck  what holds it back, in words; left out if nothing does
//	source      name, read, total, position, unit, working, blocked, ended
//	stages      a list: name, role, size, started, done, failed, filtered,
//	            retried, queue, backingOff, opening, working, waiting, blocked,
//	            latency
//	sink        taken, queue, working, waiting
//
// A latency has count, mean, p50, p90, p99 and max. All times are in seconds.
// Inputs, configurations and errors are never shown.
//
// # What it costs
//
// Nothing while nobody looks: figures are read when the variable is.
package expvars

import (
	"encoding/json"
	"expvar"
	"fmt"
	"maps"
	"sync"

	"github.com/vimap-go/vimap"
)

// Subject is what has figures: a [vimap.Run] or a [vimap.Pool].
type Subject interface {
	Stats() vimap.Stats
}

// Runs are the runs that are shown in a variable. They are made by [Publish].
type Runs struct {
	mu   sync.Mutex
	runs map[string]Subject
}

// Publish makes a variable for runs, which has none yet. name must not be empty
// nor that of another variable of the program; there is no way back.
func Publish(name string) *Runs {
	switch {
	case name == "":
		panic("expvars: Publish: name must not be empty")
	case expvar.Get(name) != nil:
		panic(fmt.Sprintf("expvars: Publish: name must be that of no other variable, got %q", name))
	}
	r := &Runs{runs: map[string]Subject{}}
	expvar.Publish(name, r)
	return r
}

// Add shows a run, or a pool, under a name that no other has at the same time.
// It is shown, and held, until the function is called that Add returns: also
// when it is over, with its last figures. That may be called again, and later
// than another run was added by the name. Add and what it returns may be called
// from several goroutines.
func (r *Runs) Add(name string, of Subject) (remove func()) {
	if of == nil {
		panic("expvars: Add: of must not be nil")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.runs[name]; taken {
		panic(fmt.Sprintf("expvars: Add: name must be that of no other run, got %q", name))
	}
	r.runs[name] = of
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.runs, name)
	})
}

// String returns the figures as JSON, as an expvar.Var must.
func (r *Runs) String() string {
	all := map[string]figures{}
	for name, of := range r.known() {
		all[name] = figuresOf(of.Stats())
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "{}" // of numbers, words and times: it can't be
	}
	return string(text)
}

// known returns the runs as they are now: reading their figures holds up no Add.
func (r *Runs) known() map[string]Subject {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.runs)
}
