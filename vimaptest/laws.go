package vimaptest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/vimap-go/vimap"
)

// A law is something that a stage promises.
type law struct {
	name  string
	holds func(context.Context) error
}

// laws are in the order in which they are tested: what is wrong with single
// inputs comes first.
func (c *check[In, Out]) laws() []law {
	return []law{
		{"no inputs give no outcome and no error", c.noInputs},
		{"each input that is alone has one outcome", c.alone},
		{"each of many inputs has one outcome, beside it", c.many},
		{"a single item in flight is enough", c.oneInFlight},
		{"an ordered run gives the outcomes in source order", c.inOrder},
		{"a slow sink gets every outcome", c.slowSink},
		{"a second run is as the first", c.again},
		{"two runs at once do not disturb each other", c.atOnce},
		{"stopping a run finishes what was read", c.stopped},
		{"leaving the loop early ends everything", c.left},
		{"cancelling in the middle ends the run with the cause", c.cancelled},
		{"cancelling at the beginning ends the run with the cause", c.cancelledEarly},
	}
}

const endless = math.MaxInt32 // for an int of 32 bits, too

func (c *check[In, Out]) noInputs(ctx context.Context) error { return c.all(ctx, c.chain(0, 0), 0) }

func (c *check[In, Out]) alone(ctx context.Context) error {
	outputs := map[int]Out{}
	for i := range c.inputs {
		outcomes, err := 0, error(nil)
		run := c.chain(i, 1).Start(ctx)
		for result := range run.Results() {
			err = errors.Join(err, c.outcome(result))
			if outcomes++; result.Err == nil {
				outputs[i] = result.Out
			}
		}
		err = errors.Join(err, run.Err())
		if err != nil {
			return err
		}
		if outcomes != 1 {
			return fmt.Errorf("%s: there are %d outcomes, want 1", c.input(i), outcomes)
		}
	}
	c.outputs = outputs
	return nil
}

func (c *check[In, Out]) many(ctx context.Context) error {
	return c.all(ctx, c.chain(0, c.items), c.items)
}

func (c *check[In, Out]) oneInFlight(ctx context.Context) error {
	return c.all(ctx, c.chain(0, c.items).InFlight(1), c.items)
}

func (c *check[In, Out]) inOrder(ctx context.Context) error {
	next := int64(0)
	return c.each(ctx, c.chain(0, c.items).Ordered(), c.items, func(result vimap.Result[int, Out]) error {
		if result.Index != next {
			return fmt.Errorf("item %d comes where item %d should", result.Index, next)
		}
		next++
		return nil
	})
}

func (c *check[In, Out]) slowSink(ctx context.Context) error {
	return c.each(ctx, c.chain(0, c.items), c.items, func(result vimap.Result[int, Out]) error {
		if result.Index%5 == 0 {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
}

func (c *check[In, Out]) again(ctx context.Context) error {
	chain := c.chain(0, c.items)
	for _, which := range []string{"first", "second"} {
		if err := c.all(ctx, chain, c.items); err != nil {
			return fmt.Errorf("the %s run of one pipeline: %w", which, err)
		}
	}
	return nil
}

func (c *check[In, Out]) atOnce(ctx context.Context) error {
	errs := [2]error{errGoexit, errGoexit}
	var runs conc.WaitGroup
	chain := c.chain(0, c.items)
	for i := range errs {
		runs.Go(func() { errs[i] = c.all(ctx, chain, c.items) })
	}
	runs.Wait()
	return errors.Join(errs[:]...)
}

// few is how many outcomes are taken before a run is ended.
const few = 3

func (c *check[In, Out]) stopped(ctx context.Context) error {
	run := c.chain(0, endless).Start(ctx)
	outcomes, err := 0, error(nil)
	for result := range run.Results() {
		if outcomes++; outcomes == few {
			run.Stop()
		}
		err = errors.Join(err, c.outcome(result))
	}
	if stats := run.Stats(); stats.Unfinished != 0 {
		err = errors.Join(err, fmt.Errorf("items were read and not finished: %+v", stats))
	}
	return errors.Join(err, run.Err(), addsUp(run.Stats()))
}

func (c *check[In, Out]) left(ctx context.Context) error {
	for want := 1; want <= few; want++ {
		run := c.chain(0, endless).Start(ctx)
		outcomes, err := 0, error(nil)
		for result := range run.Results() {
			err = c.outcome(result)
			if outcomes++; outcomes == want || err != nil {
				break
			}
		}
		if err = errors.Join(err, run.Err(), addsUp(run.Stats())); err != nil {
			return fmt.Errorf("left after %d of many items: %w", outcomes, err)
		}
	}
	return nil
}

var errCancelled = errors.New("vimaptest: cancelled by the test")

func (c *check[In, Out]) cancelled(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	run := c.chain(0, endless).Start(ctx)
	outcomes := 0
	for range run.Results() {
		if outcomes++; outcomes == few {
			cancel(errCancelled)
		}
	}
	return endedBy(run, errCancelled)
}

func (c *check[In, Out]) cancelledEarly(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(time.Millisecond, func() { cancel(errCancelled) }) // a worker may still be opening then
	defer timer.Stop()
	run := c.chain(0, endless).Start(ctx)
	outcomes := 0
	for range run.Results() {
		if outcomes++; outcomes == 1000 { // in fake time a millisecond of work takes no time
			cancel(errCancelled)
		}
	}
	return endedBy(run, errCancelled)
}

// endedBy says what is wrong with the end of a run that was cancelled.
func endedBy[In, Out any](run *vimap.Run[In, Out], cause error) error {
	err := run.Err()
	if !errors.Is(err, cause) {
		return fmt.Errorf("the error of the run must be the cause of the cancellation, got: %w", err)
	}
	var worker *vimap.WorkerError
	if errors.As(err, &worker) {
		return fmt.Errorf("beside the cancellation something went wrong: %w", worker)
	}
	return addsUp(run.Stats())
}

func addsUp(s vimap.Stats) error {
	if s.Read+s.Extra != s.Delivered+s.Failed+s.Filtered+s.Unfinished || s.Unfinished < 0 {
		return fmt.Errorf("the stats do not add up: %+v", s)
	}
	return nil
}
