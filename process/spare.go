package process

import (
	"context"
	"errors"
	"sync"

	"github.com/vimap-go/vimap/internal/engine"
)

// brood is the spare children of a stage in a run.
type brood struct {
	mu     sync.Mutex
	spares []*child
	due    int // that are to be started
	over   bool
	early  map[*child]bool // started, and not yet come to Init
	wg     sync.WaitGroup
}

// take returns a child that has said hello: a spare, if there is one.
func (h *house) take(ctx context.Context) (*child, error) {
	if h.Spares > 0 {
		b := h.brood(ctx)
		c := b.pop()
		b.raise(h)
		if c != nil {
			return c, nil
		}
	}
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
		c.bury()
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
			b.end()
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

// raise starts the spares that are missing.
func (b *brood) raise(h *house) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.over && len(b.spares)+b.due < h.Spares {
		b.due++
		b.wg.Go(func() { b.start(h) })
	}
}

func (b *brood) start(h *house) {
	c, err := h.spawn()
	if err == nil {
		b.expect(c)
		err = c.hello()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due--
	delete(b.early, c)
	if err == nil && !b.over {
		b.spares = append(b.spares, c)
		return
	}
	if c != nil { // that a child can't be started is for the next opening to say
		b.wg.Go(c.bury)
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
func (b *brood) end() {
	b.mu.Lock()
	b.over = true
	for c := range b.early {
		c.interrupt()
	}
	for _, c := range b.spares {
		b.wg.Go(c.bury)
	}
	b.spares = nil
	b.mu.Unlock()
	b.wg.Wait()
}
