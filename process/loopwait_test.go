package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/vimaptest"
)

// waiter is a loop that waits for the end of its context if its input is 0.
var waiter = process.Define("waiter").LoopFunc(func(feed *vimap.Feed[int, int]) error {
	for ctx, n := range feed.All() {
		if n == 0 {
			<-ctx.Done()
		}
		feed.Yield(n, ctx.Err())
	}
	return nil
})

func TestALoopInAChildHeedsItsTimeLimit(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	o := silent
	o.Grace = time.Minute // so that nothing but heeding ends it
	all, _ := outcomes(t, waiter.Children(o).Timeout(100*time.Millisecond), 1, 0, 2)
	require.NoError(t, all[0].Err)
	require.ErrorIs(t, all[1].Err, context.DeadlineExceeded)
	require.Contains(t, all[1].Err.Error(), "it ended with its context")
	require.Equal(t, process.TimedOut, failure(t, all[1].Err).Kind)
	require.NoError(t, all[2].Err)
}
