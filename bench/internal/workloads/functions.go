package workloads

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// numbers returns 0, 1, 2 … n-1.
func numbers(n int) []int {
	xs := make([]int, n)
	for i := range xs {
		xs[i] = i
	}
	return xs
}

// triple is work that costs nothing.
func triple(x int) int { return 3*x + 1 }

// tripleStep is [triple] as vimap takes it: peers have no context and no error.
func tripleStep(_ context.Context, x int) (int, error) { return 3*x + 1, nil }

// step makes a function of a peer one of vimap.
func step[T, R any](f func(T) R) func(context.Context, T) (R, error) {
	return func(_ context.Context, x T) (R, error) { return f(x), nil }
}

// mapped returns f of each item.
func mapped[T, R any](xs []T, f func(T) R) []R {
	ys := make([]R, len(xs))
	for i, x := range xs {
		ys[i] = f(x)
	}
	return ys
}

// kept takes a result nobody needs, lest the work be left out.
var kept atomic.Uint64

// hasher returns a function that keeps a core of this machine busy for about d.
func hasher(d time.Duration) func(int) uint64 {
	const trial = 100_000
	times := make([]time.Duration, 9)
	for i := range times {
		start := time.Now()
		kept.Store(scramble(uint64(i), trial))
		times[i] = time.Since(start)
	}
	// The fastest is the one that nobody disturbed.
	rounds := int(float64(trial) * float64(d) / float64(max(1, slices.Min(times))))
	return func(x int) uint64 { return scramble(uint64(x), rounds) }
}

//go:noinline
func scramble(x uint64, rounds int) uint64 {
	for range rounds {
		x = (x ^ x>>33) * 0xff51afd7ed558ccd
	}
	return x
}
