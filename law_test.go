package vimap_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/vimap-go/vimap"
)

// trial is a random chain with random items.
type trial struct {
	chain    []*step
	items    []int
	ordered  bool
	inFlight int
}

// trials draws chains. With slow, some of their work takes time.
func trials(slow bool) *rapid.Generator[trial] {
	return rapid.Custom(func(t *rapid.T) trial { return draw(t, slow) })
}

func draw(t *rapid.T, slow bool) trial {
	c := trial{
		ordered:  rapid.Bool().Draw(t, "ordered"),
		inFlight: rapid.SampledFrom([]int{0, 0, 1, 2, 7, 100}).Draw(t, "in flight"),
	}
	flatMaps := 0
	for i := range rapid.IntRange(0, 6).Draw(t, "steps") {
		s := steps(t, i, slow)
		if s.kind == "flatmap" {
			if flatMaps++; flatMaps > 3 {
				continue
			}
		}
		c.chain = append(c.chain, s)
	}
	n := rapid.OneOf(rapid.SampledFrom([]int{0, 1, 2, 3}), rapid.IntRange(4, 40), rapid.IntRange(100, 600)).Draw(t, "items")
	if c.inFlight == 1 || c.inFlight == 2 {
		n = min(n, 60) // one after another takes long
	}
	spread := rapid.SampledFrom([]int{1, 10, 1_000_000}).Draw(t, "spread")
	for i := range n {
		c.items = append(c.items, (i*7919+i/3)%spread)
	}
	return c
}

// GoString is how rapid shows a chain that fails.
func (c trial) GoString() string {
	text := fmt.Sprintf("%d items %.10v", len(c.items), c.items[:min(10, len(c.items))])
	for _, s := range c.chain {
		text += fmt.Sprintf("\n\t%s: salt %d, %d of 1000 faulty", s.kind, s.salt, s.rate)
		if s.name != s.kind {
			text += fmt.Sprintf(", workers %d, retried %v, slow %v, size %d, keys %d", s.workers, s.retried, s.slow, s.size, s.keys)
		}
	}
	return text + fmt.Sprintf("\n\tordered %v, in flight %d", c.ordered, c.inFlight)
}

func (c trial) pipeline() vimap.Pipeline[int, int] {
	p := given(c.items...)
	for _, s := range c.chain {
		p = s.add(p)
	}
	if c.ordered {
		p = p.Ordered()
	}
	if c.inFlight > 0 {
		p = p.InFlight(c.inFlight)
	}
	return p
}

// forEachTrial checks law for random chains, in fake time and in real time.
func forEachTrial(t *testing.T, law func(t *rapid.T, ctx context.Context, c trial)) {
	t.Run("fake time", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := trials(true).Draw(t, "chain")
			rapid.SyncTest(t, func(t *rapid.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // so that a run that hangs fails
				defer cancel()
				before := ours()
				law(t, ctx, c)
				synctest.Wait()
				require.Empty(t, leftSince(before), "goroutines are left behind")
			})
		})
	})
	t.Run("real time", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := trials(false).Draw(t, "chain")
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			before := ours()
			law(t, ctx, c)
			require.Empty(t, leftSince(before), "goroutines are left behind")
		})
	})
}

// outcomeOf is a result in the words of the model.
func outcomeOf(t *rapid.T, result vimap.Result[int, int]) outcome {
	o := outcome{index: result.Index, in: result.In}
	if result.Err == nil {
		o.out = result.Out
		return o
	}
	o.stage, o.fault = faultOf(t, result.Err, result.Index)
	return o
}

func faultOf(t *rapid.T, err error, index int64) (stage, fault string) {
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.Equal(t, index, item.Index)
	var panicked *vimap.PanicError
	switch {
	case errors.Is(err, vimap.ErrGoexit):
		return item.Stage, "goexit"
	case errors.As(err, &panicked) && errors.Is(err, errInjected):
		return item.Stage, "panic"
	case errors.Is(err, vimap.ErrYield):
		return item.Stage, "yield"
	case errors.Is(err, errInjected):
		return item.Stage, "error"
	}
	return item.Stage, err.Error()
}

func compareOutcomes(a, b outcome) int {
	return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.out, b.out), cmp.Compare(a.stage, b.stage), cmp.Compare(a.fault, b.fault))
}

// counts are the numbers of times that each outcome came.
func counts(all []outcome) map[outcome]int {
	times := map[outcome]int{}
	for _, o := range all {
		times[o]++
	}
	return times
}

