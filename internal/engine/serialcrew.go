package engine

import (
	"iter"
	"time"
)

// serialCrew is a stage in a serial run. Its workers take inputs in turn.
type serialCrew[In, Out any] struct {
	*crew[In, Out]
	workers []*serialWorker
	turn    int
	next    *door[Out]
	made    []Item[Out] // by the worker, not yet handed on

	// Of a stage with batches.
	most int           // inputs and failures that a batch holds
	held []Item[In]    // the batch, and the failures that came between
	live int           // of these, inputs
	due  time.Duration // when the oldest has waited for the linger time
	sent []Item[In]    // held, as far as it is not handed on
}

// serialHeld is how many failures at most come between the inputs of a batch of
// a serial run.
const serialHeld = 4096

// serially attaches the stage to a serial chain.
func (c *crew[In, Out]) serially(f *Flow[In], mk maker[Out]) {
	run := f.seg.run
	s := &serialCrew[In, Out]{crew: c, next: newDoor(f.seg, mk), most: max(c.Size, serialHeld)}
	f.serial(func(x *Exec) Handler[In] {
		step, seen := &Step{c.g.spec.Name}, map[any]bool{}
		take := toward(s.take)(x)
		return func(x *Exec, in In) {
			if c.Key != nil {
				x.at = step
				_ = seen[c.Key(in)] // in turn they are anyway, but it may panic
			}
			take(x, in)
		}
	})
	for n := range c.g.spec.Workers {
		w := &serialWorker{x: &Exec{g: c.g, number: n}, loops: c.Loop != nil}
		w.x.pull = w
		c.hire(w.x, toward(func(it Item[Out]) {
			w.x.tally.handed++
			s.keep(it)
		}))
		s.workers = append(s.workers, w)
		run.serial.opens = append(run.serial.opens, func() { s.settle(w) })
		run.serial.ends = append(run.serial.ends, w.end)
	}
	if c.Bulk != nil {
		run.serial.flushes = append(run.serial.flushes, s.flush)
	}
}

// take takes what comes to the stage.
func (s *serialCrew[In, Out]) take(it Item[In]) {
	switch {
	case s.Bulk != nil:
		s.gather(it)
	case it.State != Live:
		s.next.take(Item[Out]{Slot: it.Slot, State: it.State})
	default:
		s.work(func(x *Exec) {
			x.slot = it.Slot
			x.tally.begun++
			untried[In, Out](x, it.Val)
		})
	}
}

// keep keeps what a worker made until it is back.
func (s *serialCrew[In, Out]) keep(it Item[Out]) { s.made = append(s.made, it) }

// work has a job done, and what the job leaves to do, as another attempt,
// before anything that comes behind it.
func (s *serialCrew[In, Out]) work(job func(*Exec)) {
	for todo := []func(*Exec){job}; len(todo) > 0 && !s.g.run.over(); {
		w := s.pick()
		if w == nil {
			return
		}
		w.give(todo[0])
		s.settle(w)
		var more []func(*Exec)
		for job := s.g.jobs.pop(); job != nil; job = s.g.jobs.pop() {
			more = append(more, job)
		}
		todo = append(more, todo[1:]...)
	}
}

// pick returns the worker whose turn it is; nil if none is left.
func (s *serialCrew[In, Out]) pick() *serialWorker {
	for range s.workers {
		w := s.workers[s.turn%len(s.workers)]
		s.turn++
		if w.x.phase == phaseServe {
			return w
		}
	}
	return nil
}

// settle brings a worker to where it can take an input, or is given up, and
// hands on what it made.
func (s *serialCrew[In, Out]) settle(w *serialWorker) {
	x := w.x
	h := x.task.(*hand[In, Out])
	for s.forward(); !w.settled(); s.forward() {
		switch {
		case h.lost != nil && x.crash == nil:
			x.lastly, x.phase, x.leaving, h.lost = h.lost, phaseAnew, false, nil
		case x.phase == phaseServe && x.crash == nil:
			w.resume(nil)
		default:
			x.guarded(x.turn)
		}
	}
	x.tally.tell()
}

