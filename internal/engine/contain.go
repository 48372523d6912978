package engine

import (
	"context"
	"runtime/debug"

	"github.com/sourcegraph/conc"
)

// Contain calls f in a goroutine of its own and waits for it. A panic or a
// Goexit in f is returned as an error.
func Contain(faults *Faults, f func() error) (err error) {
	returned := false
	var stack []byte
	var wg conc.WaitGroup
	wg.Go(func() {
		defer func() {
			if !returned {
				stack = debug.Stack() // of a Goexit; conc has that of a panic
			}
		}()
		err = f()
		returned = true
	})
	switch p := wg.WaitAndRecover(); {
	case p != nil:
		return faults.Panic(p.Value, p.Stack)
	case !returned:
		return faults.Panic(faults.Goexit, stack)
	}
	return err
}

// ContainHere is Contain on the goroutine of the caller, which a Goexit ends.
func ContainHere(faults *Faults, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = faults.Panic(v, debug.Stack())
		}
	}()
	return f()
}

// ContainIn is Contain, or ContainHere if the runs of ctx are serial.
func ContainIn(ctx context.Context, faults *Faults, f func() error) error {
	if IsSerial(ctx) {
		return ContainHere(faults, f)
	}
	return Contain(faults, f)
}
