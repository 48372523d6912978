package peers

import (
	"context"
	"iter"
	"sync"
)

// Channels is the worker pool of textbooks, with channels of a given buffer.
func Channels[T, R any](buffer int) Pool[T, R] {
	return func(items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
		for y := range hop(send(items, buffer), workers, buffer, f) {
			each(y)
		}
		return nil
	}
}

// ChannelStages is a worker pool behind another behind another.
func ChannelStages[T any](buffer int) Stages[T] {
	return func(items iter.Seq[T], workers int, f Three[T], each func(T)) error {
		hops := send(items, buffer)
		for _, f := range f {
			hops = hop(hops, workers, buffer, f)
		}
		for y := range hops {
			each(y)
		}
		return nil
	}
}

func send[T any](items iter.Seq[T], buffer int) <-chan T {
	out := make(chan T, buffer)
	go func() {
		defer close(out)
		for x := range items {
			out <- x
		}
	}()
	return out
}

func hop[T, R any](in <-chan T, workers, buffer int, f func(T) R) <-chan R {
	out := make(chan R, buffer)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for x := range in {
				out <- f(x)
			}
		})
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}

// CancellableChannels is the worker pool of https://go.dev/blog/pipelines:
// whoever sends also listens for the end of the context.
func CancellableChannels[T, R any](buffer int) Pool[T, R] {
	return func(items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for y := range hopContext(ctx, sendContext(ctx, items, buffer), workers, buffer, f) {
			each(y)
		}
		return ctx.Err()
	}
}

// CancellableChannelStages is [ChannelStages] that ends with a context.
func CancellableChannelStages[T any](buffer int) Stages[T] {
	return func(items iter.Seq[T], workers int, f Three[T], each func(T)) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		hops := sendContext(ctx, items, buffer)
		for _, f := range f {
			hops = hopContext(ctx, hops, workers, buffer, f)
		}
		for y := range hops {
			each(y)
		}
		return ctx.Err()
	}
}

func sendContext[T any](ctx context.Context, items iter.Seq[T], buffer int) <-chan T {
	out := make(chan T, buffer)
	go func() {
		defer close(out)
		for x := range items {
			select {
			case out <- x:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func hopContext[T, R any](ctx context.Context, in <-chan T, workers, buffer int, f func(T) R) <-chan R {
	out := make(chan R, buffer)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for x := range in {
				select {
				case out <- f(x):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}
