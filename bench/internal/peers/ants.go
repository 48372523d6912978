package peers

import (
	"iter"
	"sync"

	"github.com/panjf2000/ants/v2"
)

// Ants is ants' pool for one function.
func Ants[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	var mu sync.Mutex
	return invoke(items, workers, func(x T) {
		y := f(x)
		mu.Lock()
		each(y)
		mu.Unlock()
	})
}

// OrderedAnts holds all results before it hands on the first.
func OrderedAnts[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	type slot struct {
		item   T
		result R
	}
	var slots []*slot
	err := invoke(func(yield func(*slot) bool) {
		for x := range items {
			s := &slot{item: x}
			slots = append(slots, s)
			if !yield(s) {
				return
			}
		}
	}, workers, func(s *slot) { s.result = f(s.item) })
	if err != nil {
		return err
	}
	for _, s := range slots {
		each(s.result)
	}
	return nil
}

func invoke[T any](items iter.Seq[T], workers int, f func(T)) error {
	var wg sync.WaitGroup
	pool, err := ants.NewPoolWithFuncGeneric(workers, func(x T) {
		defer wg.Done()
		f(x)
	})
	if err != nil {
		return err
	}
	defer pool.Release()
	for x := range items {
		wg.Add(1)
		if err := pool.Invoke(x); err != nil {
			return err
		}
	}
	wg.Wait()
	return nil
}
