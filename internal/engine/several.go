package engine

import (
	"errors"
	"time"
)

// Several is the state of a worker that can have several inputs in hand at
// once, and gives their outcomes in the order in which it took them. It is
// asked on the goroutine of its worker only.
type Several[In, Out any] interface {
	// Room returns how many inputs the worker should have in hand, at least 1.
	Room() int
	// Turn takes further inputs in hand and waits until there is something to
	// say: done are the outcomes of the oldest, valid until the next call; back
	// is how many of the newest it has not begun and gives back. An error says
	// that the worker is lost: what it has still in hand is tried elsewhere,
	// each by itself, and none of it is charged; of an *[UnbegunError] it was not even
	// begun. limit is the time limit of an attempt, 0 if there is none. Turn
	// returns promptly when the context of the worker's opening ends.
	Turn(limit time.Duration, ins []In) (done []Outcome[Out], back int, err error)
}

// Outcome is what became of an input.
type Outcome[Out any] struct {
	Out Out
	Err error
}

// ErrLost is what an error is, to errors.Is, by which Do has lost its worker.
var ErrLost = errors.New("the worker is lost")

// UnbegunError is the error of an attempt that was not made, since the worker was
// lost before: the input is given back as it was, and the worker is opened anew.
type UnbegunError struct {
	Err     error
	Served  bool // the worker had done some work since it was opened
	Planned bool // it does not count as a restart that went wrong
}

// Error is that of the cause.
func (e *UnbegunError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UnbegunError) Unwrap() error { return e.Err }

// held is an input in the hands of a worker.
type held[In any] struct {
	slot  int32
	in    In
	begun time.Duration
}

// hands are what a worker has that takes several inputs.
type hands[In, Out any] struct {
	with    Several[In, Out]
	fresh   []held[In] // taken, and not yet given to the worker
	ins     []In       // of fresh
	held    []held[In] // given to it, from next on
	next    int
	outs    []Outcome[Out] // of the oldest, from nextOut on
	nextOut int
	turning bool
}

func (s *hands[In, Out]) inHand() int { return len(s.held) - s.next }

// pop takes the oldest out of the hands.
func (s *hands[In, Out]) pop() held[In] {
	one := s.held[s.next]
	s.held[s.next] = held[In]{}
	if s.next++; s.next == len(s.held) {
		s.held, s.next = s.held[:0], 0
	}
	return one
}

// takeAll takes the newest n out of the hands.
func (s *hands[In, Out]) takeNewest(n int) []held[In] {
	at := len(s.held) - n
	all := append([]held[In](nil), s.held[at:]...)
	clear(s.held[at:])
	if s.held = s.held[:at]; s.next == at {
		s.held, s.next = s.held[:0], 0
	}
	return all
}

// severally has the workers of the stage take several inputs each.
func (c *crew[In, Out]) severally(f *Flow[In], mk maker[Out]) []*Group {
	f.pull(c.g, func(x *Exec) Handler[In] {
		h := c.hire(x, mk)
		h.hands = new(hands[In, Out])
		return h.collect
	}, &oneByOne{window: true})
	return []*Group{c.g}
}

// collect takes an input that came through the steps before the stage.
func (h *hand[In, Out]) collect(x *Exec, in In) {
	one := held[In]{slot: x.slot, in: in}
	if h.g.spec.Retry != nil {
		one.begun = h.g.run.now()
	}
	h.hands.fresh = append(h.hands.fresh, one)
}

func (h *hand[In, Out]) holding() bool { return len(h.hands.fresh)+h.hands.inHand() > 0 }

func (h *hand[In, Out]) room() int {
	return max(1, h.hands.with.Room()) - len(h.hands.fresh) - h.hands.inHand()
}