// forward hands on what a worker made, in the order of the inputs.
func (s *serialCrew[In, Out]) forward() {
	made := s.made
	s.made = nil
	for _, it := range made {
		if s.Bulk != nil {
			s.forwardFailed(it.Slot)
		}
		s.next.take(it)
	}
}

// gather takes an item that comes to a stage with batches.
func (s *serialCrew[In, Out]) gather(it Item[In]) {
	if s.live > 0 && s.Linger > 0 && s.g.run.now() >= s.due {
		s.flush()
	}
	if it.State == Filtered || it.State == Failed && s.live == 0 {
		s.next.take(Item[Out]{Slot: it.Slot, State: it.State})
		return
	}
	s.held = append(s.held, it)
	if it.State == Live {
		if s.live++; s.live == 1 {
			s.due = s.g.run.now() + s.Linger
		}
	}
	if s.live >= s.Size || len(s.held) >= s.most {
		s.flush()
	}
}

// flush has the batch worked on as it is.
func (s *serialCrew[In, Out]) flush() {
	if s.live == 0 {
		return
	}
	var r rest[In, Out]
	for _, it := range s.held {
		if it.State == Live {
			r.slots, r.ins = append(r.slots, it.Slot), append(r.ins, it.Val)
		}
	}
	s.sent, s.held, s.live = s.held, nil, 0
	s.work(func(x *Exec) { x.task.(*hand[In, Out]).batch(r) })
	s.forwardFailed(-1)
	s.sent = nil
}

// forwardFailed hands on the failures that stood before slot in the batch.
func (s *serialCrew[In, Out]) forwardFailed(slot int32) {
	for len(s.sent) > 0 {
		it := s.sent[0]
		s.sent = s.sent[1:]
		if it.Slot == slot {
			return
		}
		if it.State == Failed {
			s.next.take(Item[Out]{Slot: it.Slot, State: Failed})
		}
	}
}

// serialWorker is a worker of a serial run. The function of a loop runs in a
// coroutine, which rests where it waits for an input.
type serialWorker struct {
	x     *Exec
	loops bool
	waits bool // the loop does
	job   func(*Exec)
	yield func(struct{}) bool
	next  func() (struct{}, bool)
	stop  func()
}

// settled reports whether the worker can take an input or is given up.
func (w *serialWorker) settled() bool {
	x := w.x
	if x.crash != nil || x.leaving && !w.loops {
		return false
	}
	return x.phase == phaseEnd || x.phase == phaseServe && (w.waits || !w.loops)
}

// give has the worker do a job.
func (w *serialWorker) give(job func(*Exec)) {
	if w.loops {
		w.resume(job)
		return
	}
	w.x.guarded(func() { job(w.x) })
}

// resume lets the loop go on until it waits for its next input, or ends.
func (w *serialWorker) resume(job func(*Exec)) {
	w.job = job
	if w.next == nil {
		w.next, w.stop = iter.Pull(func(yield func(struct{}) bool) {
			w.yield = yield
			w.x.guarded(w.x.turn)
		})
	}
	if _, w.waits = w.next(); !w.waits {
		w.next, w.stop = nil, nil
	}
}

// serve gives the loop its inputs, in the coroutine.
func (w *serialWorker) serve() {
	for !w.x.leaving && w.yield(struct{}{}) {
		job := w.job
		w.job = nil
		job(w.x)
	}
}

func (*serialWorker) relieve() {}
func (*serialWorker) release() {}

// end closes the worker, after the end of the run.
func (w *serialWorker) end() {
	if w.stop != nil {
		w.stop()
	}
	for x := w.x; x.phase != phaseEnd; x.guarded(x.turn) {
		if x.phase == phaseServe && x.crash == nil {
			x.phase = phaseClose
		}
	}
}
