package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// sourceContext is the context of the source of a run: it ends with the run, and
// before that when there is no more to be read. Most sources never look at it, so
// what it takes is made when one does. It refers to nothing of the run, for it may
// outlive it.
type sourceContext struct {
	outer context.Context                 // of the run
	made  atomic.Pointer[context.Context] // nil: nobody has looked so far

	mu     sync.Mutex
	ctx    context.Context // that made points to
	cancel context.CancelCauseFunc
	over   bool // the reading ended, and nothing else had by then
}

// stop ends the context, unless it has ended.
func (c *sourceContext) stop() {
	c.mu.Lock()
	if c.ctx == nil {
		c.over = c.over || c.outer.Err() == nil
	}
	cancel := c.cancel
	c.mu.Unlock()
	if cancel != nil {
		cancel(context.Canceled)
	}
}

// real is the context as package context makes it.
func (c *sourceContext) real() context.Context {
	if ctx := c.made.Load(); ctx != nil {
		return *ctx
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		from := c.outer
		if c.over { // before the run was: that is the cause
			from = context.WithoutCancel(from)
		}
		c.ctx, c.cancel = context.WithCancelCause(from)
		if c.over {
			c.cancel(context.Canceled)
		}
		c.made.Store(&c.ctx)
	}
	return c.ctx
}

// Deadline is that of the run, which ends no sooner.
func (c *sourceContext) Deadline() (time.Time, bool) { return c.outer.Deadline() }

// Done is that of the context as package context makes it, so that contexts
// made of this one are ended without a goroutine.
func (c *sourceContext) Done() <-chan struct{} { return c.real().Done() }

// Err is nil, or why the context has ended.
func (c *sourceContext) Err() error { return c.real().Err() }

// Value is what package context asks for, too.
func (c *sourceContext) Value(key any) any { return c.real().Value(key) }
