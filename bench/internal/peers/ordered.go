package peers

import (
	"context"
	"iter"
)

// promise is an item on its way to a worker and the place its result will be.
type promise[T, R any] struct {
	item   T
	result chan R
}

// OrderedChannels is the worker pool that keeps the order: a queue of promises
// beside the workers' channel. The queue is as long as there are workers, or
// as the buffer if that is more.
func OrderedChannels[T, R any](buffer int) Pool[T, R] {
	return func(items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
		in := make(chan promise[T, R], buffer)
		queue := make(chan chan R, max(workers, buffer))
		go func() {
			defer close(queue)
			defer close(in)
			for x := range items {
				p := promise[T, R]{x, make(chan R, 1)}
				queue <- p.result
				in <- p
			}
		}()
		for range workers {
			go func() {
				for p := range in {
					p.result <- f(p.item)
				}
			}()
		}
		for result := range queue {
			each(<-result)
		}
		return nil
	}
}

// CancellableOrderedChannels is [OrderedChannels] that ends with a context.
func CancellableOrderedChannels[T, R any](buffer int) Pool[T, R] {
	return func(items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in := make(chan promise[T, R], buffer)
		queue := make(chan chan R, max(workers, buffer))
		go func() {
			defer close(queue)
			defer close(in)
			for x := range items {
				p := promise[T, R]{x, make(chan R, 1)}
				select {
				case queue <- p.result:
				case <-ctx.Done():
					return
				}
				select {
				case in <- p:
				case <-ctx.Done():
					return
				}
			}
		}()
		for range workers {
			go func() {
				for p := range in {
					p.result <- f(p.item)
				}
			}()
		}
		for result := range queue {
			select {
			case y := <-result:
				each(y)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return ctx.Err()
	}
}
