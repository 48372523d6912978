package process

import (
	"context"
	"errors"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/engine"
	"github.com/vimap-go/vimap/retry"
)

// form is a worker that opens, does and closes.
type form[Config, State, In, Out any] struct {
	open  func(context.Context, Config) (State, error)
	close func(State) error
	do    func(State, context.Context, In) (Out, error)
}

// contain calls a function of the user's and returns its panic as an error.
func contain(f func() error) error { return engine.Contain(childFaults, f) }

// configOf decodes what the worker is opened with.
func configOf[Config any](s *session, codec Codec) (c Config, err error) {
	var o opening
	if err := (cborCodec{}).Decode(s.opening, &o); err != nil {
		return c, err
	}
	s.opening = nil
	return newCoder[Config](codec).decode(o.Config, true)
}

// serve is the life of such a worker in a child.
func (w form[Config, State, In, Out]) serve(s *session, codec Codec) {
	var state State
	ctx := s.opens
	config, err := configOf[Config](s, codec)
	if err == nil {
		err = contain(func() (err error) {
			state, err = w.open(ctx, config)
			return err
		})
	}
	if err != nil {
		s.fail(frameFault, err)
		s.awaitClose()
		return
	}
	s.send(frameOpened, nil)
	s.flush()
	if err = contain(func() error { return w.work(s, codec, state) }); err != nil {
		f := faultOf(err)
		f.Lost = true // as a worker that is lost, or panicked, is opened anew
		s.failAs(frameFault, f)
		s.awaitClose()
	}
	err = nil
	s.flushTimed() // should closing be its end, the parent knows that nothing was in hand
	if w.close != nil {
		err = contain(func() error { return w.close(state) })
	}
	if err != nil {
		s.fail(frameClosed, err)
		return
	}
	s.send(frameClosed, nil)
}

// work works off the inputs, until the end or until the worker is lost.
func (w form[Config, State, In, Out]) work(s *session, codec Codec, state State) error {
	ins, outs := newCoder[In](codec), newCoder[Out](codec)
	for {
		r, ok := s.pop()
		if !ok {
			return nil
		}
		in, err := ins.decode(r.payload, r.owned)
		if err != nil {
			s.fail(frameFault, err)
			continue
		}
		ctx, cancel := r.ctx, context.CancelFunc(nil)
		if r.limit > 0 {
			ctx, cancel = context.WithTimeout(ctx, r.limit)
		}
		out, err := w.do(state, ctx, in)
		late := cancel != nil && errors.Is(ctx.Err(), context.DeadlineExceeded)
		if cancel != nil {
			cancel()
		}
		switch {
		case err == nil:
			answer(s, outs, &out)
		case errors.Is(err, engine.ErrLost):
			return err
		default:
			f := faultOf(err)
			if late {
				f = f.late(r.limit)
			}
			s.failAs(frameFault, f)
		}
	}
}

// loopForm is a worker that is one function.
type loopForm[Config, In, Out any] struct {
	loop func(*vimap.Feed[In, Out], Config) error
}

// serve is the life of such a worker in a child: a run of its own, with one
// item in flight.
func (w loopForm[Config, In, Out]) serve(s *session, codec Codec) {
	config, err := configOf[Config](s, codec)
	if err != nil {
		s.fail(frameFault, err)
		s.awaitClose()
		return
	}
	ins, outs := newCoder[In](codec), newCoder[Out](codec)
	s.mu.Lock()
	s.fragile = true
	s.mu.Unlock()
	opened := false
	source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[In]) error {
		s.send(frameOpened, nil)
		s.flush()
		opened = true
		for {
			r, ok := s.pop()
			if !ok {
				return nil
			}
			in, err := ins.decode(r.payload, r.owned)
			if err != nil {
				s.fail(frameFault, err)
				continue
			}
			if !out.One(in) {
				return nil
			}
		}
	})
	stage := vimap.Loop(w.loop).Each(config).Restart(retry.Policy{})
	ctx := s.opens // when it ends, so does the worker: there is one input in hand
	run := source.Via(stage).InFlight(1).Start(ctx)
	for result := range run.Results() {
		if result.Err != nil {
			s.fail(frameFault, causeOf(result.Err))
			continue
		}
		answer(s, outs, &result.Out)
		s.flush()
	}
	err = causeOf(run.Err())
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	switch {
	case !opened:
		s.fail(frameFault, orGone(err))
		s.awaitClose()
	case !closing:
		s.fail(frameGone, orGone(err))
		s.awaitClose()
	case err != nil && !errors.Is(err, context.Canceled): // which says no more than that it is over
		s.fail(frameClosed, err)
	default:
		s.send(frameClosed, nil)
	}
}

func orGone(err error) error {
	if err == nil {
		return errors.New("the worker returned before its inputs ended")
	}
	return err
}

// causeOf takes away what the child's own run has put around an error: the
// parent's run puts the same there.
func causeOf(err error) error {
	if none, ok := errors.AsType[*vimap.NoWorkersError](err); ok && len(none.Workers) > 0 {
		err = none.Workers[0]
	}
	if item, ok := errors.AsType[*vimap.ItemError](err); ok {
		return item.Err
	}
	if worker, ok := errors.AsType[*vimap.WorkerError](err); ok {
		return worker.Err
	}
	return err
}
