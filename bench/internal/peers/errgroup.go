package peers

import (
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// ErrGroup starts a goroutine for each item, as many at once as there are workers.
func ErrGroup[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	var group errgroup.Group
	group.SetLimit(workers)
	var mu sync.Mutex
	for x := range items {
		group.Go(func() error {
			y := f(x)
			mu.Lock()
			each(y)
			mu.Unlock()
			return nil
		})
	}
	return group.Wait()
}

// OrderedErrGroup holds all results before it hands on the first.
func OrderedErrGroup[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	var group errgroup.Group
	group.SetLimit(workers)
	var results []*R
	for x := range items {
		result := new(R)
		results = append(results, result)
		group.Go(func() error {
			*result = f(x)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, y := range results {
		each(*y)
	}
	return nil
}
