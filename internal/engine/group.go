package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// Policy says whether something that failed is tried again, and when.
type Policy interface {
	Next(attempt int, elapsed time.Duration, err error) (wait time.Duration, again bool)
}

// Spec is what a stage was told, whatever its types.
type Spec struct {
	Name    string
	Workers int
	Timeout time.Duration // of an attempt; 0 is none
	Opening time.Duration // limit of an opening; 0 is none
	Closing time.Duration // limit of a closing; 0 is none
	// MostStuck is how many workers may be abandoned.
	MostStuck int
	// MostRestarts within RestartSpan are all that a worker may have; 0: no limit.
	MostRestarts int
	RestartSpan  time.Duration
	Hooks        *Hooks
	Retry        Policy // nil: no retry
	Restart      Policy
	Config       func(worker int) any // for errors; nil: there are none
	Role         Role
	Node         int // of the plan
}

// Group is the workers of one stage in one run.
type Group struct {
	gate
	run   *Run
	seg   *Segment
	spec  Spec
	eager bool // open every worker at the start
	build func(x *Exec)
	seats seats  // nil: workers have no seat
	first func() // called before the workers start; may be nil
	pace  pace

	latencies latencies
	waits     waits    // for inputs besides jobs; nil: there are none
	batches   bool     // jobs are whole batches, which waiting counts
	makes     *Segment // of a FlatMap

	ctx  context.Context // of the workers' opening; ends with the group
	stop context.CancelFunc

	// Under gate.mu.
	jobs       jobs
	timers     map[*time.Timer]struct{}
	over       bool
	started    int
	alive      int
	stuck      int // workers that were abandoned
	hookFailed atomic.Bool
	isReady    bool
	execs      []*Exec
	places     [fewWorkers]*Exec // room of execs, for as many
	errs       []error           // of the workers that were lost
}

// waits says how many inputs wait; it is called under the group's mu.
type waits interface{ waitingLocked() int }

// waitsFor is how many inputs wait, of a stage that has them come as jobs.
type waitsFor struct{ atomic.Int64 }

func (w *waitsFor) waitingLocked() int { return int(w.Load()) }

func newGroup(run *Run, seg *Segment, spec Spec, eager bool) *Group {
	g := &Group{run: run, seg: seg, spec: spec, eager: eager, alive: spec.Workers}
	g.pace.size.Store(1)
	g.group = g
	run.groups = append(run.groups, g)
	seg.least += 2 * spec.Workers
	return g
}

// start lets the workers work: those that open something begin now, the
// others when there is an item for them.
func (g *Group) start() {
	if g.first != nil {
		g.first()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.eager {
		g.spare = true
		g.open.Store(true)
		return
	}
	for g.spawnLocked() {
	}
}

// spawnLocked starts a further worker if fewer run than may. The caller holds mu.
func (g *Group) spawnLocked() bool {
	if g.started == g.spec.Workers || g.over {
		return false
	}
	g.launch(g.started)
	g.started++
	return true
}

// launch starts a worker. The caller holds mu.
func (g *Group) launch(number int) {
	x := g.seat()
	x.g, x.number, x.woken = g, number, !g.eager
	x.tally.born.Store(int64(g.run.now()))
	g.build(x)
	g.launchLocked(x)
}

func (g *Group) launchLocked(x *Exec) {
	if g.execs == nil {
		g.execs = g.places[:0]
		if g.spec.Workers > len(g.places) {
			g.execs = make([]*Exec, 0, min(g.spec.Workers, 64))
		}
	}
	g.execs = append(g.execs, x)
	g.run.wg.Add(1)
	go x.main()
}

func (g *Group) leave() { g.run.wg.Done() }

// finish ends the group: nothing is left to do for its workers.
func (g *Group) finish() {
	g.mu.Lock()
	if g.over {
		g.mu.Unlock()
		return
	}
	g.over = true
	for t := range g.timers {
		t.Stop()
	}
	g.timers = nil
	g.jobs = jobs{}
	execs := g.execs
	g.mu.Unlock()
	if g.stop != nil {
		g.stop()
	}
	for _, x := range execs {
		x.cut()
	}
	g.all()
}

// isOver reports whether nothing is left to do for the workers. A run that is
// halted reaches its groups one after another: each is over from the first on.
func (g *Group) isOver() bool {
	if g.run.halted.Load() || g.run.ctx.Err() != nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.over
}

// unlockAndWake unlocks, and wakes another worker if there is more to do.
func (g *Group) unlockAndWake(more bool) {
	var w *waiter
	if more {
		w = g.pick()
	}
	g.mu.Unlock()
	w.signal()
}

// add gives the group a job, which goes before the items of its ring.
func (g *Group) add(job func(*Exec)) {
	g.mu.Lock()
	if g.over {
		g.mu.Unlock()
		return
	}
	g.jobs.push(job)
	g.others.Add(1)
	g.unlockAndWake(true)
}

// later adds a job after a wait, in which no worker is held. It returns the
// timer, nil if there is none.
func (g *Group) later(wait time.Duration, job func(*Exec)) *time.Timer {
	if g.run.serial != nil {
		due := g.run.now() + wait
		g.add(func(x *Exec) {
			if g.run.sleepUntil(due) {
				job(x)
			}
		})
		return nil
	}
	if wait <= 0 {
		g.add(job)
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return nil
	}
	if g.timers == nil {
		g.timers = map[*time.Timer]struct{}{}
	}
	var t *time.Timer
	t = time.AfterFunc(wait, func() {
		g.mu.Lock()
		delete(g.timers, t)
		g.mu.Unlock()
		g.add(job)
	})
	g.timers[t] = struct{}{}
	return t
}

// ready says that a worker is open: the source may begin when each group has one.
func (g *Group) ready() {
	g.mu.Lock()
	first := !g.isReady
	g.isReady = true
	g.mu.Unlock()
	if first {
		g.run.oneReady()
	}
}

func (g *Group) restarted(x *Exec, err error) {
	g.run.stats.restarts.Add(1)
	x.tally.comings.Add(1)
	g.workerEvent(Restarted, x, err)
}

// lose gives a worker up. Without any worker the run can't go on.
func (g *Group) lose(err error) {
	g.mu.Lock()
	g.alive--
	g.errs = append(g.errs, err)
	last := g.alive == 0
	g.mu.Unlock()
	g.run.lost(err)
	if last {
		g.run.drains.Store(true)
		g.run.Fail(g.run.faults.NoWorkers(g.spec.Name, g.errs))
	}
}

func (g *Group) closeFailed(x *Exec, err error) {
	g.run.Note(g.workerError(x, "close", err))
}

func (g *Group) workerError(x *Exec, phase string, err error) error {
	var config any
	if g.spec.Config != nil {
		config = g.spec.Config(x.number)
	}
	return g.run.faults.Worker(g.spec.Name, x.number, config, phase, err)
}

// jobs is a queue.
type jobs struct {
	list []func(*Exec)
	next int
}

func (j *jobs) len() int { return len(j.list) - j.next }

func (j *jobs) push(job func(*Exec)) { j.list = append(j.list, job) }

func (j *jobs) pop() func(*Exec) {
	if j.len() == 0 {
		return nil
	}
	job := j.list[j.next]
	j.list[j.next] = nil
	j.next++
	if j.next > len(j.list)/2 { // half of it is behind us
		left := copy(j.list, j.list[j.next:])
		clear(j.list[left:])
		j.list, j.next = j.list[:left], 0
	}
	return job
}
