package vimap_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/vimap-go/vimap"
)

// pooled is the chain of a trial with each of its stages in a pool.
func (c trial) pooled(ctx context.Context) (p vimap.Pipeline[int, int], closeAll func() error) {
	closeAll = func() error { return nil }
	pool := func(s vimap.Stage[int, int]) vimap.Stage[int, int] {
		pool, before := vimap.NewPool(ctx, s), closeAll
		closeAll = func() error {
			if err := pool.Close(); err != nil {
				return err
			}
			return before()
		}
		return pool.Stage()
	}
	p = given(c.items...)
	for _, s := range c.chain {
		switch s.kind {
		case "map", "try", "filter", "flatmap":
			p = s.add(p)
		case "then":
			p = p.Via(pool(s.stage().Then(s.next.stage())))
		case "zip":
			p = p.Via(vimap.Zip(pool(s.stage()))).Map(func(pair vimap.Pair[int, int]) int {
				if want := s.verdict(pair.In).outs[0]; want != pair.Out {
					panic("an output beside the wrong input")
				}
				return pair.Out
			})
		default:
			p = p.Via(pool(s.stage()))
		}
	}
	if c.ordered {
		p = p.Ordered()
	}
	if c.inFlight > 0 {
		p = p.InFlight(c.inFlight)
	}
	return p, closeAll
}

func TestARandomChainOverPoolsDoesWhatAPlainLoopWouldAgainAndAgain(t *testing.T) {
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		if !c.ordered {
			slices.SortStableFunc(want.outcomes, compareOutcomes)
		}
		p, closeAll := c.pooled(ctx)
		for range 2 {
			run := p.Start(ctx)
			var got []outcome
			for result := range run.Results() {
				got = append(got, outcomeOf(t, result))
			}
			require.NoError(t, run.Err())
			if !c.ordered {
				slices.SortStableFunc(got, compareOutcomes)
			}
			require.Equal(t, want.outcomes, got)
			stats := run.Stats()
			stats.Retries = 0
			require.Equal(t, want.stats(len(c.items)), stats)
		}
		require.NoError(t, closeAll())
		c.requireWorkersHeld(t)
		for s, order := range want.orders {
			for key, once := range order {
				require.Equal(t, append(slices.Clone(once), once...), s.ledger.order[key], "order of key %d of %s", key, s.name)
			}
		}
	})
}

func TestRandomRunsOverTheSamePoolsEndAsTheyLikeAndDisturbNoOther(t *testing.T) {
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		possible := counts(want.outcomes)
		p, closeAll := c.pooled(ctx)
		ends := rapid.SliceOfN(rapid.SampledFrom([]string{"no", "leave", "cancel", "stop"}), 2, 4).Draw(t, "ends")
		at := rapid.IntRange(1, 30).Draw(t, "at")
		var wg sync.WaitGroup
		failed := make([]error, len(ends))
		results := make([][]vimap.Result[int, int], len(ends))
		for i, end := range ends {
			wg.Go(func() {
				ctx, cancel := context.WithCancelCause(ctx)
				defer cancel(nil)
				run := p.Start(ctx)
				for result := range run.Results() {
					results[i] = append(results[i], result)
					if len(results[i]) < at || end == "no" {
						continue
					}
					if end == "leave" {
						break
					}
					if end == "stop" {
						run.Stop()
					} else {
						cancel(errStop)
					}
				}
				if failed[i] = run.Err(); end == "cancel" && context.Cause(ctx) != nil {
					failed[i] = nil
				}
			})
		}
		wg.Wait()
		for i, end := range ends {
			require.NoError(t, failed[i], end)
			var got []outcome
			for _, result := range results[i] {
				got = append(got, outcomeOf(t, result))
			}
			for o, n := range counts(got) {
				require.LessOrEqual(t, n, possible[o], "%+v", o)
			}
			if end == "no" {
				require.Len(t, got, len(want.outcomes))
			}
		}
		require.NoError(t, closeAll())
		c.requireWorkersHeld(t)
	})
}
