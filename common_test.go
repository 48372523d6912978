package vimap_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

// given is a source of items.
func given[T any](items ...T) vimap.Pipeline[T, T] {
	return vimap.From(func(context.Context) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	})
}

// count is a source of 0, 1, … n-1. reads, if not nil, counts the items that
// were asked of it.
func count(n int, reads *atomic.Int64) vimap.Pipeline[int, int] {
	return vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if reads != nil {
					reads.Add(1)
				}
				if !yield(i, nil) {
					return
				}
			}
		}
	})
}

// upTo returns 0, 1, … n-1.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// endless is more items than any test can work off.
const endless = 1 << 40

// collect is the smallest sink: the outputs and the error of the run.
func collect[In, Out any](run *vimap.Run[In, Out]) ([]Out, error) {
	var outs []Out
	for _, out := range run.Zip() {
		outs = append(outs, out)
	}
	return outs, run.Err()
}

// outcomes runs p to its end and returns every result.
func outcomes[In, Out any](ctx context.Context, p vimap.Pipeline[In, Out]) ([]vimap.Result[In, Out], *vimap.Run[In, Out]) {
	run := p.Start(ctx)
	var all []vimap.Result[In, Out]
	for result := range run.Results() {
		all = append(all, result)
	}
	return all, run
}

// split parts results into outputs and failures.
func split[In, Out any](all []vimap.Result[In, Out]) (outs []Out, failed []vimap.Result[In, Out]) {
	for _, result := range all {
		if result.Err == nil {
			outs = append(outs, result.Out)
		} else {
			failed = append(failed, result)
		}
	}
	return outs, failed
}

// patient ends a run that hangs after ten minutes of fake time, so that the
// test fails instead of freezing its bubble.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// requireAddsUp holds law 1: every item has exactly one fate.
func requireAddsUp(t require.TestingT, s vimap.Stats) {
	require.Equal(t, s.Read+s.Extra, s.Delivered+s.Failed+s.Filtered+s.Unfinished, "stats do not add up: %+v", s)
	for i := range s.Stages {
		requireStageAddsUp(t, &s.Stages[i], s.Unfinished == 0)
	}
}

// requireStageAddsUp holds the same for the inputs of a stage, and for its
// workers one by one.
func requireStageAddsUp(t require.TestingT, g *vimap.StageStats, whole bool) {
	var workers vimap.Tally
	for i := range g.Workers {
		w := &g.Workers[i]
		workers.Started += w.Started
		workers.Done += w.Done
		workers.Failed += w.Failed
		workers.Filtered += w.Filtered
		workers.Retried += w.Retried
		require.Equal(t, w.Open, w.Opening+w.Working+w.Blocked+w.Waiting, "the times of worker %d of %q: %+v", w.Worker, g.Name, w.Times)
	}
	require.Equal(t, g.Tally, workers, "the workers of %q", g.Name)
	left := g.Started - g.Done - g.Failed - g.Filtered
	if whole && g.Role != vimap.RoleFlatMap { // which the end may have met at the second output of an input
		require.Zero(t, left, "inputs of %q (%s): %+v", g.Name, g.Role, g.Tally)
		require.Zero(t, g.Queue, "inputs of %q (%s) that wait at the end", g.Name, g.Role)
	}
	require.GreaterOrEqual(t, left, int64(0), "inputs of %q (%s): %+v", g.Name, g.Role, g.Tally)
}

// gauge counts calls and how many of them run at once.
type gauge struct{ calls, now, most atomic.Int64 }

// enter begins a call; what it returns ends it.
func (g *gauge) enter() (leave func()) {
	g.calls.Add(1)
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
	return func() { g.now.Add(-1) }
}

// crew watches the workers of a stage: each is opened before it works, used by
// one call at a time, closed once and not used again.
type crew struct {
	gauge
	opened, closed atomic.Int64
	mu             sync.Mutex
	wrong          []string
}

// hand is the state of one worker of a crew.
type hand struct {
	crew   *crew
	id     int64
	config string
	worked atomic.Int64
	state  atomic.Int32
}

const (
	idle int32 = iota
	busy
	closed
)

func (c *crew) open(context.Context) (*hand, error) { return &hand{crew: c, id: c.opened.Add(1)}, nil }

func (c *crew) openWith(ctx context.Context, config string) (*hand, error) {
	h, err := c.open(ctx)
	h.config = config
	return h, err
}

// begin marks h as working; what it returns marks the end.
func (h *hand) begin() (end func()) {
	if !h.state.CompareAndSwap(idle, busy) {
		h.crew.report("worker %d was given work in state %d", h.id, h.state.Load())
	}
	h.worked.Add(1)
	leave := h.crew.enter()
	return func() {
		leave()
		if !h.state.CompareAndSwap(busy, idle) {
			h.crew.report("worker %d ended its work in state %d", h.id, h.state.Load())
		}
	}
}

func (h *hand) close() error {
	if !h.state.CompareAndSwap(idle, closed) {
		h.crew.report("worker %d was closed in state %d", h.id, h.state.Load())
	}
	h.crew.closed.Add(1)
	return nil
}

func (c *crew) report(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// requireClosed holds that every worker that was opened was closed once, and
// that calls never overlapped.
func (c *crew) requireClosed(t require.TestingT) {
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Empty(t, c.wrong)
	require.Equal(t, c.opened.Load(), c.closed.Load(), "workers opened and closed")
}

// stage is a stage of identical workers of the crew that do f.
func (c *crew) stage(workers int, f func(context.Context, int) (int, error)) vimap.Stage[int, int] {
	return vimap.Open(c.open).Close((*hand).close).Do(func(h *hand, ctx context.Context, n int) (int, error) {
		defer h.begin()()
		return f(ctx, n)
	}).Workers(workers)
}

// square is work that takes no time, sleepy work that takes d.
func square(_ context.Context, n int) (int, error) { return n * n, nil }

func sleepy(d time.Duration) func(context.Context, int) (int, error) {
	return func(ctx context.Context, n int) (int, error) {
		select {
		case <-time.After(d):
			return n, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// plus returns a step that adds k.
func plus(k int) func(int) int { return func(n int) int { return n + k } }
