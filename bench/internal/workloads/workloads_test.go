package workloads_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/workloads"
)

// A column that is wrong is fast for the wrong reason. Nothing here depends on
// how long anything takes.
func TestEveryColumnGivesTheRightResult(t *testing.T) {
	t.Parallel()
	for _, w := range workloads.All() {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			for name, n := range map[string]int{"no item": 0, "one item": 1, "many items": w.Test} {
				job, err := w.Build(n)
				require.NoError(t, err)
				for _, column := range job.Columns {
					require.NoError(t, harness.Check(w, job, column), name)
				}
			}
		})
	}
}

func TestEveryTargetIsReadFromColumnsThatExist(t *testing.T) {
	t.Parallel()
	columns := map[string]harness.Round{}
	for _, w := range workloads.All() {
		job, err := w.Build(1)
		require.NoError(t, err)
		round := harness.Round{Items: 1, Samples: map[string]harness.Sample{}}
		for _, column := range job.Columns {
			require.NotContains(t, round.Samples, column.Name, "%s has a column twice", w.Name)
			round.Samples[column.Name] = harness.Sample{Wall: 1, CPU: 1, Allocs: 1, P50: 1, P99: 1, Peak: 1}
		}
		require.Contains(t, round.Samples, "vimap", w.Name)
		columns[w.Name] = round
	}
	names := map[string]bool{}
	for _, target := range workloads.Targets() {
		require.False(t, names[target.Name], "%s is there twice", target.Name)
		names[target.Name] = true
		round, ok := columns[target.Workload]
		require.True(t, ok, "%s: there is no workload %s", target.Name, target.Workload)
		_, ok = target.Value(round)
		require.True(t, ok, "%s: a column it needs is missing", target.Name)
	}
}

func TestAColumnRunsInAProcessOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, w := range workloads.All() {
		if !w.Peak {
			continue
		}
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			job, err := w.Build(w.Test)
			require.NoError(t, err)
			peak, err := harness.Peak(w, job.Columns[0].Name, w.Test)
			require.NoError(t, err)
			if runtime.GOOS == "linux" {
				require.Greater(t, peak, uint64(1<<20))
			}
		})
	}
}
