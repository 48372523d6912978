package vimap

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/vimap-go/vimap/internal/engine"
)

// WithStop returns a context whose runs can be stopped from outside: stop has
// each run that was given the context, or one made from it, read no more and
// finish what it has, as by [Run.Stop]; one that begins afterwards reads
// nothing. It may be called from any goroutine and again. It does not cancel
// the context, and does not reach a run that a worker of such a run begins by
// its own context: that is part of the work to be finished.
func WithStop(ctx context.Context) (stoppable context.Context, stop func()) {
	s := &stopper{outer: stopperOf(ctx)}
	return context.WithValue(ctx, stopperKey{}, s), s.stop
}

// Interruptible returns a context for programs that are ended by a signal: the
// first of the signals stops the runs of the context as [WithStop] does, the
// second cancels it, with an [InterruptError] as the cause. After that signals
// have their usual effect again: the next ends the process. Without any,
// signals are os.Interrupt, as Ctrl-C sends it.
//
// release ends all this and cancels the context; it must be called when the
// runs are over. Interruptible is not for testing/synctest bubbles: a signal
// comes from outside of them, which the runtime answers by ending the process.
// Use WithStop there.
func Interruptible(ctx context.Context, signals ...os.Signal) (interruptible context.Context, release func()) {
	if len(signals) == 0 {
		signals = []os.Signal{os.Interrupt}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	ctx, stop := WithStop(ctx)
	end := engine.OnSignals(signals, []func(os.Signal){
		func(os.Signal) { stop() },
		func(s os.Signal) { cancel(&InterruptError{s}) },
	})
	return ctx, func() {
		end()
		cancel(context.Canceled)
	}
}

// InterruptError is why a run ended that a second signal cancelled, see
// [Interruptible].
type InterruptError struct {
	Signal os.Signal // the second
}

// Error names the signal.
func (e *InterruptError) Error() string {
	return fmt.Sprintf("vimap: ended by the signal %q", e.Signal)
}

type stopperKey struct{}

// stopper knows the runs that are to be stopped together.
type stopper struct {
	outer   *stopper // of the context that its context was made from
	mu      sync.Mutex
	stopped bool
	runs    map[*stopping]struct{}
}

// stopping is a run that may be stopped; its address tells it from others.
type stopping struct{ stop func() }

func (s *stopper) stop() {
	s.mu.Lock()
	s.stopped = true
	runs := s.runs
	s.runs = nil
	s.mu.Unlock()
	for r := range runs {
		r.stop()
	}
}

// add has stop called for a run, by s and by all around it, at once if it is
// too late. What it returns ends that.
func (s *stopper) add(stop func()) (remove func()) {
	if s == nil {
		return func() {}
	}
	removeOuter := s.outer.add(stop)
	r := &stopping{stop}
	s.mu.Lock()
	late := s.stopped
	if !late {
		if s.runs == nil {
			s.runs = map[*stopping]struct{}{}
		}
		s.runs[r] = struct{}{}
	}
	s.mu.Unlock()
	if late {
		stop()
	}
	return func() {
		removeOuter()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.runs, r)
	}
}

func stopperOf(ctx context.Context) *stopper {
	s, _ := ctx.Value(stopperKey{}).(*stopper)
	return s
}

// unstoppable hides the stopper of ctx from what is done by it. The value is not
// nil to the context: one that has the values of two would look further.
func unstoppable(ctx context.Context) context.Context {
	if stopperOf(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, stopperKey{}, (*stopper)(nil))
}

// stayed ends what was never begun. A literal would cost an allocation there.
func stayed() {}

// stoppable has the run be stopped with the others of its context, and hides
// that from what it calls with a context of its own.
func (r *Run[In, Out]) stoppable() (remove func()) {
	s := stopperOf(r.ctx)
	if s == nil {
		return stayed
	}
	r.mu.Lock()
	r.ctx = unstoppable(r.ctx)
	r.mu.Unlock()
	return s.add(r.Stop)
}
