package testkit

import (
	"context"
	"iter"
	"math"
	"sync/atomic"
	"time"

	"github.com/vimap-go/vimap"
)

// Given is a source of items.
func Given[T any](items ...T) vimap.Pipeline[T, T] {
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

// Count is a source of 0, 1, … n-1. reads, if not nil, counts the items that
// were asked of it.
func Count(n int, reads *atomic.Int64) vimap.Pipeline[int, int] {
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

// UpTo returns 0, 1, … n-1.
func UpTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// Endless is more items than any test can work off.
const Endless = min(1<<40, math.MaxInt)

// Ahead watches how far the source runs ahead of the sink.
type Ahead struct{ Read, Delivered, Most atomic.Int64 }

// Source is a source of n numbers that notes how many it was asked for.
func (a *Ahead) Source(n int) vimap.Pipeline[int, int] {
	return vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if now := a.Read.Add(1) - a.Delivered.Load(); now > a.Most.Load() {
					a.Most.Store(now)
				}
				if !yield(i, nil) {
					return
				}
			}
		}
	})
}

// Trickle is a source of n items, one every pause, that stays open for rest.
func Trickle(n int, pause, rest time.Duration) vimap.Pipeline[int, int] {
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
		for i := range n {
			if !out.One(i) {
				return nil
			}
			if _, err := Sleepy(pause)(ctx, 0); err != nil {
				return err
			}
		}
		_, err := Sleepy(rest)(ctx, 0)
		return err
	})
}
