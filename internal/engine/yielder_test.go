package engine

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoYieldedForTooLongDoesNotSoonAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := New(t.Context(), &Faults{}, 0, false)
		turns := 0
		y := yielder{yield: func() { turns++; time.Sleep(yieldTime) }}
		y.wait(run, always)
		y.wait(run, always)
		require.Equal(t, 2, turns, "as long as may be")
		y.yield = func() { turns++; time.Sleep(yieldTime + 1) }
		y.wait(run, always)
		require.Equal(t, 3, turns)
		for range yieldLater {
			y.wait(run, always)
		}
		require.Equal(t, 3, turns, "it is left alone for a while")
		y.wait(run, always)
		require.Equal(t, 4, turns)
	})
}

func TestWhoWakesTheHeadYieldsToItUnlessWorkersCrowd(t *testing.T) {
	const limit = 8
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, limit, limit)
		turns := 0
		s.toHead.yield = func() { turns++; time.Sleep(yieldTime + 1) }
		made := make(chan int32, 2*limit)
		go func() {
			defer close(made)
			for {
				slot, ok := s.next()
				if !ok {
					return
				}
				made <- slot
			}
		}()
		turn := func() {
			synctest.Wait()
			slots := make([]int32, limit)
			for i := range slots {
				slots[i] = <-made
			}
			s.release(slots)
		}
		for range 3 {
			turn()
		}
		require.Equal(t, 3, turns, "the head had much to do")
		s.run.groups = []*Group{atWork(2*runtime.GOMAXPROCS(0) + 1)}
		turn()
		require.Equal(t, 4, turns)
		for range yieldLater {
			turn()
		}
		require.Equal(t, 4, turns, "it would be back behind all workers")
		turn()
		require.Equal(t, 5, turns)
		synctest.Wait()
		s.enough.Store(true)
		s.wakeHead()
		for range made { // what it had made
		}
	})
}

// atWork is a group whose workers all have quick items in hand.
func atWork(workers int) *Group {
	g := &Group{spec: Spec{Workers: workers}, started: workers, alive: workers}
	g.pace.size.Store(2)
	return g
}

func TestOnlyWorkersWithQuickItemsInHandCrowd(t *testing.T) {
	many := 2 * runtime.GOMAXPROCS(0)
	run := New(t.Context(), &Faults{}, 0, false)
	few, all := atWork(1), atWork(many)
	run.groups = []*Group{few, all}
	require.True(t, run.crowded(), "of all stages together")
	all.idle = []*waiter{new(waiter)}
	require.False(t, run.crowded(), "one waits for items")
	all.idle = nil
	all.alive--
	require.False(t, run.crowded(), "one was given up")
	all.alive++
	few.over = true
	require.False(t, run.crowded(), "one stage is over")
	few.over = false
	few.pace.size.Store(1)
	require.False(t, run.crowded(), "one stage has slow items")
}

func TestAnOutletYieldsToWorkersOfSlowItemsOnly(t *testing.T) {
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
