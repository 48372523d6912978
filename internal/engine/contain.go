package engine

import (
	"github.com/sourcegraph/conc"
)

// Contain calls f in a goroutine of its own and waits for it. A panic or a
// Goexit in f is returned as an error.
func Contain(faults *Faults, f func() error) (err error) {
	returned := false
	var wg conc.WaitGroup
	wg.Go(func() {
		err = f()
		returned = true
	})
	switch p := wg.WaitAndRecover(); {
	case p != nil:
		return faults.Panic(p.Value, p.Stack)
	case !returned:
		return faults.Panic(faults.Goexit, nil)
	}
	return err
}
