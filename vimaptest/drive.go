package vimaptest

import (
	"context"
	"errors"
	"sync"

	"github.com/vimap-go/vimap"
)

// Driver ranges over a run by hand: it takes an outcome when the test says so.
// It is made by [Drive]. Its methods may be called from any goroutine.
type Driver[In, Out any] struct {
	run     *vimap.Run[In, Out]
	results chan vimap.Result[In, Out]
	cancel  context.CancelCauseFunc
	leave   chan struct{}
	once    sync.Once
	loop    sync.WaitGroup
}

// errLeft ends a run that is left while it has no outcome to give.
var errLeft = errors.New("vimaptest: Driver: the run was left")

// Drive begins a run of p, and returns what takes its outcomes one by one. An
// outcome is in flight until it is taken. When the test is over the run is
// left, so that a test which fails half-way leaves nothing that runs.
func Drive[In, Out any](ctx context.Context, t TB, p vimap.Pipeline[In, Out]) *Driver[In, Out] {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &Driver[In, Out]{
		run: p.Start(ctx), cancel: cancel,
		results: make(chan vimap.Result[In, Out]), leave: make(chan struct{}),
	}
	d.loop.Go(func() {
		defer close(d.results)
		defer func() {
			if ctx.Err() != nil {
				_ = d.run.Err() // the test's own doing: it need not be logged if nobody reads it
			}
		}()
		for result := range d.run.Results() {
			select {
			case d.results <- result:
			case <-d.leave:
				return
			}
		}
	})
	t.Cleanup(d.Leave)
	return d
}

// Next takes the next outcome, a failure included. It blocks until there is
// one; false means that there is none any more and that the run is over.
func (d *Driver[In, Out]) Next() (vimap.Result[In, Out], bool) {
	result, ok := <-d.results
	return result, ok
}

// TryNext takes the next outcome if there is one at this moment, and reports
// whether there was. In a bubble synctest.Wait comes before it, so that the run
// has got as far as it can.
func (d *Driver[In, Out]) TryNext() (result vimap.Result[In, Out], ok bool) {
	select {
	case result, ok = <-d.results:
	default:
	}
	return result, ok
}

// Rest takes all outcomes that are left, to the end of the run.
func (d *Driver[In, Out]) Rest() []vimap.Result[In, Out] {
	var rest []vimap.Result[In, Out]
	for result := range d.results {
		rest = append(rest, result)
	}
	return rest
}

// Leave leaves the run, as a break from a loop over it does, whether or not it
// has an outcome to give: when it returns, nothing of the run is left. A run
// that is over stays as it is.
func (d *Driver[In, Out]) Leave() {
	d.once.Do(func() { close(d.leave) })
	d.cancel(errLeft)
	d.loop.Wait()
}

// Stop stops the run, see [vimap.Run.Stop].
func (d *Driver[In, Out]) Stop() { d.run.Stop() }

// Stats returns the accounts of the run, see [vimap.Run.Stats].
func (d *Driver[In, Out]) Stats() vimap.Stats { return d.run.Stats() }

// Err returns what ended the run, see [vimap.Run.Err]. It is nil before the
// end, and if the run was left.
func (d *Driver[In, Out]) Err() error {
	err := d.run.Err()
	if !errors.Is(err, errLeft) {
		return err
	}
	var rest []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			if !errors.Is(err, errLeft) {
				rest = append(rest, err)
			}
		}
	}
	return errors.Join(rest...)
}
