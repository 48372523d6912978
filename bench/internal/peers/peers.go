// Package peers does the same work in the ways there are besides vimap.
//
// Every peer gets its items from an iterator and hands its results to each,
// which is never called from two goroutines at once. Functions are passed as
// values, so that no column gains by having its function inlined. Peers carry
// no errors, contain no panics and do not say which item a result belongs to.
package peers

import "iter"

// Pool maps items by f with a number of workers and calls each with every result.
type Pool[T, R any] func(items iter.Seq[T], workers int, f func(T) R, each func(R)) error

// Three are the functions of three stages.
type Three[T any] [3]func(T) T

// Stages maps items by three stages with a number of workers each.
type Stages[T any] func(items iter.Seq[T], workers int, f Three[T], each func(T)) error

// Fused returns the three functions as one.
func (f Three[T]) Fused() func(T) T {
	return func(x T) T { return f[2](f[1](f[0](x))) }
}
