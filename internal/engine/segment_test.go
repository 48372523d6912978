package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// testSegment returns the segment of a run without workers, settled.
func testSegment(t *testing.T, least, inFlight int) *Segment {
	t.Helper()
	run := New(context.Background(), &Faults{}, inFlight, false)
	s := newSegment(run, nil)
	s.least = least
	s.settle(inFlight)
	return s
}

// take takes n credits, none of which makes the head wait.
func take(t *testing.T, s *Segment, n int) []int32 {
	t.Helper()
	slots := make([]int32, 0, n)
	for range n {
		require.True(t, len(s.stash) > 0 || s.taken < s.limit, "the head would wait")
		slot, ok := s.next()
		require.True(t, ok)
		slots = append(slots, slot)
	}
	return slots
}

func TestLookAheadDoublesWhileItLeavesInLessThanHalfItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 8, 0)
		require.Equal(t, 8, s.ahead())
		for _, want := range []int{16, 32, 64} {
			slots := take(t, s, s.ahead())
			time.Sleep(lookAhead/2 - 1)
			s.release(slots)
			require.Equal(t, want, s.ahead())
		}
	})
}

func TestLookAheadGrowsFourfoldFromTheFourthTimeInARowThatItLeavesInMuchLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 8, 0)
		for _, want := range []int{16, 32, 64, 256, 1024} {
			slots := take(t, s, s.ahead())
			time.Sleep(quickTime - 1)
			s.release(slots)
			require.Equal(t, want, s.ahead())
		}
	})
}

func TestLookAheadStaysWhileItLeavesInAboutItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 8, 0)
		for _, took := range []time.Duration{lookAhead / 2, lookAhead, 2 * lookAhead} {
			slots := take(t, s, 8)
			time.Sleep(took)
			s.release(slots)
			require.Equal(t, 8, s.ahead())
		}
	})
}

func TestLookAheadHalvesWhenItTakesMoreThanTwiceItsTimeAndKeepsWhatTheStagesWant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 8, 0)
		s.release(take(t, s, 8))
		s.release(take(t, s, 16))
		require.Equal(t, 32, s.ahead())
		for _, want := range []int{16, 8, 8} {
			slots := take(t, s, s.ahead())
			time.Sleep(2*lookAhead + time.Microsecond)
			s.release(slots)
			require.Equal(t, want, s.ahead())
		}
	})
}

func TestLookAheadIsAtMostItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 8, 0)
		for range 20 {
			s.release(take(t, s, s.ahead()))
		}
		require.Equal(t, quickAhead, s.ahead())
		for _, c := range []struct {
			took time.Duration
			want int
		}{
			{lookAhead/2 - 1, quickAhead}, // it came to that, and stays
			{lookAhead / 2, quickAhead / 2},
			{lookAhead / 2, mostAhead},
			{lookAhead / 2, mostAhead},
			{quickTime, mostAhead}, // not quick enough to go beyond it
			{quickTime - 1, mostAhead},
			{quickTime - 1, mostAhead},
			{quickTime - 1, mostAhead},
			{quickTime, mostAhead}, // once, after what had gathered: that says nothing
			{quickTime - 1, mostAhead},
			{quickTime - 1, mostAhead},
			{quickTime - 1, mostAhead},
			{quickTime - 1, quickAhead},
		} {
			slots := take(t, s, s.ahead())
			time.Sleep(c.took)
			s.release(slots)
			require.Equal(t, c.want, s.ahead())
		}
	})
}

func TestASetBoundNeverChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 100, 3)
		for range 10 {
			s.release(take(t, s, 3))
			require.Equal(t, 3, s.ahead())
		}
	})
}

func TestTheHeadWaitsForCreditAndIsWokenByTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSegment(t, 4, 2)
		slots := take(t, s, 2)
		got := make(chan bool)
		go func() {
			for range 2 {
				_, ok := s.next()
				got <- ok
			}
		}()
		synctest.Wait()
		require.True(t, s.parked)
		s.release(slots[:1])
		require.True(t, <-got)
		synctest.Wait()
		require.True(t, s.parked)
		s.run.halted.Store(true)
		s.run.closing.Store(true)
		s.wakeHead()
		require.False(t, <-got)
	})
}
