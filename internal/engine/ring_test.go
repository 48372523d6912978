package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// testRing returns a ring with room for n items, of a settled segment.
func testRing(t *testing.T, n int) *Ring[int] {
	t.Helper()
	s := testSegment(t, n, 0)
	r := newRing[int](s, new(gate))
	r.grow(n)
	return r
}

func items(from, to int) []Item[int] {
	var list []Item[int]
	for i := from; i < to; i++ {
		list = append(list, Item[int]{Val: i, Slot: int32(i), State: Live})
	}
	return list
}

func TestARingGivesWhatItGotInOrderRoundItsEnd(t *testing.T) {
	r := testRing(t, 8)
	next := 0
	dst := make([]Item[int], 5)
	for from := 0; from < 60; from += 6 {
		r.pushAll(items(from, from+6))
		for r.waitingLocked() > 0 {
			n := r.takeLocked(dst)
			for _, it := range dst[:n] {
				require.Equal(t, next, it.Val)
				next++
			}
		}
	}
	require.Equal(t, 60, next)
	require.Equal(t, make([]Item[int], len(r.buf)), r.buf, "an item that was taken is not kept")
}

func TestARingThatGrowsLosesNothing(t *testing.T) {
	r := testRing(t, 8)
	dst := make([]Item[int], 64)
	r.pushAll(items(0, 7))
	require.Equal(t, 4, r.takeLocked(dst[:4]))
	r.pushAll(items(7, 12)) // round the end
	r.grow(32)
	require.Len(t, r.buf, 32)
	r.pushAll(items(12, 30))
	n := r.takeLocked(dst)
	require.Equal(t, items(4, 30), dst[:n])
}

func TestWhatIsGivenBackIsTakenFirst(t *testing.T) {
	r := testRing(t, 16)
	dst := make([]Item[int], 4)
	r.pushAll(items(0, 8))
	require.Equal(t, 4, r.takeLocked(dst))
	r.giveBack(dst[1:4])
	require.Equal(t, 7, r.waitingLocked())
	require.Equal(t, 4, r.takeLocked(dst))
	require.Equal(t, append(items(1, 4), items(4, 5)...), dst)
}

func TestAClosedRingRefusesItems(t *testing.T) {
	r := testRing(t, 8)
	require.True(t, r.push(items(0, 1)[0]))
	require.True(t, r.publish([]int32{1}, []int{1}))
	require.EqualValues(t, 2, r.closing())
	require.EqualValues(t, 2, r.closing())
	require.False(t, r.push(items(2, 3)[0]))
	require.False(t, r.publish([]int32{1}, []int{1}))
	require.Equal(t, 2, r.waitingLocked())
}
