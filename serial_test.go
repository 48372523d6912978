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
