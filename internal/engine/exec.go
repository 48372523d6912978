package engine

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Exec is one worker: a goroutine at a time, though a crash moves it to a fresh
// one. It opens, serves, closes and opens anew as its task and the Restart
// policy say. Its methods run on its own goroutine unless they say otherwise.
type Exec struct {
	g      *Group
	number int
	waiter waiter
	woken  bool // spawned by its gate, and not yet there

	slot  int32  // of the item in hand
	at    *Step  // what of the user's runs now
	fresh uint64 // results since the last claim: 0 or 1
	woke  bool   // it woke who takes its results, since it last let others have the processor
	out   anyOutbox
	pull  anyPuller
	task  task
	// rescue takes the failed item in hand, where a Rescue begins what the
	// worker does; otherwise nil.
	rescue func()

	claims atomic.Uint64
	seen   uint64     // claims at the monitor's last look
	mu     sync.Mutex // held by who changes the chunk of a worker that is held up

	phase   phase
	opened  bool
	exited  bool
	failed  int // times in a row that it was lost without having done anything
	since   time.Duration
	lastly  error // why it was lost
	crash   *crash
	again   []time.Duration // when it was last restarted, as far as there is a limit
	served  bool            // gave an item its fate since it opened
	tried   bool            // to open
	leaving bool            // the worker is lost or left its loop: serve is to return
	unbegun bool            // it was lost without an input in hand
	planned bool            // so that it is opened anew by plan
	buried  bool            // it was abandoned: another has its place
	watch   watch
	tally   tally
}

// anyPuller is a puller whose type the worker need not know.
type anyPuller interface {
	serve()
	relieve()
	release()
}

// task is what a worker does besides pulling: a stage's part.
type task interface {
	// open prepares the worker; needed says whether there is anything to open.
	open(ctx context.Context) (err error)
	needed() bool
	// serve works until the group is over or the worker must be opened anew.
	serve() error
	close() error
	// crashed takes a panic of the user's function at step; it reports whether
	// the worker must be opened anew.
	crashed(at *Step, err error) (anew bool)
	// inHand returns the input that the worker's function has, if it is one.
	inHand() (in any, one bool)
	// orphaned returns what gives the item in hand its fate by err, in another
	// worker, now that this one is abandoned.
	orphaned(err error) func(x *Exec)
}

type phase uint8

const (
	phaseOpen phase = iota
	phaseServe
	phaseClose
	phaseAnew // close, then open again
	phaseEnd
)

// restartStep is the condition of a Restart policy.
var restartStep = &Step{Name: "restart"}

// crash is a panic or Goexit that ended the goroutine of a worker.
type crash struct {
	at  *Step
	err error
}

func (x *Exec) main() {
	defer x.unwind()
	named := x.g.run.naming.name(x.g.run.ctx, x.g.spec.Name, x.number)
	defer named()
	for x.phase != phaseEnd {
		x.turn()
	}
	x.tally.catchUp(&x.g.latencies)
	x.isUp()
	x.tally.ended.Store(int64(x.g.run.now()))
	x.exited = true
}

// unwind runs when the goroutine ends: as it should, or by a panic or Goexit
// in a function of the user's. After these a fresh goroutine goes on.
func (x *Exec) unwind() {
	switch {
	case x.exited:
		x.g.leave()
	case !x.watch.settle():
		_ = recover() // its item has its fate already
		x.g.run.bury(x)
	default:
		x.crash = &crash{x.at, x.g.run.caught(recover())}
		x.watch.name = nil // the next goroutine has another
		go x.main()
	}
}

// caught makes an error of what recover returned, nil for a Goexit.
func (r *Run) caught(value any) error {
	if value == nil {
		value = r.faults.Goexit
	}
	return r.faults.Panic(value, debug.Stack())
}

func (x *Exec) turn() {
	if c := x.crash; c != nil {
		x.crash = nil
		x.recovered(c)
		return
	}
	switch x.phase {
	case phaseOpen:
		x.setsUp()
		x.open()
	case phaseServe:
		x.isUp()
		err := x.task.serve()
		x.at = nil
		x.phase = phaseClose
		if !x.g.isOver() {
			x.lastly, x.phase = err, phaseAnew
		}
	case phaseClose:
		x.setsUp()
		x.tally.closing.Store(true)
		x.close()
		x.phase = phaseEnd
	case phaseAnew:
		x.setsUp()
		x.pull.release()
		x.close()
		x.anew()
	case phaseEnd:
	}
}

// recovered gives a crash its consequence, by what the worker was doing.
func (x *Exec) recovered(c *crash) {
	switch {
	case c.at == restartStep:
		x.giveUp(c.err)
	case x.phase == phaseOpen:
		x.lost("open", c.err)
	case x.phase == phaseServe:
		if x.task.crashed(c.at, c.err) {
			x.lastly, x.phase = c.err, phaseAnew
		}
	default: // closing; opened is false already, so it is not closed twice
		x.g.closeFailed(x, c.err)
		x.g.workerEvent(Closed, x, c.err)
	}
}

