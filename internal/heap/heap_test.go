package heap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/heap"
)

func TestWhatIsKeptIsSeenToRise(t *testing.T) {
	watch := heap.Over(100)
	var kept [][]byte
	for range 100 {
		kept = append(kept, make([]byte, 1<<17))
		watch.See()
	}
	require.Equal(t, int64(100), watch.Seen())
	require.InDelta(t, 90<<17, watch.Rise(), 500_000)
	require.Len(t, kept, 100)
}

func TestWhatIsForgottenIsNot(t *testing.T) {
	watch := heap.Over(100)
	var last []byte
	for range 100 {
		last = make([]byte, 100_000)
		watch.See()
	}
	require.Less(t, watch.Rise(), int64(500_000))
	require.Len(t, last, 100_000)
}
