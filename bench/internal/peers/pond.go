package peers

import (
	"iter"
	"sync"

	"github.com/alitto/pond/v2"
)

// Pond is pond's pool with its queue as it comes: without a bound.
func Pond[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	pool := pond.NewPool(workers)
	var mu sync.Mutex
	for x := range items {
		err := pool.Go(func() {
			y := f(x)
			mu.Lock()
			each(y)
			mu.Unlock()
		})
		if err != nil {
			return err
		}
	}
	pool.StopAndWait()
	return nil
}

// OrderedPond is a group of pond's result pool, which holds all results before
// it hands on the first.
func OrderedPond[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	pool := pond.NewResultPool[R](workers)
	defer pool.StopAndWait()
	group := pool.NewGroup()
	for x := range items {
		group.Submit(func() R { return f(x) })
	}
	results, err := group.Wait()
	if err != nil {
		return err
	}
	for _, y := range results {
		each(y)
	}
	return nil
}
