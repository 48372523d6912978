package engine

import (
	"context"
	"sync"
)

// call is what a caller of a pool and the workers agree on: whether something
// of the user's works on its input, and whether anybody wants it still. An item
// of an ordinary run has none: the methods that workers call take nil.
type call struct {
	caller context.Context // of who made the call
	pool   context.Context
	index  int64  // of the item in the caller's run; -1 if there is none
	done   func() // called once, when the call is over

	mu      sync.Mutex
	held    bool            // something of the user's works on it
	over    bool            // it has its outcome
	cause   error           // why it was given up while it was held
	turn    int             // how often it was taken in hand
	hasten  func()          // ends its back-off
	ctx     context.Context // of the user's functions; nil before the first
	cancel  context.CancelCauseFunc
	retries int64

	fail *Failure // the outcome, if it is a failure
	err  error    // why there is no outcome
}

// enter takes the call in hand; false means that nobody wants it any more, and
// that the item is to be dropped.
func (c *call) enter(retried bool) (context.Context, bool) {
	c.mu.Lock()
	switch {
	case c.over:
		c.mu.Unlock()
		return nil, false
	case c.caller.Err() != nil:
		c.end(nil, context.Cause(c.caller))
		return nil, false
	}
	defer c.mu.Unlock()
	c.held, c.hasten = true, nil
	c.turn++
	if retried {
		c.retries++
	}
	if c.ctx == nil {
		ctx, cancel := context.WithCancelCause(c.caller)
		c.ctx, c.cancel = &lent{ctx, c.pool}, cancel
	}
	return c.ctx, true
}

// leave lets go of a call that has no outcome yet, and returns its turn.
func (c *call) leave() (turn int) {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	c.held, turn = false, c.turn
	if c.cause != nil && !c.over {
		c.end(nil, c.cause)
		return turn
	}
	c.mu.Unlock()
	return turn
}

// rest says how to end the back-off that the call is in since its turn.
func (c *call) rest(turn int, hasten func()) {
	c.mu.Lock()
	if c.turn != turn { // in hand again
		c.mu.Unlock()
		return
	}
	over := c.over
	if !over {
		c.hasten = hasten
	}
	c.mu.Unlock()
	if over {
		hasten()
	}
}

// interrupted reports whether an attempt that failed was interrupted by the end
// of the call's context. Then the call is over.
func (c *call) interrupted() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	cause := c.cause
	if cause == nil && c.ctx != nil {
		cause = context.Cause(c.ctx)
	}
	if c.over || cause == nil {
		over := c.over
		c.mu.Unlock()
		return over
	}
	c.end(nil, cause)
	return true
}

// retried counts attempts that another pool made for the call.
func (c *call) retried(n int64) {
	if c != nil {
		c.mu.Lock()
		c.retries += n
		c.mu.Unlock()
	}
}

// failed gives the call a failure.
func (c *call) failed(f *Failure) {
	if c == nil {
		return
	}
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return
	}
	c.end(f, nil)
}

// giveUp ends a call that nobody works on; one that is in hand is interrupted,
// and ends when it is let go of.
func (c *call) giveUp(cause error) {
	c.mu.Lock()
	switch {
	case c.over:
		c.mu.Unlock()
	case c.held:
		if c.cause == nil {
			c.cause = cause
		}
		cancel := c.cancel
		c.mu.Unlock()
		cancel(cause)
	default:
		c.end(nil, cause)
	}
}

// end gives the call its outcome. The caller holds mu, and end unlocks it.
func (c *call) end(f *Failure, err error) {
	c.over, c.held, c.fail, c.err = true, false, f, err
	cancel, hasten := c.cancel, c.hasten
	c.hasten = nil
	c.mu.Unlock()
	if cancel != nil {
		cancel(err)
	}
	if hasten != nil {
		hasten() // for what it holds: a credit, and the turn of its key
	}
	c.done()
}

// isOver reports whether the call has its outcome.
func (c *call) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// lent is the context of a call. It ends with the caller's, and when the pool
// says so, and has the values of both, the caller's first.
type lent struct {
	context.Context
	pool context.Context
}

// Value returns the caller's value, or else the pool's.
func (l *lent) Value(key any) any {
	if v := l.Context.Value(key); v != nil {
		return v
	}
	return l.pool.Value(key)
}

// callOf returns the call of the item in slot; nil in an ordinary run.
func (r *Run) callOf(slot int32) *call {
	if r.calls == nil {
		return nil
	}
	return r.calls(slot)
}
