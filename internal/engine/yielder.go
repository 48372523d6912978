package engine

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// yieldTime is how long others may go on at most while a goroutine yields to them.
	yieldTime = time.Millisecond
	// yieldLater is how often it is left, after they went on for longer.
	yieldLater = 256
)

// yielder lets others that can go on do so before the goroutine that calls it. Where
// many can, that would be back behind all of them: then it is left for a while.
// Several goroutines may call it.
type yielder struct {
	yield func() // nil: runtime.Gosched
	not   atomic.Int32
}

// wait yields, if it is not to be left. Whether it took long because many others
// can go on, and not because one had much to do, is what crowded says.
func (y *yielder) wait(r *Run, crowded func() bool) {
	if y.not.Load() > 0 {
		y.not.Add(-1)
		return
	}
	began := r.now()
	if y.yield == nil {
		runtime.Gosched()
	} else {
		y.yield()
	}
	if r.now()-began > yieldTime && crowded() {
		y.not.Store(yieldLater)
	}
}

// always is for who is woken by one worker after another.
func always() bool { return true }

// crowded reports whether the run has more workers with quick items in hand than two
// for each processor. Those of slow items do not count, for these mostly wait.
func (r *Run) crowded() bool {
	busy := 0
	for _, g := range r.groups {
		g.mu.Lock()
		if !g.over && g.pace.size.Load() > 1 {
			lost := g.spec.Workers - g.alive
			busy += g.started - lost - len(g.idle)
		}
		g.mu.Unlock()
	}
	return busy > 2*runtime.GOMAXPROCS(0)
}

// singly reports whether those who push to the ring have items so slow that they
// take them one by one. Then the outlet yields when it is woken for one: workers
// that slept come back in bursts, and with each waking the outlet to run in its
// own place a burst takes longer, on one processor, and the next one comes later
// by that.
func (r *Ring[T]) singly() bool {
	for _, g := range r.upstream {
		if g.pace.size.Load() > 1 {
			return false
		}
	}
	return len(r.upstream) > 0
}
