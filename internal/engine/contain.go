package engine

import (
	"context"
	"runtime/debug"
	"sync"
)

// Contain calls f in a goroutine of its own and waits for it. A panic or a
// Goexit in f is returned as an error.
func Contain(faults *Faults, f func() error) error {
	c := contained{f: f}
	c.wg.Add(1)
	go c.main()
	c.wg.Wait()
	switch {
	case c.returned:
		return c.err
	case c.value == nil:
		c.value = faults.Goexit
	}
	return faults.Panic(c.value, c.stack)
}

// contained is a call in a goroutine of its own, and what became of it.
type contained struct {
	f        func() error
	wg       sync.WaitGroup
	err      error
	returned bool
	value    any // of a panic; nil: a Goexit
	stack    []byte
}

func (c *contained) main() {
	defer c.wg.Done()
	defer func() {
		if !c.returned {
			c.value, c.stack = recover(), debug.Stack()
		}
	}()
	c.err = c.f()
	c.returned = true
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
