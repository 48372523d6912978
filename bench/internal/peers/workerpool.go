package peers

import (
	"iter"
	"sync"

	"github.com/gammazero/workerpool"
)

// WorkerPool is workerpool's, whose queue has no bound.
func WorkerPool[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	pool := workerpool.New(workers)
	var mu sync.Mutex
	for x := range items {
		pool.Submit(func() {
			y := f(x)
			mu.Lock()
			each(y)
			mu.Unlock()
		})
	}
	pool.StopWait()
	return nil
}

// OrderedWorkerPool holds all results before it hands on the first.
func OrderedWorkerPool[T, R any](items iter.Seq[T], workers int, f func(T) R, each func(R)) error {
	pool := workerpool.New(workers)
	var results []*R
	for x := range items {
		result := new(R)
		results = append(results, result)
		pool.Submit(func() { *result = f(x) })
	}
	pool.StopWait()
	for _, y := range results {
		each(*y)
	}
	return nil
}
