package testkit

import (
	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

// RequireAddsUp holds law 1: every item has exactly one fate.
func RequireAddsUp(t require.TestingT, s vimap.Stats) {
	require.Equal(t, s.Read+s.Extra, s.Delivered+s.Failed+s.Filtered+s.Unfinished, "stats do not add up: %+v", s)
	for i := range s.Stages {
		requireStageAddsUp(t, &s.Stages[i], s.Unfinished == 0)
	}
}

// requireStageAddsUp holds the same for the inputs of a stage, and for its
// workers one by one.
func requireStageAddsUp(t require.TestingT, g *vimap.StageStats, whole bool) {
	var workers vimap.Tally
	for i := range g.Workers {
		w := &g.Workers[i]
		workers.Started += w.Started
		workers.Done += w.Done
		workers.Failed += w.Failed
		workers.Filtered += w.Filtered
		workers.Retried += w.Retried
		require.Equal(t, w.Open, w.Opening+w.Working+w.Blocked+w.Waiting, "the times of worker %d of %q: %+v", w.Worker, g.Name, w.Times)
	}
	require.Equal(t, g.Tally, workers, "the workers of %q", g.Name)
	left := g.Started - g.Done - g.Failed - g.Filtered
	if whole && g.Role != vimap.RoleFlatMap { // which the end may have met at the second output of an input
		require.Zero(t, left, "inputs of %q (%s): %+v", g.Name, g.Role, g.Tally)
		require.Zero(t, g.Queue, "inputs of %q (%s) that wait at the end", g.Name, g.Role)
	}
	require.GreaterOrEqual(t, left, int64(0), "inputs of %q (%s): %+v", g.Name, g.Role, g.Tally)
}
