package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stuckPool is a pool whose one worker is held up until its context ends.
func stuckPool(ctx context.Context) *Pool[int, int] {
	st := Stage[int, int]{Do: func(ctx context.Context, n int) (int, error) {
		<-ctx.Done()
		return n, context.Cause(ctx)
	}}
	faults := &Faults{IsLost: func(error) bool { return false }, PoolClosed: errors.New("closed")}
	return NewPool(ctx, faults, "", false,
		func(f *Flow[int]) *Flow[int] { return Via(f, Spec{Workers: 1}, st) }, func([]error) {})
}

func TestACallThatIsGivenUpWhileTheSourceIsHeldUpLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := stuckPool(t.Context())
		seg := p.run.segments[0]
		seg.mu.Lock()
		seg.limit = 2 // so that what comes later stays in the queue
		seg.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done := make(chan struct{})
		for n := range 10 {
			go func() {
				_, _, err := p.Do(ctx, n)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				done <- struct{}{}
			}()
		}
		synctest.Wait()
		p.mu.Lock()
		require.Greater(t, p.queue.Len(), 5)
		require.Len(t, p.live, 10)
		p.mu.Unlock()
		for range 10 {
			<-done
		}
		p.mu.Lock()
		require.Zero(t, p.queue.Len())
		require.Empty(t, p.live)
		p.mu.Unlock()
		require.Empty(t, p.Close())
	})
}

// A back-off that is reported late must not replace that of a later attempt.
func TestACallHastensTheBackOffOfItsLastAttempt(t *testing.T) {
	hastened := ""
	c := &call{caller: t.Context(), pool: t.Context(), done: func() {}}
	note := func(what string) func() { return func() { hastened += what } }
	_, ok := c.enter(false)
	require.True(t, ok)
	first := c.leave()
	_, ok = c.enter(true)
	require.True(t, ok)
	second := c.leave()
	c.rest(second, note("second"))
	c.rest(first, note("first"))
	c.giveUp(context.Canceled)
	require.Equal(t, "second", hastened)

	c.rest(second, note(", and one that came too late"))
	require.Equal(t, "second, and one that came too late", hastened)
	_, ok = c.enter(true)
	require.False(t, ok, "it is over")
}

func TestACallWhoseContextHasEndedIsNotTakenInHand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	over := 0
	c := &call{caller: ctx, pool: t.Context(), done: func() { over++ }}
	cancel()
	_, ok := c.enter(false)
	require.False(t, ok)
	require.Equal(t, 1, over)
	require.Equal(t, context.Canceled, c.err)
}

func TestAnAttemptIsInterruptedAsSoonAsItsCallIsGivenUp(t *testing.T) {
	c := &call{caller: t.Context(), pool: t.Context(), done: func() {}}
	_, ok := c.enter(false)
	require.True(t, ok)
	require.False(t, c.interrupted())
	c.cause = context.DeadlineExceeded // giveUp ends the context a moment later
	require.True(t, c.interrupted())
	require.Equal(t, context.DeadlineExceeded, c.err)
}
