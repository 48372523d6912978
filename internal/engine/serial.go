package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// A serial run is the same chain on one goroutine, that of the loop over it.
// The source hands an item to a door, the steps behind the door to the workers
// of a stage, these to the next door, and the last one to the loop, before the
// source goes on. Steps, hands and the life of a worker are those of any run;
// what is left out is what goes on at once: rings, chunks, credits, the clocks
// by which a call is abandoned.

// serialKey marks the contexts of serial runs.
type serialKey struct{}

// Serial returns a context whose runs are serial.
func Serial(ctx context.Context) context.Context {
	return context.WithValue(ctx, serialKey{}, true)
}

// IsSerial reports whether the runs of ctx are serial.
func IsSerial(ctx context.Context) bool { return ctx.Value(serialKey{}) == true }

// concurrent returns a context whose runs are not serial.
func concurrent(ctx context.Context) context.Context {
	if !IsSerial(ctx) {
		return ctx
	}
	return context.WithValue(ctx, serialKey{}, false)
}

// serial is what a run has if it is serial.
type serial struct {
	read    atomic.Int64
	outside bool // the body of the caller's loop runs: a panic is the caller's
	left    bool // the loop wants no more
	source  func()
	opens   []func() // one for each worker, in the order of the chain
	ends    []func() // the same
	flushes []func() // batches, in the order of the chain
	ended   bool     // no further item comes: flushes are the last
}

// IsSerial reports whether the run is serial.
func (r *Run) IsSerial() bool { return r.serial != nil }

// over reports whether nothing more is to be done in a serial run: it has
// ended, or the body of the loop did not come back and somebody stopped its
// panic. Nobody else looks at the caller's context there.
func (r *Run) over() bool { return r.serial.outside || r.interrupted() }

// guarded calls f and returns its panic as an error. What the body of the
// caller's loop does to its goroutine is let through, and so is a Goexit: it
// can't be stopped on a goroutine that is not ours.
func (r *Run) guarded(f func()) (err error) {
	returned := false
	defer func() {
		if returned || r.serial.outside {
			return
		}
		if v := recover(); v != nil {
			err = r.caught(v)
			return
		}
		r.Fail(r.caught(nil))
	}()
	f()
	returned = true
	return nil
}

// guarded calls f; a panic in it is the worker's crash.
func (x *Exec) guarded(f func()) {
	if err := x.g.run.guarded(f); err != nil {
		x.crash = &crash{x.at, err}
	}
}

// sleepUntil waits for a time of the run; false means that the run is over.
func (r *Run) sleepUntil(due time.Duration) bool {
	if wait := due - r.now(); wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.ctx.Done():
		}
	}
	return !r.over()
}

// makeRoom hands on batches that are not full until a head may make another
// item.
func (r *Run) makeRoom(s *Segment) {
	for _, flush := range r.serial.flushes {
		if r.inFlight == 0 || s.taken-len(s.stash) < r.inFlight {
			return
		}
		flush()
	}
}

// atEnd has last called when no further item comes, in its place among the
// batches.
func (s *serial) atEnd(r *Run, last func()) {
	s.flushes = append(s.flushes, func() {
		if s.ended && !r.over() {
			last()
		}
	})
}

// Drive runs a serial run to its end, or until take wants no more, which it
// reports.
func (o *Outlet[T]) Drive(take func(Item[T]) bool) (left bool) {
	r, s := o.run, o.run.serial
	o.take = take
	for _, open := range s.opens {
		if r.over() {
			return false
		}
		open()
	}
	if !r.over() && !r.closing.Load() {
		s.source()
	}
	s.ended = true
	for _, flush := range s.flushes {
		flush()
	}
	return s.left
}

// deliver gives an item to the loop over a serial run.
func (o *Outlet[T]) deliver(it Item[T]) {
	r, s := o.run, o.run.serial
	if r.over() {
		return
	}
	if it.State == Filtered {
		r.stats.filtered.Add(1)
		o.free(it.Slot)
		o.flush()
		return
	}
	s.outside = true
	more := o.take(it)
	s.outside = false
	o.flush()
	if !more {
		s.left = true
		r.halt(context.Canceled)
	}
}

// end closes the workers from the i-th on, whatever closing one of them does.
func (s *serial) end(i int) {
	s.outside = false
	if i < len(s.ends) {
		defer s.end(i + 1)
		s.ends[i]()
	}
}
