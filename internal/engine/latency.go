package engine

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Each doubling of a duration has as many buckets, so that one is 1/8 wide.
	subBuckets = 8
	subBits    = 3
	mostBits   = 48 // 2^48 ns are three days
	bucketsAll = (mostBits - subBits + 1) * subBuckets
	slowKept   = 5
)

// latencies counts durations by their size.
type latencies struct {
	buckets [bucketsAll]atomic.Int64
	slow    slowest
}

// bucket returns where a duration is counted.
func bucket(d time.Duration) int {
	v := uint64(max(0, d))
	shift := max(0, bits.Len64(v)-1-subBits)
	return min(shift*subBuckets+int(v>>shift), bucketsAll-1)
}

// middle returns a duration in the middle of a bucket.
func middle(i int) time.Duration {
	if i < 2*subBuckets {
		return time.Duration(i)
	}
	shift := i/subBuckets - 1
	low := uint64(i-shift*subBuckets) << shift
	return time.Duration(low + 1<<shift/2)
}

func (l *latencies) add(items int, each time.Duration) {
	l.buckets[bucket(each)].Add(int64(items))
}

// Latency are the quantiles of durations.
type Latency struct {
	Count               int64
	Mean, P50, P90, P99 time.Duration
}

// stats returns the quantiles; total is the time of all together.
func (l *latencies) stats(total time.Duration) (s Latency) {
	for i := range l.buckets {
		s.Count += l.buckets[i].Load()
	}
	if s.Count == 0 {
		return s
	}
	s.Mean = total / time.Duration(s.Count)
	rank := func(share float64) int64 { return int64(share * float64(s.Count)) }
	p50, p90, p99 := rank(0.5), rank(0.9), rank(0.99)
	// The buckets are read again, for a copy of them is too much for a small stack.
	for i, seen := 0, int64(0); i < bucketsAll && seen <= p99; i++ {
		before := seen
		if seen += l.buckets[i].Load(); seen == before {
			continue
		}
		for _, q := range []struct {
			rank int64
			at   *time.Duration
		}{{p50, &s.P50}, {p90, &s.P90}, {p99, &s.P99}} {
			if before <= q.rank && q.rank < seen {
				*q.at = middle(i)
			}
		}
	}
	return s
}

// limitTo has no quantile above the longest duration.
func (l *Latency) limitTo(longest time.Duration) {
	l.P50, l.P90, l.P99 = min(l.P50, longest), min(l.P90, longest), min(l.P99, longest)
}

// Slow is an input that took long.
type Slow struct {
	Took   time.Duration
	Index  int64 // -1: not known
	Place  *Place
	Items  int // that Took is the mean of
	Worker int
	Input  any
}

// slowest keeps the inputs that took longest.
type slowest struct {
	least atomic.Int64 // what takes no longer is not kept
	mu    sync.Mutex
	kept  [slowKept]Slow // slowest first
	n     int            // how many these are
}

// wants reports whether an input that took so long is one of the slowest.
func (s *slowest) wants(took time.Duration) bool { return int64(took) > s.least.Load() }

func (s *slowest) keep(one Slow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.n
	for at > 0 && s.kept[at-1].Took < one.Took {
		at--
	}
	if at == slowKept {
		return
	}
	s.n = min(s.n+1, slowKept)
	copy(s.kept[at+1:s.n], s.kept[at:])
	s.kept[at] = one
	if s.n == slowKept {
		s.least.Store(int64(s.kept[slowKept-1].Took))
	}
}

func (s *slowest) list() []Slow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept[:s.n])
}
