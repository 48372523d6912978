package engine

import (
	"runtime"
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
		require.True(t, l.due())
		require.True(t, l.until(run, found(1, yieldTime+1)), "what it finds at once cost nothing")
		require.True(t, l.due())

		require.False(t, l.until(run, found(-1, 0)))
		require.Equal(t, lingerTurns+1, looks, "also where time stands still")
		require.False(t, l.until(run, found(-1, lingerTime/2)))
		require.Equal(t, 3, looks, "no longer than that, and one look behind it")

		left := func() (n int) {
			for !l.due() {
				n++
			}
			return n
		}
		for range mostVain - 2 {
			require.Zero(t, left())
			require.False(t, l.until(run, found(-1, 0)))
		}
		require.Zero(t, left(), "it may be in vain as often")
		for n := range 3 {
			require.False(t, l.until(run, found(-1, 0)))
			require.Equal(t, n+1, left())
		}
		for range yieldLater {
			l.until(run, found(-1, 0))
		}
		require.Equal(t, yieldLater, left())
		require.True(t, l.until(run, found(2, 0)))
		require.False(t, l.until(run, found(-1, 0)))
		require.Zero(t, left(), "there was something")
		for range mostVain - 1 {
			require.False(t, l.until(run, found(-1, 0)))
		}
		require.True(t, l.until(run, found(3, lingerTime/2)), "at the last look")
		require.False(t, l.until(run, found(-1, 0)))
		require.Zero(t, left(), "that was not in vain")
		require.True(t, l.until(run, found(2, 0)))
		require.False(t, l.until(run, found(-1, yieldTime+1)))
		require.Equal(t, yieldLater, left(), "others have the processors")
	})
}

func TestPushesWakeNobodyWhileAConsumerLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(gate)
		r := newRing[int](newSegment(New(t.Context(), &Faults{}, 0, false), nil), g)
		w := waiter{}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.rest(&w)
		require.True(t, g.open.Load())
		go func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.open.Load() || !g.lingering || g.lingers() {
				t.Error("one looks, and no other")
			}
			r.pub.Add(1)
		}()
		for r.pub.Load() == 0 {
			r.linger()
		}
		require.True(t, r.linger(), "there is something")
		require.True(t, g.open.Load(), "the next push calls")

		r.head++
		back := []Item[int]{{}}
		go r.giveBack(back)
		for len(r.back) == 0 {
			r.linger()
		}
		require.True(t, r.linger(), "what is given back is seen")
		r.back = nil
		saw := false
		for i := 0; !saw && i < 1_000; i++ {
			go g.all() // the end of the run, or of the group
			saw = r.linger()
		}
		require.True(t, saw, "so is that all are woken")
		r.complete.Store(true)
		require.True(t, r.linger(), "the end, too")
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
		require.Equal(t, 1, o.gate.linger.vain)
		run.halted.Store(true)
		require.True(t, o.lingers())
		require.Equal(t, 1, o.gate.linger.vain, "the end came before it began")
	})
}

func TestTheHeadLingersWhereItemsAreMeasuredToBeQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := New(t.Context(), &Faults{}, 0, false)
		lingers := func(set func(s *Segment)) bool {
			s := newSegment(run, nil)
			s.least, s.limit = 4, 2*mostAhead
			set(s)
			s.taken = s.limit
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lingers()
			return s.linger.vain > 0
		}
		require.True(t, lingers(func(*Segment) {}))
		require.False(t, lingers(func(s *Segment) { s.limit = mostAhead }))
		require.False(t, lingers(func(s *Segment) { s.fixed = true }), "the user set the limit")
		require.False(t, lingers(func(s *Segment) { s.least = s.limit }), "the stages want as much")
		require.False(t, lingers(func(s *Segment) { s.parent = newSegment(run, nil) }))
		require.False(t, lingers(func(s *Segment) { s.enough.Store(true) }), "the end is seen at once")
	})
}

func TestAWorkerThatLingersSeesTheEndOfItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := false
		for range 1_000 { // until the end comes while it lingers
			run := New(t.Context(), &Faults{}, 0, false)
			s := newSegment(run, nil)
			g := newGroup(run, s, Spec{Workers: 2}, false)
			g.pace.size.Store(quickChunk)
			x := &Exec{g: g}
			into(newRing[int](s, new(gate)))(x)
			p := &puller[int]{x: x, ring: newRing[int](s, &g.gate)}
			done := make(chan struct{})
			go func() {
				defer close(done)
				p.take()
			}()
			for parked := false; !over && !parked; runtime.Gosched() {
				g.mu.Lock()
				parked = len(g.idle) > 0
				if g.lingering {
					over, g.over = true, true // nobody is woken: nobody is parked
				}
				g.mu.Unlock()
			}
			if over {
				<-done
				return
			}
			g.finish()
			<-done
		}
		t.Fatal("it never lingered")
	})
}

// meanwhile is an outbox with which something happens as its worker idles.
type meanwhile struct {
	anyOutbox
	happens func()
}

func (m meanwhile) idle() { m.happens() }

func TestAWorkerDoesNotLingerBesideAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := New(t.Context(), &Faults{}, 0, false)
		s := newSegment(run, nil)
		lingers := func(happens func(*Group)) bool {
			g := newGroup(run, s, Spec{Workers: 2}, false)
			g.pace.size.Store(quickChunk)
			x := &Exec{g: g}
			into(newRing[int](s, new(gate)))(x)
			x.out = meanwhile{x.out, func() {
				g.mu.Lock()
				defer g.mu.Unlock()
				happens(g)
			}}
			p := &puller[int]{x: x, ring: newRing[int](s, &g.gate)}
			done := make(chan struct{})
			go func() {
				defer close(done)
				p.take()
			}()
			synctest.Wait()
			g.finish()
			<-done
			return g.linger.vain > 0
		}
		require.True(t, lingers(func(*Group) {}))
		require.False(t, lingers(func(g *Group) { g.lingering = true }), "another came first, as the worker told the head of room")
		require.False(t, lingers(func(g *Group) { g.over = true }), "the end came first")
		require.False(t, lingers(func(g *Group) { g.jobs.push(func(*Exec) {}) }), "a job came first")
	})
}