func (x *Exec) open() {
	// Every worker is opened once, also one that comes too late for the items:
	// unless the run was broken off, how many are opened is no matter of luck.
	if x.g.isOver() && (x.tried || x.g.run.broken.Load()) {
		x.phase = phaseEnd
		return
	}
	if x.tried {
		if x.tooOften() {
			spec := &x.g.spec
			err := x.g.run.faults.TooManyRestarts(spec.MostRestarts, spec.RestartSpan, x.lastly)
			x.giveUp(x.g.workerError(x, "restart", err))
			return
		}
		x.g.restarted(x, x.lastly)
	}
	x.tried = true
	if x.task.needed() {
		err := x.bounded(x.g.spec.Opening, x.task.open)
		x.opened = err == nil
		if !x.watch.settle() { // abandoned: if it is open, then to be closed
			goexit()
		}
		if err != nil {
			if !x.g.isOver() {
				x.lost("open", err)
			}
			return
		}
		x.served = false
		x.g.workerEvent(Opened, x, nil)
		x.g.ready()
	}
	x.isUp()
	x.phase = phaseServe
}

func (x *Exec) close() {
	if !x.opened {
		return
	}
	x.opened = false
	x.at = nil
	err := x.bounded(x.g.spec.Closing, func(context.Context) error { return x.task.close() })
	if !x.watch.settle() {
		goexit()
	}
	x.closed(err)
}

// closed tells how the closing went.
func (x *Exec) closed(err error) {
	if err != nil {
		x.g.closeFailed(x, err)
	}
	x.g.workerEvent(Closed, x, err)
}

// bounded calls f with a context that ends after limit, if there is one, and
// starts the clock by which the worker is abandoned.
func (x *Exec) bounded(limit time.Duration, f func(context.Context) error) error {
	ctx := x.g.ctx
	if limit == 0 {
		return f(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if !x.buried {
		x.begin(limit)
	}
	return f(ctx)
}

// anew opens a worker again that was closed before its time. One that did some
// work comes back at once; one that did none waits as its policy says.
func (x *Exec) anew() {
	if x.g.isOver() {
		x.phase = phaseEnd
		return
	}
	if x.served {
		x.served, x.failed = false, 0
		x.phase = phaseOpen
		return
	}
	if x.unbegun {
		x.lost("open", x.lastly)
		return
	}
	x.lost("loop", x.lastly)
}

// lost counts a worker that could not begin, and opens it again after the wait
// that its Restart policy gives, or gives it up.
func (x *Exec) lost(phase string, err error) {
	if x.failed == 0 {
		x.since = x.g.run.now()
	}
	x.failed++
	err = x.g.workerError(x, phase, err)
	x.at = restartStep
	wait, again := x.g.spec.Restart.Next(x.failed, x.g.run.now()-x.since, err)
	x.at = nil
	if !again {
		x.giveUp(err)
		return
	}
	x.lastly, x.phase = err, phaseOpen
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-x.g.ctx.Done():
		}
	}
}

// tooOften counts a restart and reports whether it is one too many.
func (x *Exec) tooOften() bool {
	most := x.g.spec.MostRestarts
	if most == 0 || x.planned {
		return false
	}
	now := x.g.run.now()
	if len(x.again) == most {
		if now-x.again[0] <= x.g.spec.RestartSpan {
			return true
		}
		x.again = x.again[1:]
	}
	x.again = append(x.again, now)
	return false
}

func (x *Exec) giveUp(err error) {
	x.g.workerEvent(GivenUp, x, err)
	x.g.lose(err)
	x.phase = phaseEnd
}

// fail gives the item in hand its fate.
func (x *Exec) fail(f *Failure) {
	x.served = true
	x.tally.failed++
	*x.g.seg.failure(x.slot) = f
	x.g.run.callOf(x.slot).failed(f)
	x.out.pass(x.slot, Failed)
}

// failAt fails the item in hand for an error of an inline step.
func (x *Exec) failAt(at *Step, err error) {
	f := &Failure{Attempts: 1, Err: err}
	if at != nil {
		f.Stage = at.Name
	}
	if before := *x.g.seg.failure(x.slot); before != nil { // the step was to rescue it
		f.Earlier = before.all()
	}
	x.fail(f)
}

// passBy takes an item of the ring that has failed or was filtered before.
func (x *Exec) passBy(slot int32, s State) {
	if s == Failed && x.rescue != nil {
		x.rescue()
		return
	}
	x.tally.passed++
	x.out.pass(slot, s)
}

// atGate ends the wake that spawned this worker.
func (x *Exec) atGate() {
	if x.woken {
		x.woken = false
		x.g.mu.Lock()
		x.g.arrived()
		x.g.mu.Unlock()
	}
}
