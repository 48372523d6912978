package testkit

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

// CodeError is an error to be found by errors.As.
type CodeError struct{ Code int }

// Error names the code.
func (e *CodeError) Error() string { return fmt.Sprint("code ", e.Code) }

// unprintable cannot be shown: each way to do so panics.
type unprintable struct{}

// String panics.
func (unprintable) String() string { panic("String of an unprintable value") }

// GoString panics.
func (unprintable) GoString() string { panic("GoString of an unprintable value") }

// Error panics.
func (unprintable) Error() string { panic("Error of an unprintable value") }

// Format panics.
func (unprintable) Format(fmt.State, rune) { panic("Format of an unprintable value") }

// Fault is a way in which a user's function can die.
type Fault struct {
	Name  string
	Die   func()
	check func(t *testing.T, panicked *vimap.PanicError, err error)
}

// Faults are all ways to die that are not an error.
func Faults() []Fault {
	return []Fault{
		{"panic", func() { panic("boom") }, func(t *testing.T, p *vimap.PanicError, err error) {
			require.Equal(t, any("boom"), p.Value)
			require.ErrorContains(t, err, "boom")
		}},
		{"nil panic", func() { panic(nil) }, func(t *testing.T, _ *vimap.PanicError, err error) {
			var none *runtime.PanicNilError
			require.ErrorAs(t, err, &none)
		}},
		{"panic with an error", func() { panic(fmt.Errorf("wrapped: %w", &CodeError{7})) }, func(t *testing.T, _ *vimap.PanicError, err error) {
			var code *CodeError
			require.ErrorAs(t, err, &code)
			require.Equal(t, 7, code.Code)
		}},
		{"runtime error", func() { var m map[int]int; m[1] = 1 }, func(t *testing.T, _ *vimap.PanicError, err error) {
			var fatal runtime.Error
			require.ErrorAs(t, err, &fatal)
		}},
		{"unprintable panic", func() { panic(unprintable{}) }, func(t *testing.T, p *vimap.PanicError, _ error) {
			_, is := p.Value.(unprintable)
			require.True(t, is)
		}},
		{"Goexit", func() { runtime.Goexit() }, func(t *testing.T, p *vimap.PanicError, err error) {
			require.ErrorIs(t, err, vimap.ErrGoexit)
			require.Equal(t, any(vimap.ErrGoexit), p.Value)
		}},
		{"t.FailNow", func() { new(testing.T).FailNow() }, func(t *testing.T, _ *vimap.PanicError, err error) {
			require.ErrorIs(t, err, vimap.ErrGoexit)
		}},
	}
}

// Require holds that err is the typed error of f, with a stack that leads
// to the function that died, and that it can be printed.
func (f Fault) Require(t *testing.T, err error) {
	t.Helper()
	var panicked *vimap.PanicError
	require.ErrorAs(t, err, &panicked)
	require.NotPanics(t, func() { _ = err.Error(); _ = panicked.Error() })
	require.NotContains(t, err.Error(), "\n", "an error is one line")
	require.Contains(t, string(panicked.Stack), "testkit.Faults")
	f.check(t, panicked, err)
}
