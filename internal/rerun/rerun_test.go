package rerun_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
)

// fake is a test that a test looks at.
type fake struct {
	testing.TB
	name    string
	skipped int
}

func (f *fake) Helper()              {}
func (f *fake) Name() string         { return f.name }
func (f *fake) Skip(...any)          { f.skipped++ }
func (f *fake) Skipf(string, ...any) { f.skipped++ }

var again int // a test of the same name was there in the last run

func newFake(t *testing.T, name string) *fake {
	again++
	return &fake{TB: t, name: fmt.Sprint(name, again)}
}

func TestOnceIsTheFirstRunOfEachName(t *testing.T) {
	one, other := newFake(t, "one"), newFake(t, "other")
	rerun.Once(one)
	rerun.Once(other)
	require.Zero(t, one.skipped)
	require.Zero(t, other.skipped)
	rerun.Once(one)
	rerun.Once(one)
	require.Equal(t, 2, one.skipped)
}

func TestEveryCaseHasItsTurn(t *testing.T) {
	for i := range 20 {
		one := newFake(t, fmt.Sprint("case ", i, " "))
		rerun.Share(one, 3)
		require.Zero(t, one.skipped, "the first run is whole")
		for range 5 {
			one.skipped = 0
			for range 3 {
				rerun.Share(one, 3)
			}
			require.Equal(t, 2, one.skipped)
		}
	}
}
