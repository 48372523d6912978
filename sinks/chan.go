package sinks

import (
	"context"

	"github.com/vimap-go/vimap"
)

// Channel sends outputs to a channel. It is made by [Chan].
type Channel[T any] struct{ ch chan<- T }

// Chan sends the outputs to a channel of the caller's, for code that already
// works with channels:
//
//	ch := make(chan Answer, 16)
//	done := make(chan error, 1)
//	go func() {
//		defer close(ch)
//		_, err := answers.To(ctx, sinks.Chan(ch).Outputs)
//		done <- err
//	}()
//
// The sink never closes the channel, so that several runs may send to one. Its
// owner closes it when To has returned; an error is seen there, not in the
// channel. Code that is free to choose ranges over [vimap.Run.Zip] instead,
// which needs no channel and no second goroutine.
//
// Chan panics if ch is nil.
func Chan[T any](ch chan<- T) Channel[T] {
	if ch == nil {
		panic("sinks: Chan: ch must not be nil")
	}
	return Channel[T]{ch}
}

// Outputs is a sink that sends every output and returns how many were sent. It
// blocks while the channel is full, which holds the run back, and gives up when
// the context ends that the run was started with: the error is the context's
// cause then. A run that fails waits, too, until what it had finished is
// received.
func (c Channel[T]) Outputs[In any](run *vimap.Run[In, T]) (sent int64, err error) {
	ctx := run.Context() // the caller's: it goes on when the run has failed
	for _, out := range run.Zip() {
		select {
		case c.ch <- out:
			sent++
		case <-ctx.Done():
			return sent, context.Cause(ctx)
		}
	}
	return sent, run.Err()
}
