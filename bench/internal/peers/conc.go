package peers

import (
	"iter"
	"sync"

	conciter "github.com/sourcegraph/conc/iter"
	"github.com/sourcegraph/conc/pool"
	"github.com/sourcegraph/conc/stream"
)

// Conc is conc's pool.
func Conc[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	tasks := pool.New().WithMaxGoroutines(workers)
	var mu sync.Mutex
	for x := range items {
		tasks.Go(func() {
			y := f(x)
			mu.Lock()
			each(y)
			mu.Unlock()
		})
	}
	tasks.Wait()
	return nil
}

// OrderedConc is conc's stream.
func OrderedConc[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	tasks := stream.New().WithMaxGoroutines(workers)
	for x := range items {
		tasks.Go(func() stream.Callback {
			y := f(x)
			return func() { each(y) }
		})
	}
	tasks.Wait()
	return nil
}

// ConcIter is conc's iter, from a slice to a slice.
func ConcIter[T, R any](items []T, workers int, f func(T) R, each func(R)) error {
	mapper := conciter.Mapper[T, R]{MaxGoroutines: workers}
	for _, y := range mapper.Map(items, func(x *T) R { return f(*x) }) {
		each(y)
	}
	return nil
}

// ConcIterStages goes over slices three times.
func ConcIterStages[T any](items []T, workers int, f Three[T], each func(T)) error {
	mapper := conciter.Mapper[T, T]{MaxGoroutines: workers}
	for _, f := range f {
		items = mapper.Map(items, func(x *T) T { return f(*x) })
	}
	for _, y := range items {
		each(y)
	}
	return nil
}
