package testkit

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

// Square is work that takes no time.
func Square(_ context.Context, n int) (int, error) { return n * n, nil }

// Sleepy is work that takes d, or until it is cancelled.
func Sleepy(d time.Duration) func(context.Context, int) (int, error) {
	return func(ctx context.Context, n int) (int, error) {
		select {
		case <-time.After(d):
			return n, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// Plus returns a step that adds k.
func Plus(k int) func(int) int { return func(n int) int { return n + k } }

// Lasting is a stage whose inputs take a time each.
func Lasting(name string, workers int, d time.Duration) vimap.Stage[int, int] {
	return vimap.Func(Sleepy(d)).Named(name).Workers(workers)
}

// LedgerOfAttempts counts the attempts of each input.
type LedgerOfAttempts struct{ counts [100]atomic.Int64 }

// Next notes an attempt of n and returns its number, from 1.
func (l *LedgerOfAttempts) Next(n int) int64 { return l.counts[n].Add(1) }

// ErrRefused is why a worker does not open.
var ErrRefused = errors.New("connection refused")

// Jitter is work that takes a different time for each item.
func Jitter(ctx context.Context, n int) (int, error) {
	return Sleepy(time.Duration(rand.IntN(1000))*time.Microsecond)(ctx, n)
}

// ErrOdd is why [Even] fails.
var ErrOdd = errors.New("odd number")

// Even fails the odd numbers after a while of their own.
func Even(ctx context.Context, n int) (int, error) {
	if _, err := Jitter(ctx, n); err != nil {
		return 0, err
	}
	if n%2 == 1 {
		return 0, ErrOdd
	}
	return n, nil
}

// Triple makes three outputs of an item, two of every third, none of every fifth.
func Triple(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for k := range Tripled(n) {
			if !yield(10*n + k) {
				return
			}
		}
	}
}

// Tripled is how many outputs [Triple] makes of n.
func Tripled(n int) int {
	switch {
	case n%5 == 0:
		return 0
	case n%3 == 0:
		return 2
	}
	return 3
}

// Same is work that gives its input back.
func Same(_ context.Context, n int) (int, error) { return n, nil }

// ClosePool closes a pool at the end of a test, and holds that nothing went
// wrong in it.
func ClosePool[In, Out any](t *testing.T, p *vimap.Pool[In, Out]) {
	require.NoError(t, p.Close())
}

// Calls notes when each item was tried, and fails the first attempts of some.
type Calls struct {
	mu    sync.Mutex
	Began time.Time
	At    map[int][]time.Duration
}

// NewCalls begins to count the time.
func NewCalls() *Calls { return &Calls{Began: time.Now(), At: map[int][]time.Duration{}} }

// Try notes an attempt and returns its number, from 1.
func (c *Calls) Try(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.At[n] = append(c.At[n], time.Since(c.Began))
	return len(c.At[n])
}

// ErrStop is why a function ends the run.
var ErrStop = errors.New("told to stop")

// Grace is more than any run waits for a function that ignores its time limit.
const Grace = time.Minute

// MultipleOf says whether a number is one of k.
func MultipleOf(k int) func(int) bool { return func(n int) bool { return n%k == 0 } }
