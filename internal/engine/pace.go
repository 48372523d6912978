package engine

import (
	"sync/atomic"
	"time"
)

const (
	// chunkTime is how much work a worker takes at once: enough to make the
	// cost of taking vanish, too little for a person or a neighbour to notice.
	chunkTime = 50 * time.Microsecond
	mostChunk = 512
	// longestChunk is what a chunk counts as at most in the mean cost of an item: a
	// rare slow one, which others are relieved of, is not what the next will cost.
	longestChunk = 3 * chunkTime
	leastRoom    = 8 // items that a worker has room for from the first
	// paceSpan is how many items the mean cost looks back over.
	paceSpan = 1024
	// turnTime is how long a worker goes on before it lets others have the
	// processor. Workers that never sleep would keep the sink and the head from
	// it, until nothing is left for them to do and the processors fall asleep.
	turnTime = 100 * time.Microsecond
)

// pace chooses how many items a worker takes at once, from the mean cost of an
// item in its group: 1 at first, at most twice as many as before.
type pace struct {
	size  atomic.Int64
	items atomic.Int64
	spent atomic.Int64 // ns
}

// observe counts items that took d together.
func (p *pace) observe(items int, d time.Duration) {
	n, ns := p.items.Add(int64(items)), p.spent.Add(int64(min(d, longestChunk)))
	now := p.size.Load()
	want := int64(mostChunk)
	if ns > 0 {
		want = min(want, int64(chunkTime)*n/ns)
	}
	if want = max(1, min(want, 2*now)); want != now {
		p.size.Store(want)
	}
	if n > paceSpan && p.items.CompareAndSwap(n, n-n/2) { // one of the workers forgets for all
		p.spent.Add(-ns / 2)
	}
}
