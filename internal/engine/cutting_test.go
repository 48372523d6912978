package engine

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
)

// A worker that gives half of its part away while it is relieved of the rest
// once had the last lines worked on twice.
func TestAPartIsSharedAndRelievedAtOnceWithoutAnOverlap(t *testing.T) {
	rerun.Share(t, 8)
	const length, begun = 1000, 100
	run := New(context.Background(), &Faults{}, 0, false)
	seg := newSegment(run, nil)
	g := newGroup(run, seg, Spec{Workers: 1}, false)
	lent := &lending{g: g, seg: seg, ring: newRing[*block](seg, &g.gate)}
	for range 20_000 {
		g.jobs = jobs{}
		b := &block{}
		b.first = &part{of: b, to: length}
		x := &Exec{g: g}
		w := &cutting{x: x, lending: lent, part: b.first}
		c := claims(length*oneItem + begun*oneBegun)
		x.claims.Store(uint64(c))

		var both sync.WaitGroup
		both.Go(func() { w.share(c) })
		both.Go(func() {
			for x.claims.Load() == uint64(c) {
				runtime.Gosched()
			}
			w.relieve()
		})
		both.Wait()

		end := int64(0)
		for p := b.first; p != nil; p = p.next {
			require.Equal(t, end, p.from)
			require.Greater(t, p.to, p.from)
			end = p.to
		}
		require.Equal(t, int64(length), end)
		require.GreaterOrEqual(t, b.first.to, int64(begun))
		require.Equal(t, b.first.to, int64(claims(x.claims.Load()).items()))
	}
}
