package laws

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
)

var (
	errInjected = errors.New("injected")
	errEnd      = errors.New("told to end")
	errSource   = errors.New("source broke")
	errOpen     = errors.New("does not open")
	errClose    = errors.New("does not close")
	errSink     = errors.New("sink broke")
)

// dying are the faults that end the goroutine they happen in.
var dying = []string{"panic error", "panic value", "panic nil", "panic runtime", "panic unprintable", "goexit"}

// failing are those that a worker returns. Of these "flaky" is over after an
// attempt, "permanent" is not tried again, "lost" costs the worker.
var failing = []string{"error", "flaky", "permanent", "lost"}

// timed are those that need a time limit: a call that waits for the end of its
// context, and one that ignores it.
var timed = []string{"late", "stuck"}

// turning are those of a turn of a loop.
var turning = []string{"yields none", "yields twice", "leaves"}

// unprintable is a value whose printing panics.
type unprintable struct{}

// String panics.
func (unprintable) String() string { panic("unprintable") }

// die ends the goroutine if the fault is one that does.
func die(fault string) {
	switch fault {
	case "panic error":
		panic(errInjected)
	case "panic value":
		panic("injected")
	case "panic nil":
		panic(nil) //nolint:govet // the fault
	case "panic runtime":
		var none []int
		_ = none[len(fault)] //nolint:gosec,govet // the fault
	case "panic unprintable":
		panic(unprintable{})
	case "goexit":
		runtime.Goexit()
	}
}

// give returns the fault as the error of a call, if it is one.
func give(ctx context.Context, fault string) error {
	switch fault {
	case "error":
		return errInjected
	case "permanent":
		return retry.Permanent(errInjected)
	case "lost":
		return vimap.Lost(errInjected)
	case "late":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// said is how a fault shows in the error of its item.
func said(fault string) string {
	switch {
	case slices.Contains(failing, fault):
		return "error"
	case slices.Contains(turning, fault):
		return "yield"
	}
	return fault
}

// heard reads the fault from an error.
func heard(err error) string {
	var stuck *vimap.StuckError
	var panicked *vimap.PanicError
	var child *process.Error
	switch {
	case errors.As(err, &stuck):
		return orWithout("stuck", stuck.Stack)
	case errors.As(err, &panicked):
		return orWithout(heardOfPanic(panicked), panicked.Stack)
	case errors.As(err, &child):
		return heardOfKid(child)
	case errors.Is(err, vimap.ErrYield):
		return "yield"
	case errors.Is(err, vimap.ErrBulk):
		return "miscounts"
	case errors.Is(err, errInjected):
		return "error"
	case errors.Is(err, context.DeadlineExceeded):
		return "late"
	}
	return err.Error()
}

// orWithout is what, if there is a stack.
func orWithout(what string, stack []byte) string {
	if len(stack) == 0 {
		return what + " without a stack"
	}
	return what
}

func heardOfPanic(p *vimap.PanicError) string {
	switch value := p.Value.(type) {
	case *runtime.PanicNilError:
		return "panic nil"
	case runtime.Error:
		return "panic runtime"
	case unprintable:
		return "panic unprintable"
	case string:
		return "panic value"
	case error:
		if errors.Is(value, vimap.ErrGoexit) {
			return "goexit"
		}
		if errors.Is(value, errInjected) {
			return "panic error"
		}
	}
	return fmt.Sprintf("panic of a %T", p.Value)
}
