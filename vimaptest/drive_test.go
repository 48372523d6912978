package vimaptest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/vimaptest"
)

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

func TestFeedBlocksUntilTheRunTakesTheItem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(double)).InFlight(2))
		require.True(t, source.Feed(1, 2))
		fed := make(chan bool, 1)
		go func() { fed <- source.Feed(3) }()
		synctest.Wait()
		require.Equal(t, 2, source.Taken(), "two are in flight, and none is delivered")
		require.False(t, source.TryFeed(4))

		result, ok := out.Next()
		require.True(t, ok)
		require.Equal(t, vimap.Result[int, int]{In: 1, Out: 2}, result)
		require.True(t, <-fed)
		require.Equal(t, 3, source.Taken())

		source.End()
		require.Len(t, out.Rest(), 2)
		require.NoError(t, out.Err())
	})
}

func TestTryFeedTakesWhatTheRunHasRoomFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		require.False(t, source.TryFeed(0), "there is no run")
		vimaptest.Drive(t.Context(), t, source.Pipeline().InFlight(3))
		fed := 0
		for range 10 {
			synctest.Wait()
			if source.TryFeed(fed) {
				fed++
			}
		}
		require.Equal(t, 3, fed)
		require.Equal(t, 3, source.Taken())
		source.End()
		require.False(t, source.TryFeed(9), "it has ended")
	})
}

func TestTryNextTakesOnlyWhatIsThere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		slow := vimap.Func(func(ctx context.Context, n int) (int, error) {
			time.Sleep(time.Second)
			return n, nil
		})
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(slow))
		source.Feed(7)
		synctest.Wait()
		_, ok := out.TryNext()
		require.False(t, ok)
		time.Sleep(time.Second)
		synctest.Wait()
		result, ok := out.TryNext()
		require.True(t, ok)
		require.Equal(t, 7, result.Out)
		source.End()
		synctest.Wait()
		_, ok = out.TryNext()
		require.False(t, ok)
	})
}

func TestASourceFailsAfterItsItems(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline())
		source.Feed(1)
		source.Fail(io.ErrUnexpectedEOF)
		source.End() // too late
		require.Len(t, out.Rest(), 1)
		var failed *vimap.SourceError
		require.ErrorAs(t, out.Err(), &failed)
		require.ErrorIs(t, failed, io.ErrUnexpectedEOF)
		require.False(t, source.Feed(2))
	})
}

func TestASourceFeedsOneRunOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		vimaptest.Drive(t.Context(), t, source.Pipeline())
		source.Feed(1)
		second := source.Pipeline().Start(t.Context())
		for range second.Results() {
			t.Error("an item came")
		}
		require.ErrorContains(t, second.Err(), "one run only")
		require.True(t, source.Feed(2), "the first run is not disturbed")
	})
}

func TestFeedEndsWithTheRun(t *testing.T) {
	for name, end := range map[string]func(*vimaptest.Driver[int, int], context.CancelFunc){
		"left":      func(out *vimaptest.Driver[int, int], _ context.CancelFunc) { out.Leave() },
		"cancelled": func(_ *vimaptest.Driver[int, int], cancel context.CancelFunc) { cancel() },
		"stopped":   func(out *vimaptest.Driver[int, int], _ context.CancelFunc) { out.Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				source := vimaptest.NewSource[int](t)
				waits := vimaptest.Inject(t, vimaptest.Hang()) // an outcome would make room for the second
				out := vimaptest.Drive(ctx, t, source.Pipeline().Via(vimap.Func(waits.Func(double))).InFlight(1))
				source.Feed(1)
				fed := make(chan bool, 1)
				go func() { fed <- source.Feed(2) }()
				synctest.Wait()
				end(out, cancel)
				require.False(t, <-fed)
			})
		})
	}
}

func TestLeavingADrivenRunEndsIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		closed := false
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
			Close(func(int) error {
				closed = true
				return errServer
			}).
			Do(func(_ int, ctx context.Context, n int) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			})
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(stage))
		source.Feed(1)
		synctest.Wait()
		out.Leave()
		require.True(t, closed)
		require.EqualValues(t, 1, out.Stats().Unfinished)
		var worker *vimap.WorkerError
		require.ErrorAs(t, out.Err(), &worker, "what else went wrong is told")
		require.NotContains(t, out.Err().Error(), "left")
		_, ok := out.Next()
		require.False(t, ok)
		out.Leave()
	})
}

// A test that fails half-way returns without having ended anything.
func TestATestThatFailsHalfWayLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		failing := newFakeT("failing", io.Discard)
		source := vimaptest.NewSource[int](failing)
		faults := vimaptest.Inject(failing, vimaptest.Stuck())
		out := vimaptest.Drive(t.Context(), failing, source.Pipeline().
			Via(vimap.Func(faults.Func(double)).Workers(2)).InFlight(2))
		source.Feed(1)
		go source.Feed(2, 3)
		go out.Next()
		synctest.Wait()
		failing.end()
	})
}

func TestADrivenRunWorksOutsideABubble(t *testing.T) {
	vimaptest.NoLeaks(t)
	source := vimaptest.NewSource[int](t)
	out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(double)))
	for n := range 100 {
		require.True(t, source.Feed(n))
		result, ok := out.Next()
		require.True(t, ok)
		require.Equal(t, 2*n, result.Out)
	}
}

func TestLeavingAnIdleRunIsNoError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(double)))
		source.Feed(1)
		_, ok := out.Next()
		require.True(t, ok)
		synctest.Wait()
		out.Leave()
		require.NoError(t, out.Err())
		require.EqualValues(t, 1, out.Stats().Delivered)
	})
}

var errServer = errors.New("server down")
