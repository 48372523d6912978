package engine

import (
	"bytes"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// Grace is how long a function may go on after its time limit, or a source
// after the end of the run, before it is abandoned.
const Grace = time.Second

// watch bounds the attempts of a worker in time. Its state is a number of the
// attempt, with what has become of it in the two lowest bits.
type watch struct {
	state atomic.Uint64
	timer *time.Timer
	limit time.Duration
	name  []byte // of the goroutine, "goroutine 7 "
}

const (
	attemptOver      = 0
	attemptRuns      = 1
	attemptAbandoned = 2
	attemptMask      = 3
)

// begin starts the clock of a call that may be abandoned: an attempt, an
// opening, a closing.
func (x *Exec) begin(limit time.Duration) {
	if x.g.run.serial != nil {
		return // nobody else could take its place
	}
	w := &x.watch
	w.limit = limit
	if w.name == nil {
		w.name = goroutineName()
	}
	n := w.state.Load()&^attemptMask + attemptMask + 1 | attemptRuns
	w.state.Store(n)
	w.timer = time.AfterFunc(limit+Grace, func() { x.abandon(n) })
}

// settle ends the attempt; false means that the worker was abandoned in it.
func (w *watch) settle() bool {
	n := w.state.Load()
	if n&attemptMask == attemptOver {
		return true
	}
	if n&attemptMask == attemptAbandoned || !w.state.CompareAndSwap(n, n&^attemptMask) {
		return false
	}
	w.timer.Stop()
	return true
}

// abandon leaves a worker to itself whose function came back neither in time
// nor within the grace. A fresh worker takes its place, and what it had in hand.
func (x *Exec) abandon(attempt uint64) {
	if !x.watch.state.CompareAndSwap(attempt, attempt&^attemptMask|attemptAbandoned) {
		return
	}
	g := x.g
	call := StuckCall{Stage: g.spec.Name, Worker: x.number, Index: -1, Limit: x.watch.limit, Stack: goroutineStack(x.watch.name)}
	if x.phase == phaseServe {
		if in, one := x.task.inHand(); one {
			call.Index, call.Input = g.seg.index(x.slot), in
		}
	}
	stuck := g.run.faults.Stuck(call)
	g.run.stuck(stuck)
	g.workerEvent(Stuck, x, stuck)
	heir := x.heir(stuck)
	var redo func(*Exec)
	begun := 0
	switch x.phase {
	case phaseOpen:
		heir.crash = &crash{err: stuck}
	case phaseServe:
		x.pull.relieve()
		x.handOver()
		begun = claims(x.claims.Load()).taken()
		redo = x.task.orphaned(stuck)
		if since := x.tally.since.Load(); since != 0 {
			x.overran(call, g.run.now()-time.Duration(since))
		}
	default:
		g.closeFailed(x, stuck)
	}
	ended := false
	if g.stuckTooOften() { // before the heir begins another call that may be stuck
		ended = g.run.Fail(g.run.faults.TooManyStuck(g.spec.Name, g.spec.MostStuck, stuck))
	}
	heir.tally.inherit(&x.tally, g.run.now(), begun, x.out.held())
	if g.replace(x, heir) {
		if redo != nil {
			g.add(redo)
		}
	} else if !ended && (x.phase == phaseOpen || x.phase == phaseServe) {
		g.run.Note(stuck)
	}
	g.leave()
}

// handOver hands on what a worker that is abandoned has finished, where the end
// of the run has cut its chunk, so that nobody relieved it.
func (x *Exec) handOver() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.out.flushUpTo(claims(x.claims.Load()).results())
}

// overran measures an attempt that was abandoned, after so long.
func (x *Exec) overran(call StuckCall, took time.Duration) {
	slow := Slow{Took: took, Index: call.Index, Items: 1, Worker: x.number}
	if call.Index >= 0 {
		slow.Place = x.g.seg.placeOf(x.slot)
	}
	if x.g.run.parts.showInputs {
		slow.Input = call.Input
	}
	if l := &x.g.latencies; l.slow.wants(took) {
		l.slow.keep(slow)
	}
	x.g.latencies.add(1, took)
}

// heir returns a worker in the state of x, but without what x has open.
func (x *Exec) heir(stuck error) *Exec {
	begin := x.phase
	if begin == phaseServe {
		begin = phaseOpen
	}
	return &Exec{
		g: x.g, number: x.number,
		phase: begin, failed: x.failed, since: x.since, lastly: stuck, served: x.served, tried: true,
		again: slices.Clone(x.again),
	}
}

// replace puts heir in the place of x, unless the group is over.
func (g *Group) replace(x, heir *Exec) bool {
	g.build(heir)
	g.mu.Lock()
	defer g.mu.Unlock()
	// A new list, for the monitor may be reading the old one.
	g.execs = slices.DeleteFunc(slices.Clone(g.execs), func(e *Exec) bool { return e == x })
	if g.over {
		heir.tally.ended.Store(int64(g.run.now()))
		g.execs = append(g.execs, heir) // for its accounts
		return false
	}
	g.launchLocked(heir)
	return true
}

// stuckTooOften counts an abandoned worker and reports whether it is one more
// than may be.
func (g *Group) stuckTooOften() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stuck++
	return g.stuck > g.spec.MostStuck
}

// goroutineName returns how a stack trace names the calling goroutine.
func goroutineName() []byte { return nameIn(make([]byte, 64)) }

// nameIn is goroutineName in the memory of buf.
func nameIn(buf []byte) []byte {
	buf = buf[:runtime.Stack(buf, false)]
	if i := bytes.IndexByte(buf, '['); i > 0 {
		return buf[:i]
	}
	return nil
}

// goroutineStack returns the stack of another goroutine. It stops the world
// for as long as the runtime needs to print all stacks.
func goroutineStack(name []byte) []byte {
	for size := 1 << 20; ; size *= 4 {
		buf := make([]byte, size)
		n := runtime.Stack(buf, true)
		if n == size && size < 1<<28 {
			continue
		}
		for stack := range bytes.SplitSeq(buf[:n], []byte("\n\n")) {
			if bytes.HasPrefix(stack, name) {
				return bytes.Clone(stack)
			}
		}
		return nil
	}
}