// requireWorkersHeld holds that calls never exceeded the workers, and that
// every worker opened was closed.
func (c trial) requireWorkersHeld(t *rapid.T) {
	for _, s := range c.chain {
		for ; s != nil; s = s.next {
			require.LessOrEqual(t, s.crew.most.Load(), int64(s.workers), s.name)
			require.False(t, s.ledger.overlap, "two items of one key at once")
			s.crew.requireClosed(t)
		}
	}
}

func TestARandomChainDoesWhatAPlainLoopWould(t *testing.T) {
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		run := c.pipeline().Start(ctx)
		var got []outcome
		for result := range run.Results() {
			got = append(got, outcomeOf(t, result))
		}
		require.NoError(t, run.Err())
		if !c.ordered {
			slices.SortStableFunc(got, compareOutcomes)
			slices.SortStableFunc(want.outcomes, compareOutcomes)
		}
		require.Equal(t, want.outcomes, got)
		stats := run.Stats()
		stats.Retries, stats.Restarts = 0, 0
		require.Equal(t, want.stats(len(c.items)), stats)
		c.requireWorkersHeld(t)
		for s, order := range want.orders {
			require.Equal(t, order, maps.Clone(s.ledger.order), "order within the keys of %s", s.name)
		}
	})
}

func TestARandomChainRunByZipEndsAtItsFirstFailure(t *testing.T) {
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		first := slices.IndexFunc(want.outcomes, func(o outcome) bool { return o.fault != "" })
		type pair struct{ in, out int }
		possible := map[pair]int{}
		for _, o := range want.outcomes {
			if o.fault == "" {
				possible[pair{o.in, o.out}]++
			}
		}
		run := c.pipeline().Start(ctx)
		seen := 0
		for in, out := range run.Zip() {
			if c.ordered {
				require.Less(t, seen, len(want.outcomes))
				require.Equal(t, pair{want.outcomes[seen].in, want.outcomes[seen].out}, pair{in, out})
			}
			possible[pair{in, out}]--
			require.GreaterOrEqual(t, possible[pair{in, out}], 0, "%d beside %d", out, in)
			seen++
		}
		requireAddsUp(t, run.Stats())
		c.requireWorkersHeld(t)
		require.Equal(t, int64(seen), run.Stats().Delivered)
		if first < 0 {
			require.NoError(t, run.Err())
			require.Len(t, want.outcomes, seen)
			return
		}
		var item *vimap.ItemError
		require.ErrorAs(t, run.Err(), &item)
		stage, fault := faultOf(t, run.Err(), item.Index)
		failed := func(o outcome) bool { return o.index == item.Index && o.stage == stage && o.fault == fault }
		if c.ordered {
			require.Equal(t, first, seen, "everything before the first failure")
			require.True(t, failed(want.outcomes[first]), "the first failure: %v instead of %v", run.Err(), want.outcomes[first])
		} else {
			require.True(t, slices.ContainsFunc(want.outcomes, failed), "%v", run.Err())
		}
	})
}

func TestARandomChainEndsCleanlyWhereverItIsEnded(t *testing.T) {
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		end := rapid.SampledFrom([]string{"leave", "cancel", "stop"}).Draw(t, "end")
		at := rapid.IntRange(1, 1+len(want.outcomes)).Draw(t, "at")
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		run := c.pipeline().Start(ctx)
		var got []outcome
		for result := range run.Results() {
			if got = append(got, outcomeOf(t, result)); len(got) != at {
				continue
			}
			if end == "leave" {
				break
			} else if end == "stop" {
				run.Stop()
			} else {
				cancel(errStop)
			}
		}
		ended := len(got) >= at
		c.requireWorkersHeld(t)
		stats := run.Stats()
		requireAddsUp(t, stats)
		require.Equal(t, int64(len(got)), stats.Delivered+stats.Failed)
		if end == "cancel" && ended {
			// The last item of all may come before anyone hears of the end.
			if err := run.Err(); err != nil || len(got) < len(want.outcomes) {
				require.ErrorIs(t, err, errStop)
			}
		} else {
			require.NoError(t, run.Err())
		}
		if end == "stop" || !ended {
			want = interpret(c.chain, c.items[:stats.Read]) // what was read is finished
			require.Zero(t, stats.Unfinished)
			require.Len(t, got, len(want.outcomes))
		}
		require.LessOrEqual(t, len(got), len(want.outcomes))
		if c.ordered && len(got) > 0 {
			require.Equal(t, want.outcomes[:len(got)], got)
		}
		possible := counts(want.outcomes)
		for o, n := range counts(got) {
			require.LessOrEqual(t, n, possible[o], "%+v", o)
		}
	})
}
