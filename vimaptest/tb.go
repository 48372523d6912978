package vimaptest

import (
	"context"
	"fmt"
)

// TB is what the functions of this package need of a test: a *testing.T or
// *testing.B, in a testing/synctest bubble that of the bubble, or whatever
// another test framework has in its place.
type TB interface {
	Helper()
	// Errorf fails the test and lets it go on.
	Errorf(format string, args ...any)
	// Cleanup has f called when the test is over.
	Cleanup(f func())
	// Context returns a context that ends when the test is over, before the
	// functions that were given to Cleanup are called.
	Context() context.Context
}

// notNil panics for a mistake in the caller's source.
func notNil(isNil bool, where, what string) {
	if isNil {
		panic(fmt.Sprintf("vimaptest: %s: %s must not be nil", where, what))
	}
}

func atLeastOne(where, what string, n int) {
	if n < 1 {
		panic(fmt.Sprintf("vimaptest: %s: %s must be at least 1, got %d", where, what, n))
	}
}
