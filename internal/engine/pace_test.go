package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newPace() *pace {
	p := new(pace)
	p.size.Store(1)
	return p
}

func TestAChunkAtMostDoubles(t *testing.T) {
	p := newPace()
	for _, want := range []int64{2, 4, 8, 16} {
		p.observe(1, time.Nanosecond)
		require.Equal(t, want, p.size.Load())
	}
}

func TestAChunkIsAsMuchAsItsTimeAllows(t *testing.T) {
	for cost, want := range map[time.Duration]int64{
		time.Nanosecond:        mostChunk,
		100 * time.Nanosecond:  500,
		time.Microsecond:       50,
		6 * time.Microsecond:   8,
		26 * time.Microsecond:  1,
		time.Millisecond:       1,
		100 * time.Millisecond: 1,
	} {
		p := newPace()
		for range 1000 {
			n := int(p.size.Load())
			p.observe(n, time.Duration(n)*cost)
		}
		require.Equal(t, want, p.size.Load(), "items of %v", cost)
	}
}

func TestItemsAreQuickUpTo100Nanoseconds(t *testing.T) {
	for cost, quick := range map[time.Duration]bool{
		10 * time.Nanosecond:  true,
		90 * time.Nanosecond:  true,
		110 * time.Nanosecond: false,
		300 * time.Nanosecond: false,
	} {
		p := newPace()
		for range 100 {
			n := int(p.size.Load())
			p.observe(n, time.Duration(n)*cost)
		}
		require.Equal(t, quick, p.isQuick(), "items of %v", cost)
	}
}

func TestARareSlowItemChangesChunksLittle(t *testing.T) {
	p := newPace()
	for range 100 {
		p.observe(100, 50*time.Microsecond) // 500 ns each
	}
	require.EqualValues(t, 100, p.size.Load())
	p.observe(1, 10*time.Millisecond) // as 150 µs: 150 ns in the mean of 1,000
	require.InDelta(t, 77, p.size.Load(), 5)
	for range 1_000 {
		n := int(p.size.Load())
		p.observe(n, time.Duration(n)*500*time.Nanosecond)
	}
	require.EqualValues(t, 100, p.size.Load(), "it is forgotten")
}

func TestSlowItemsThatAreNotRareMakeChunksSmall(t *testing.T) {
	p := newPace()
	for range 100 {
		p.observe(100, 50*time.Microsecond)
	}
	for range 1_000 { // every fifth takes 1 ms
		n := int(p.size.Load())
		p.observe(n, time.Duration((n+4)/5)*time.Millisecond)
	}
	require.EqualValues(t, 1, p.size.Load())
}
