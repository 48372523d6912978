package engine

import "time"

const (
	// gatherTime is how long others may go on at most while an outlet gathers.
	gatherTime = time.Millisecond
	// gatherLater is how often an outlet that gathered for longer is woken before
	// it does so again.
	gatherLater = 256
)

// gather has an outlet that is woken for one slow item wait until others that can
// go on have done so. Workers that slept come back in bursts: with each waking
// the outlet to run in its own place, a burst takes longer, on one processor,
// and the next one comes later by that.
type gather struct {
	yield func() // runtime.Gosched
	not   int    // how often it is not to be done
}

func (g *gather) wait(r *Run) {
	if g.not > 0 {
		g.not--
		return
	}
	began := r.now()
	g.yield()
	if r.now()-began > gatherTime {
		g.not = gatherLater
	}
}

// singly reports whether those who push to the ring have items so slow that they
// take them one by one.
func (r *Ring[T]) singly() bool {
	for _, g := range r.upstream {
		if g.pace.size.Load() > 1 {
			return false
		}
	}
	return len(r.upstream) > 0
}
