package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOutboxHoldsWhatWasNotHandedOn(t *testing.T) {
	o := &outbox[int]{x: &Exec{}, ring: testRing(t, 8)}
	held := func() (held []int) {
		for i := range 5 {
			if o.holds(i) {
				held = append(held, i)
			}
		}
		return held
	}
	require.Empty(t, held())
	for _, it := range items(0, 3) {
		o.add(it)
	}
	require.Equal(t, []int{0, 1, 2}, held())
	o.flushUpTo(2) // by who relieves the worker
	require.Equal(t, []int{2}, held())
	o.flush()
	require.Empty(t, held())
}
