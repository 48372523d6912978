package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnOutletThatWaitedTooLongForOthersDoesNotSoonAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := New(t.Context(), &Faults{}, 0, false)
		turns := 0
		g := gather{yield: func() { turns++; time.Sleep(gatherTime) }}
		g.wait(run)
		g.wait(run)
		require.Equal(t, 2, turns, "as long as may be")
		g.yield = func() { turns++; time.Sleep(gatherTime + 1) }
		g.wait(run)
		require.Equal(t, 3, turns)
		for range gatherLater {
			g.wait(run)
		}
		require.Equal(t, 3, turns, "it is left alone for a while")
		g.wait(run)
		require.Equal(t, 4, turns)
	})
}

func TestOnlySlowItemsAreGathered(t *testing.T) {
	r := &Ring[int]{}
	require.False(t, r.singly(), "of the source itself")
	slow, quick := new(Group), new(Group)
	slow.pace.size.Store(1)
	quick.pace.size.Store(2)
	r.upstream = []*Group{slow}
	require.True(t, r.singly())
	r.upstream = []*Group{slow, quick}
	require.False(t, r.singly())
}
