package process

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

// brood is the spare children of a stage in a run.
type brood struct {
	mu     sync.Mutex
	spares []*child
	due    int // that are to be started
	over   bool
	early  map[*child]bool // started, and not yet come to where it waits
	wg     sync.WaitGroup
}

// take returns a child that has said hello: a spare, if there is one. ahead is
// what spares are opened with; nil if that is not known before one is needed.
func (h *house) take(ctx context.Context, ahead []byte) (_ *child, isOpen bool, err error) {
	if h.Spares > 0 {
		b := h.brood(ctx)
		c := b.pop()
		var limit time.Duration
		if until, ok := ctx.Deadline(); ok {
			limit = max(time.Millisecond, time.Until(until))
		}
		b.raise(h, ahead, limit)
		if c != nil {
			return c, ahead != nil, nil
		}
	}
	c, err := h.greeted(ctx)
	return c, false, err
}

// greeted returns a child that was started for ctx and has said hello.
func (h *house) greeted(ctx context.Context) (*child, error) {
	c, err := h.spawn()
	if err != nil {
		return nil, err
	}
	c.watch(ctx)
	err = c.hello()
	c.resume()
	if err != nil {
		c.ended = true
		c.signal(terminate)
		c.buryWithin(h.heed())
		if errors.Is(err, errTick) {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return c, nil
}

func (h *house) brood(ctx context.Context) *brood {
	of := engine.Of(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.broods[of]
	if b == nil {
		b = &brood{early: map[*child]bool{}}
		h.broods[of] = b
		engine.AtEnd(ctx, func() {
			b.end(h)
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.broods, of)
		})
	}
	return b
}

// pop takes a spare that lives.
func (b *brood) pop() *child {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.spares) > 0 {
		c := b.spares[0]
		b.spares = b.spares[1:]
		if !c.isOver() {
			return c
		}
		b.wg.Go(c.bury)
	}
	return nil
}

// raise starts the spares that are missing; limit is how long an opening may
// take, 0 if for ever.
func (b *brood) raise(h *house, ahead []byte, limit time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.over && len(b.spares)+b.due < h.Spares {
		b.due++
		b.wg.Go(func() { b.start(h, ahead, limit) })
	}
}

func (b *brood) start(h *house, ahead []byte, limit time.Duration) {
	c, err := h.spawn()
	if err == nil {
		b.expect(c)
		err = c.hello()
	}
	if err == nil && ahead != nil {
		var until time.Time
		if limit > 0 {
			until = time.Now().Add(limit)
		}
		err = c.opened(ahead, until)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due--
	delete(b.early, c)
	if err == nil && !b.over {
		b.spares = append(b.spares, c)
		return
	}
	if c != nil { // that a child can't be started, or opened, is for the next opening to say
		b.wg.Go(c.giveUp)
	}
}

// expect has the end of the stage end the wait for a child.
func (b *brood) expect(c *child) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.early[c] = true
	if b.over {
		c.interrupt()
	}
}

// end leaves nothing of the spares behind.
func (b *brood) end(h *house) {
	b.mu.Lock()
	b.over = true
	for c := range b.early {
		c.interrupt()
	}
	for _, c := range b.spares { // that one can't close is no matter of the run, which has not used it
		b.wg.Go(func() { c.dismiss(h.CloseLimit, h.Grace) })
	}
	b.spares = nil
	b.mu.Unlock()
	b.wg.Wait()
}
