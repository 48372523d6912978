package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWaiterIsWokenOnceForEachTimeItParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w waiter
		w.signal() // it may come first
		require.True(t, w.park(-1))
		began := time.Now()
		time.AfterFunc(time.Second, w.signal)
		require.True(t, w.park(-1))
		require.Equal(t, time.Second, time.Since(began))

		require.False(t, w.park(0), "no signal is left")
		require.False(t, w.park(time.Second))
		time.AfterFunc(time.Second, w.signal)
		require.True(t, w.park(time.Minute))
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestALimitThatIsOverEndsNoLaterParking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w waiter
		time.AfterFunc(time.Second, w.signal)
		require.True(t, w.park(time.Minute))
		for _, limit := range []time.Duration{-1, time.Hour} {
			before, began := w.turn, time.Now()
			time.AfterFunc(time.Second, func() { w.expire(before) })
			time.AfterFunc(2*time.Second, w.signal)
			require.True(t, w.park(limit))
			require.Equal(t, 2*time.Second, time.Since(began))
		}
		w.signal()
		require.True(t, w.park(0), "it came before the limit")
	})
}
