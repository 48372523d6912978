package vimaptest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/vimap-go/vimap"
)

// check holds a stage to the laws.
type check[In, Out any] struct {
	StageSuite[In, Out]
	outputs map[int]Out // what the inputs get alone that do not fail then; nil before that is known
}

// chain has n items, the first with input number first. Its items are numbers,
// so that the suite can tell equal inputs apart.
func (c *check[In, Out]) chain(first, n int) vimap.Pipeline[int, Out] {
	return vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(first+i, nil) {
					return
				}
			}
		}
	}).Map(func(i int) In { return c.inputs[i%len(c.inputs)] }).Via(c.stage)
}

// all holds that a run of n items has one right outcome for each.
func (c *check[In, Out]) all(ctx context.Context, chain vimap.Pipeline[int, Out], n int) error {
	return c.each(ctx, chain, n, func(vimap.Result[int, Out]) error { return nil })
}

// each is all, with a further look at every outcome.
func (c *check[In, Out]) each(ctx context.Context, chain vimap.Pipeline[int, Out], n int, look func(vimap.Result[int, Out]) error) error {
	run := chain.Start(ctx)
	seen := make([]int, n)
	results := make([]vimap.Result[int, Out], 0, n)
	for result := range run.Results() {
		if result.In < 0 || result.In >= n || int64(result.In) != result.Index {
			return fmt.Errorf("item %d comes as the input of item %d", result.In, result.Index)
		}
		seen[result.In]++
		results = append(results, result)
		if err := errors.Join(c.outcome(result), look(result)); err != nil {
			return err
		}
	}
	if err := run.Err(); err != nil {
		return fmt.Errorf("the run fails: %w", err)
	}
	for i, times := range seen {
		if times != 1 {
			return fmt.Errorf("%s has %d outcomes, want 1", c.input(i), times)
		}
	}
	if s := run.Stats(); s.Delivered+s.Failed != int64(n) {
		return fmt.Errorf("the stats must count %d outcomes: %+v", n, s)
	}
	for _, result := range results {
		if err := c.outcome(result); err != nil {
			return fmt.Errorf("an output that was right changed while others were made: %w", err)
		}
	}
	return addsUp(run.Stats())
}

// outcome says what is wrong with an outcome.
func (c *check[In, Out]) outcome(result vimap.Result[int, Out]) error {
	i := result.In
	if result.Err != nil {
		return c.failure(i, result.Err)
	}
	if c.right != nil {
		if err := c.right(c.inputs[i%len(c.inputs)], result.Out); err != nil {
			return fmt.Errorf("%s: its output %s is wrong: %w", c.input(i), short(result.Out), err)
		}
	}
	if c.same != nil {
		if alone, known := c.outputs[i%len(c.inputs)]; known && !c.same(alone, result.Out) {
			return fmt.Errorf("%s: its output is %s, but alone it gets %s", c.input(i), short(result.Out), short(alone))
		}
	}
	return nil
}

// failure says what is wrong with the failure of an input.
func (c *check[In, Out]) failure(i int, err error) error {
	var p *vimap.PanicError
	switch {
	case errors.As(err, &p):
		return fmt.Errorf("%s: a function of the stage did not return: %w\n%s", c.input(i), err, p.Stack)
	case errors.Is(err, vimap.ErrYield), errors.Is(err, vimap.ErrBulk), !c.mayFail:
		return fmt.Errorf("%s fails: %w", c.input(i), err)
	}
	return nil
}

// input names an input.
func (c *check[In, Out]) input(i int) string {
	i %= len(c.inputs)
	return fmt.Sprintf("input %d (%s)", i, short(c.inputs[i]))
}

// short is the beginning of what fmt makes of a value.
func short[T any](value T) string {
	text := []rune(fmt.Sprint(value))
	if len(text) > 80 {
		text = append(text[:79], '…')
	}
	return string(text)
}
