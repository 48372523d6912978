package peers

import (
	"iter"

	"github.com/samber/ro"
)

// Ro is ro's Map. It is serial: the number of workers has no meaning for it.
func Ro[T, R any](items iter.Seq[T], _ int, f func(T) R, each func(R)) error {
	return subscribe(ro.Pipe1(observable(items), ro.Map(f)), each)
}

// RoStages is three of ro's Maps.
func RoStages[T any](items iter.Seq[T], _ int, f Three[T], each func(T)) error {
	return subscribe(ro.Pipe3(observable(items), ro.Map(f[0]), ro.Map(f[1]), ro.Map(f[2])), each)
}

// observable is ro.FromSlice for an iterator.
func observable[T any](items iter.Seq[T]) ro.Observable[T] {
	return ro.NewUnsafeObservable(func(to ro.Observer[T]) ro.Teardown {
		for x := range items {
			to.Next(x)
		}
		to.Complete()
		return nil
	})
}

func subscribe[T any](from ro.Observable[T], each func(T)) (err error) {
	from.Subscribe(ro.NewObserver(each, func(e error) { err = e }, func() {}))
	return err
}
