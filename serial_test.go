package vimap_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/vimap-go/vimap/vimaptest"
)

// withoutGoexit leaves Goexit out of what can go wrong in a random chain: in a
// serial run it is the end of the test.
func withoutGoexit(t *testing.T) {
	before := maps.Clone(faultsOf)
	t.Cleanup(func() { faultsOf = before })
	for kind, faults := range before {
		faultsOf[kind] = slices.DeleteFunc(slices.Clone(faults), func(fault string) bool { return fault == "goexit" })
	}
}

func TestARandomChainDoesTheSameInASerialRun(t *testing.T) {
	withoutGoexit(t)
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		run := c.pipeline().Start(vimaptest.Serial(ctx))
		var got []outcome
		for result := range run.Results() {
			got = append(got, outcomeOf(t, result))
		}
		require.NoError(t, run.Err())
		require.Equal(t, want.outcomes, got)
		stats := run.Stats()
		stats.Retries, stats.Restarts = 0, 0
		require.Equal(t, want.stats(len(c.items)), stats)
		c.requireWorkersHeld(t)
		for _, s := range c.chain {
			require.LessOrEqual(t, s.crew.most.Load(), int64(1), "two calls at once")
		}
		for s, order := range want.orders {
			require.Equal(t, order, maps.Clone(s.ledger.order), "order within the keys of %s", s.name)
		}
	})
}

func TestARandomChainEndsAtTheSamePlaceInASerialRun(t *testing.T) {
	withoutGoexit(t)
	forEachTrial(t, func(t *rapid.T, ctx context.Context, c trial) {
		want := interpret(c.chain, c.items)
		end := rapid.SampledFrom([]string{"failure", "leave", "cancel", "stop"}).Draw(t, "end")
		at := rapid.IntRange(1, 1+len(want.outcomes)).Draw(t, "at")
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		run := c.pipeline().Start(vimaptest.Serial(ctx))
		var got []outcome
		if end == "failure" {
			for in, out := range run.Zip() {
				got = append(got, outcome{index: want.outcomes[len(got)].index, in: in, out: out})
			}
		} else {
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
		}
		c.requireWorkersHeld(t)
		stats := run.Stats()
		requireAddsUp(t, stats)
		require.LessOrEqual(t, len(got), len(want.outcomes))
		for i, o := range got {
			require.Equal(t, want.outcomes[i], o)
		}
		ended := len(got) >= at
		switch {
		case end == "failure":
			first := slices.IndexFunc(want.outcomes, func(o outcome) bool { return o.fault != "" })
			if first < 0 {
				require.NoError(t, run.Err())
				require.Len(t, got, len(want.outcomes))
				return
			}
			require.Len(t, got, first, "everything before the first failure")
			failed := outcome{index: want.outcomes[first].index, in: want.outcomes[first].in}
			failed.stage, failed.fault = faultOf(t, run.Err(), failed.index)
			require.Equal(t, want.outcomes[first], failed)
			require.Equal(t, int64(1), stats.Failed)
		case end == "cancel" && ended:
			require.ErrorIs(t, run.Err(), errStop)
			require.Len(t, got, at, "nothing is delivered after the end of the context")
		case end == "leave" && ended:
			require.NoError(t, run.Err())
			require.Len(t, got, at)
		default:
			require.NoError(t, run.Err())
			want = interpret(c.chain, c.items[:stats.Read]) // what was read is finished
			require.Zero(t, stats.Unfinished)
			require.Len(t, got, len(want.outcomes))
		}
	})
}
