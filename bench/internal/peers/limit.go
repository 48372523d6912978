package peers

import "iter"

// chunk is how many items travel together in the columns named "limit". They
// are what hand-written code without any safety reaches, and what it costs: an
// item waits until its chunk is full.
const chunk = 512

// Limit sends chunks through a worker pool.
func Limit[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	for ys := range hop(sendChunks(items), workers, 0, eachOf(f)) {
		for _, y := range ys {
			each(y)
		}
	}
	return nil
}

// OrderedLimit sends chunks through a worker pool that keeps the order.
func OrderedLimit[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	return OrderedChannels[[]T, []R](0)(chunks(items), workers, eachOf(f), func(ys []R) {
		for _, y := range ys {
			each(y)
		}
	})
}

// LimitStages sends chunks through three worker pools.
func LimitStages[T any](items iter.Seq[T], workers int, f Three[T], each func(T)) error {
	hops := sendChunks(items)
	for _, f := range f {
		hops = hop(hops, workers, 0, inPlace(f))
	}
	for ys := range hops {
		for _, y := range ys {
			each(y)
		}
	}
	return nil
}

func sendChunks[T any](items iter.Seq[T]) <-chan []T { return send(chunks(items), 0) }

func chunks[T any](items iter.Seq[T]) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		xs := make([]T, 0, chunk)
		for x := range items {
			xs = append(xs, x)
			if len(xs) == chunk {
				if !yield(xs) {
					return
				}
				xs = make([]T, 0, chunk)
			}
		}
		if len(xs) > 0 {
			yield(xs)
		}
	}
}

func eachOf[T, R any](f func(T) R) func([]T) []R {
	return func(xs []T) []R {
		ys := make([]R, len(xs))
		for i, x := range xs {
			ys[i] = f(x)
		}
		return ys
	}
}

func inPlace[T any](f func(T) T) func([]T) []T {
	return func(xs []T) []T {
		for i, x := range xs {
			xs[i] = f(x)
		}
		return xs
	}
}
