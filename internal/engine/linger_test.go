package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoLingersLooksUntilThereIsSomethingButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := New(t.Context(), &Faults{}, 0, false)
		var l linger
		looks := 0
		found := func(at int, each time.Duration) func() bool {
			looks = 0
			return func() bool {
				looks++
				time.Sleep(each)
				return looks == at
			}
		}
		require.True(t, l.until(run, found(3, 0)))
		require.Equal(t, 3, looks)
		require.True(t, l.until(run, found(-1, 0)))
		require.Equal(t, lingerTurns, looks, "also where time stands still")
		require.True(t, l.until(run, found(-1, lingerTime/2)))
		require.Equal(t, 2, looks, "no longer than that")

		require.True(t, l.until(run, found(1, gatherTime+1)))
		require.True(t, l.until(run, found(-1, gatherTime+1)), "what it found at once cost nothing")
		for range gatherLater {
			require.False(t, l.until(run, found(1, 0)))
		}
		require.Zero(t, looks, "others have the processors: it is left for a while")
		require.True(t, l.until(run, found(1, 0)))
	})
}

func TestPushesWakeNobodyWhileAConsumerLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(gate)
		r := newRing[int](newSegment(New(t.Context(), &Faults{}, 0, false), nil), g)
		w := newWaiter()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.rest(&w)
		require.True(t, g.open.Load())
		go func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.open.Load() || !g.lingering || r.linger() {
				t.Error("one looks, and is seen to")
			}
			r.pub.Add(1)
		}()
		for r.pub.Load() == 0 {
			require.True(t, r.linger())
		}
		require.True(t, g.open.Load(), "the next push calls")
	})
}

func TestOnlyWhatIsBehindQuickItemsLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := New(t.Context(), &Faults{}, 0, false)
		s := newSegment(run, nil)
		o := newOutlet(run, newRing[int](s, new(gate)), nil, false)
		o.gate = o.ring.gate
		o.gate.mu.Lock()
		defer o.gate.mu.Unlock()
		require.False(t, o.lingers(), "of the source itself")
		g := new(Group)
		o.ring.upstream = []*Group{g}
		g.pace.size.Store(quickChunk - 1)
		require.False(t, o.lingers())
		g.pace.size.Store(quickChunk)
		require.True(t, o.lingers())
	})
}
