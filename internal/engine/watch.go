package engine

import (
	"bytes"
	"runtime"
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
	name  []byte // of the goroutine, "goroutine 7 "
}

const (
	attemptOver      = 0
	attemptRuns      = 1
	attemptAbandoned = 2
	attemptMask      = 3
)

// begin starts the clock of an attempt.
func (x *Exec) begin(limit time.Duration) {
	w := &x.watch
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
// nor within the grace. A fresh worker takes its place and its item.
func (x *Exec) abandon(attempt uint64) {
	if !x.watch.state.CompareAndSwap(attempt, attempt&^attemptMask|attemptAbandoned) {
		return
	}
	g := x.g
	stuck := g.run.faults.Stuck(g.spec.Name, x.number, g.spec.Timeout, goroutineStack(x.watch.name))
	x.pull.relieve()
	redo := x.task.orphaned(stuck)
	g.mu.Lock()
	for i := range g.execs {
		if g.execs[i] == x { // a new list: the monitor may be reading the old one
			g.execs = append(append([]*Exec(nil), g.execs[:i]...), g.execs[i+1:]...)
			break
		}
	}
	if g.over {
		g.mu.Unlock()
		g.run.note(stuck)
	} else {
		g.launch(x.number)
		g.mu.Unlock()
		g.restarted()
		g.add(redo)
	}
	g.leave()
}

// goroutineName returns how a stack trace names the calling goroutine.
func goroutineName() []byte {
	buf := make([]byte, 64)
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
