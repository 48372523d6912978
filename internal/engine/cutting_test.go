package engine

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPartThatIsSharedAndRelievedAtOnceIsDividedIntoPartsThatMeet(t *testing.T) {
	const length = 1000
	for range 20_000 {
		g := &Group{run: &Run{}}
		b := &block{}
		b.first = &part{of: b, to: length}
		w := &cutting{x: &Exec{g: g}, part: b.first}
		w.lending = &lending{g: g, ring: &Ring[*block]{gate: &g.gate}}
		w.x.claims.Store(length*oneItem + 100*oneBegun)

		var both sync.WaitGroup
		both.Go(w.relieve)
		w.share(claims(w.x.claims.Load()))
		both.Wait()

		end := int64(0)
		for p := b.first; p != nil; p = p.next {
			require.Equal(t, end, p.from)
			require.LessOrEqual(t, p.from, p.to)
			end = p.to
		}
		require.EqualValues(t, length, end)
		require.EqualValues(t, b.first.to, claims(w.x.claims.Load()).items())
	}
}
