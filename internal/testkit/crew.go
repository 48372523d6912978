package testkit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

// Gauge counts calls and how many of them run at once.
type Gauge struct{ Calls, Now, Most atomic.Int64 }

// Enter begins a call; what it returns ends it.
func (g *Gauge) Enter() (leave func()) {
	g.Calls.Add(1)
	now := g.Now.Add(1)
	for most := g.Most.Load(); now > most && !g.Most.CompareAndSwap(most, now); most = g.Most.Load() {
	}
	return func() { g.Now.Add(-1) }
}

// Crew watches the workers of a stage: each is opened before it works, used by
// one call at a time, closed once and not used again.
type Crew struct {
	Gauge
	Opened, Closed atomic.Int64
	mu             sync.Mutex
	Wrong          []string
}

// Hand is the state of one worker of a crew.
type Hand struct {
	crew   *Crew
	ID     int64
	Config string
	worked atomic.Int64
	state  atomic.Int32
}

const (
	idle int32 = iota
	busy
	closed
)

// Open opens a worker.
func (c *Crew) Open(context.Context) (*Hand, error) { return &Hand{crew: c, ID: c.Opened.Add(1)}, nil }

// OpenWith opens a worker with a configuration.
func (c *Crew) OpenWith(ctx context.Context, config string) (*Hand, error) {
	h, err := c.Open(ctx)
	h.Config = config
	return h, err
}

// Begin marks h as working; what it returns marks the end.
func (h *Hand) Begin() (end func()) {
	if !h.state.CompareAndSwap(idle, busy) {
		h.crew.report("worker %d was given work in state %d", h.ID, h.state.Load())
	}
	h.worked.Add(1)
	leave := h.crew.Enter()
	return func() {
		leave()
		if !h.state.CompareAndSwap(busy, idle) {
			h.crew.report("worker %d ended its work in state %d", h.ID, h.state.Load())
		}
	}
}

// Close marks h as closed, for good.
func (h *Hand) Close() error {
	if !h.state.CompareAndSwap(idle, closed) {
		h.crew.report("worker %d was closed in state %d", h.ID, h.state.Load())
	}
	h.crew.Closed.Add(1)
	return nil
}

func (c *Crew) report(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Wrong = append(c.Wrong, fmt.Sprintf(format, args...))
}

// RequireClosed holds that every worker that was opened was closed once, and
// that calls never overlapped.
func (c *Crew) RequireClosed(t require.TestingT) {
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Empty(t, c.Wrong)
	require.Equal(t, c.Opened.Load(), c.Closed.Load(), "workers opened and closed")
}

// Stage is a stage of identical workers of the crew that do f.
func (c *Crew) Stage(workers int, f func(context.Context, int) (int, error)) vimap.Stage[int, int] {
	return vimap.Open(c.Open).Close((*Hand).Close).Do(func(h *Hand, ctx context.Context, n int) (int, error) {
		defer h.Begin()()
		return f(ctx, n)
	}).Workers(workers)
}

// Loop is a stage of workers that set up, answer every input with turn, and
// clean up. It notes what its workers do.
func (c *Crew) Loop(workers int, turn func(ctx context.Context, feed *vimap.Feed[int, int], n int) (leave bool)) vimap.Stage[int, int] {
	return vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
		h, _ := c.Open(feed.Context())
		defer func() { _ = h.Close() }()
		for ctx, n := range feed.All() {
			if h.turn(ctx, feed, n, turn) {
				break
			}
		}
		return nil
	}).Workers(workers).Named("loop")
}

func (h *Hand) turn(ctx context.Context, feed *vimap.Feed[int, int], n int, turn func(context.Context, *vimap.Feed[int, int], int) bool) bool {
	defer h.Begin()()
	return turn(ctx, feed, n)
}

// Dialled returns a stage whose workers open by f and do work.
func Dialled(crew *Crew, f func(ctx context.Context, config string) error, work func(context.Context, int) (int, error), configs ...string) vimap.Stage[int, int] {
	return vimap.OpenWith(func(ctx context.Context, config string) (*Hand, error) {
		if err := f(ctx, config); err != nil {
			return nil, err
		}
		return crew.OpenWith(ctx, config)
	}).Close((*Hand).Close).Do(func(h *Hand, ctx context.Context, n int) (int, error) {
		defer h.Begin()()
		return work(ctx, n)
	}).Each(configs...).Named("dial")
}
