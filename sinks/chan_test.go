package sinks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestChanSendsEveryOutputAndLeavesTheChannelOpen(t *testing.T) {
	ch := make(chan int, 6)
	for range 2 {
		sent, err := sources.Slice([]int{1, 2, 3}).Ordered().To(t.Context(), sinks.Chan(ch).Outputs)
		require.NoError(t, err)
		require.Equal(t, int64(3), sent)
	}
	close(ch)
	var got []int
	for n := range ch {
		got = append(got, n)
	}
	require.Equal(t, []int{1, 2, 3, 1, 2, 3}, got)
}

func TestChanWaitsForASlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		go func() {
			defer close(ch)
			_, err := sources.Slice(numbers(100)).Ordered().To(t.Context(), sinks.Chan(ch).Outputs)
			require.NoError(t, err)
		}()
		next := 0
		for n := range ch {
			synctest.Wait()
			require.Equal(t, next, n)
			next++
		}
		require.Equal(t, 100, next)
	})
}

func TestChanThatNobodyReceivesFromEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error)
		go func() {
			_, err := endless().To(ctx, sinks.Chan(make(chan int)).Outputs)
			ended <- err
		}()
		synctest.Wait()
		cancel(cause)
		require.ErrorIs(t, <-ended, cause)
	})
}

func TestChanSendsWhatARunHadFinishedThatLosesItsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		ended := make(chan error)
		go func() {
			_, err := endless().Via(lossy()).Tolerate(1).To(t.Context(), sinks.Chan(ch).Outputs)
			close(ch)
			ended <- err
		}()
		synctest.Wait() // the first output waits for a receiver when the only worker is lost
		var got []int
		for n := range ch {
			got = append(got, n)
		}
		require.ErrorIs(t, <-ended, vimap.ErrNoWorkers)
		require.Equal(t, []int{0, 1, 2, 3}, got)
	})
}
