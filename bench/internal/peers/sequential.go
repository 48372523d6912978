package peers

import "iter"

// Sequential is a plain loop.
//
//go:noinline
func Sequential[T, R any](items iter.Seq[T], _ int, f func(T) R, each func(R)) error {
	for x := range items {
		each(f(x))
	}
	return nil
}

// SequentialStages is a plain loop with three calls.
//
//go:noinline
func SequentialStages[T any](items iter.Seq[T], _ int, f Three[T], each func(T)) error {
	for x := range items {
		each(f[2](f[1](f[0](x))))
	}
	return nil
}
