package vimaptest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/vimap-go/vimap"
)

// Source is a source that a test drives by hand: it hands over an item when
// the test says so. It is made by [NewSource]. Its methods may be called from
// any goroutine.
type Source[T any] struct {
	begun atomic.Bool
	items chan T
	taken atomic.Int64
	ended chan struct{} // the test wants no more items read
	gone  chan struct{} // the run wants no more items
	once  sync.Once
	err   error // set before ended is closed
}

var errOneRun = errors.New("vimaptest: Source: it feeds one run only")

// NewSource returns a source for one run. When the test is over it ends, so
// that a test which fails half-way leaves no run that waits for items.
func NewSource[T any](t TB) *Source[T] {
	s := &Source[T]{items: make(chan T), ended: make(chan struct{}), gone: make(chan struct{})}
	t.Cleanup(s.End)
	return s
}

// Pipeline returns the chain that begins with the source. A second run of it
// fails.
func (s *Source[T]) Pipeline() vimap.Pipeline[T, T] { return vimap.Emit(s.emit) }

func (s *Source[T]) emit(ctx context.Context, out *vimap.Emitter[T]) error {
	if s.begun.Swap(true) {
		return errOneRun
	}
	defer close(s.gone)
	for {
		select {
		case item := <-s.items:
			if !out.One(item) {
				return nil
			}
		case <-s.ended:
			return s.err
		case <-ctx.Done():
			return nil
		}
	}
}

// Feed hands over items, one after another. It blocks until the run has taken
// the last of them, which it does as far as it may look ahead: with InFlight(2)
// the third is taken when one has been delivered. False means that the run, or
// the source, has ended before.
func (s *Source[T]) Feed(items ...T) bool {
	for _, item := range items {
		if s.over() {
			return false
		}
		select {
		case s.items <- item:
			s.taken.Add(1)
		case <-s.ended:
			return false
		case <-s.gone:
			return false
		}
	}
	return true
}

// TryFeed hands over item if the run waits for one at this moment, and reports
// whether it did. In a bubble synctest.Wait comes before it, so that the run
// has got as far as it can.
func (s *Source[T]) TryFeed(item T) bool {
	if s.over() {
		return false
	}
	select {
	case s.items <- item:
		s.taken.Add(1)
		return true
	default:
		return false
	}
}

func (s *Source[T]) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Taken returns how many items the run has taken.
func (s *Source[T]) Taken() int { return int(s.taken.Load()) }

// End ends the source: the run finishes what it has taken. A source that has
// ended stays as it is.
func (s *Source[T]) End() { s.Fail(nil) }

// Fail ends the source with err, which the run returns as a
// [vimap.SourceError] when the items before it are delivered. A source that
// has ended stays as it is.
func (s *Source[T]) Fail(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.ended)
	})
}