// collectReturned takes inputs that other workers gave back. The caller holds
// the lock of the group.
func (h *hand[In, Out]) collectReturned(room int) int {
	n := min(max(0, room), len(h.returned))
	if n > 0 {
		h.hands.fresh = append(h.hands.fresh, h.returned[:n]...)
		left := copy(h.returned, h.returned[n:])
		clear(h.returned[left:])
		h.returned = h.returned[:left]
	}
	return n
}

func (h *hand[In, Out]) hasReturned() bool { return len(h.returned) > 0 }

// turn gives the worker what was collected, and takes outcomes.
func (h *hand[In, Out]) turn() {
	s := h.hands
	clear(s.ins)
	s.ins = s.ins[:0]
	for _, one := range s.fresh {
		s.ins = append(s.ins, one.in)
	}
	s.held = append(s.held, s.fresh...)
	clear(s.fresh)
	s.fresh = s.fresh[:0]
	h.x.at, s.turning = &h.step, true
	done, back, err := s.with.Turn(h.g.spec.Timeout, s.ins)
	s.turning = false
	if len(done) > 0 {
		h.x.served = true
	}
	s.outs, s.nextOut = done, 0
	switch {
	case err != nil:
		h.loseHands(err, s.takeNewest(s.inHand()-len(done)))
	case back > 0:
		h.putBack(s.takeNewest(back))
	}
}

// handOn gives the inputs their outcomes. After a crash in a step behind it
// goes on with the rest.
func (h *hand[In, Out]) handOn() {
	s := h.hands
	for s.nextOut < len(s.outs) {
		out := &s.outs[s.nextOut]
		s.nextOut++
		one := s.pop()
		h.x.slot = one.slot
		if out.Err != nil {
			h.in, h.job = one.in, job[In]{begun: one.begun}
			h.failed(out.Err)
			continue
		}
		if h.g.spec.Hooks.hear(Done) {
			h.in = one.in
			h.event(Done, 1, 0, nil)
			var none In
			h.in = none
		}
		h.next(h.x, out.Out)
	}
	s.outs, s.nextOut = nil, 0
	if h.x.leaving { // the others are not begun
		h.putBack(s.takeNewest(s.inHand()))
	}
	h.x.out.flush()
}

// putBack gives inputs back that were not begun.
func (h *hand[In, Out]) putBack(all []held[In]) {
	if len(all) == 0 {
		return
	}
	h.g.mu.Lock()
	h.returned = append(h.returned, all...)
	h.g.unlockAndWake(true)
}

// loseHands takes the loss of the worker: what it had in hand is tried again,
// each by itself, so that the blame is exact.
func (h *hand[In, Out]) loseHands(err error, all []held[In]) {
	if h.g.run.interrupted() {
		return
	}
	h.lost, h.x.leaving = err, true
	if u, ok := errors.AsType[*UnbegunError](err); ok {
		h.lost, h.x.planned = u.Err, u.Planned
		h.x.served = h.x.served || u.Served
		h.x.unbegun = true
		h.putBack(all)
		return
	}
	h.x.served = h.x.served || len(all) > 0
	h.x.tally.begun -= int64(len(all)) // each is counted where it is tried again
	for _, one := range all {
		j := job[In]{slot: one.slot, in: one.in, begun: one.begun}
		h.g.add(func(x *Exec) { x.task.(*hand[In, Out]).again(j) })
	}
}

// unbegin gives the input of an attempt back that was not made.
func (h *hand[In, Out]) unbegin(u *UnbegunError) {
	h.lost, h.x.planned, h.x.leaving = u.Err, u.Planned, true
	h.x.served, h.x.unbegun = u.Served, true
	h.x.pull.relieve()
	j := h.job
	j.slot, j.in = h.x.slot, h.in
	var none In
	h.in, h.job = none, job[In]{}
	if j.made > 0 {
		h.g.run.stats.retries.Add(-1)
		h.g.run.callOf(h.x.slot).retried(-1)
	} else {
		h.x.tally.begun-- // by who takes it now
	}
	h.retryAfter(0, j)
}
