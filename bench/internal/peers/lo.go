package peers

import "github.com/samber/lo/parallel"

// LoParallel is lo's parallel Map, from a slice to a slice. It has no number of
// workers: each item gets a goroutine.
func LoParallel[T, R any](items []T, f func(T) R, each func(R)) error {
	for _, y := range parallel.Map(items, func(x T, _ int) R { return f(x) }) {
		each(y)
	}
	return nil
}
