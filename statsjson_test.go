package vimap_test

import (
	"encoding/json"
	jsonv2 "encoding/json/v2"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestStatsAreTheSameInBothFormsOfJSON(t *testing.T) {
	stats := vimap.Stats{
		Read: 3, Lost: []error{errors.New("gone")}, StuckCalls: []error{errors.New("slow")},
		Elapsed: 1500 * time.Millisecond,
		Stages: []vimap.StageStats{{
			Name:    "send",
			Working: time.Millisecond,
			Slowest: []vimap.SlowItem{{Took: time.Second, Input: make(chan int)}},
			Workers: []vimap.WorkerStats{{Config: func() {}, Hand: vimap.Hand{Input: func() {}}}},
		}},
	}
	first, err := json.Marshal(stats)
	require.NoError(t, err)
	second, err := jsonv2.Marshal(&stats)
	require.NoError(t, err)
	require.JSONEq(t, string(first), string(second))

	var got map[string]any
	require.NoError(t, json.Unmarshal(first, &got))
	require.InDelta(t, 1.5, got["elapsed_seconds"], 0)
	require.Equal(t, []any{"gone"}, got["lost"])
	require.Equal(t, []any{"slow"}, got["stuck_calls"])
	stage := got["stages"].([]any)[0].(map[string]any)
	require.InDelta(t, 0.001, stage["working_seconds"], 0)
	require.InDelta(t, 1, stage["slowest"].([]any)[0].(map[string]any)["took_seconds"], 0)
}

// Who reads the names relies on them.
func TestTheNamesOfStatsInJSONStayAsTheyAre(t *testing.T) {
	text, err := json.Marshal(vimap.Stats{
		Began:  time.Now(),
		Plan:   vimap.Plan{Nodes: make([]vimap.PlanNode, 1)},
		Stages: []vimap.StageStats{{Workers: make([]vimap.WorkerStats, 1), Slowest: make([]vimap.SlowItem, 1)}},
	})
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	stage := got["stages"].([]any)[0].(map[string]any)
	worker := stage["workers"].([]any)[0].(map[string]any)
	for _, c := range []struct {
		names []string
		of    any
	}{
		{[]string{
			"began", "closing_seconds", "delivered", "elapsed_seconds", "extra", "failed", "filtered", "look_ahead", "lost",
			"opening_seconds", "plan", "read", "rescued", "restarts", "retries", "running", "sink", "source", "stages", "stopped",
			"stuck", "stuck_calls", "unfinished",
		}, got},
		{[]string{"nodes", "settings"}, got["plan"]},
		{[]string{"kind", "name", "options", "runs_in", "workers"}, got["plan"].(map[string]any)["nodes"].([]any)[0]},
		{[]string{"blocked_seconds", "ended", "is_blocked", "name", "position", "read", "total", "unit", "working_seconds"}, got["source"]},
		{[]string{"queue", "taken", "waiting_seconds", "working_seconds"}, got["sink"]},
		{[]string{
			"backing_off", "blocked_seconds", "bound", "done", "failed", "filtered", "latency", "name", "node", "open_seconds",
			"opening_seconds", "queue", "retried", "role", "size", "slowest", "started", "waiting_seconds", "workers", "working_seconds",
		}, stage},
		{[]string{"count", "max_seconds", "mean_seconds", "p50_seconds", "p90_seconds", "p99_seconds"}, stage["latency"]},
		{[]string{"index", "items", "place", "took_seconds", "worker"}, stage["slowest"].([]any)[0]},
		{[]string{
			"blocked_seconds", "done", "failed", "filtered", "hand", "open_seconds", "opening_seconds", "restarts", "retried",
			"started", "state", "waiting_seconds", "worker", "working_seconds",
		}, worker},
		{[]string{"age_seconds", "index", "items"}, worker["hand"]},
	} {
		require.Equal(t, c.names, slices.Sorted(maps.Keys(c.of.(map[string]any))))
	}
}

func TestThePlanOfABranchIsThatOfItsRun(t *testing.T) {
	testkit.Quiet(t)
	p := sources.Slice([]int{1, 2}).Via(vimap.Func(testkit.Square).Named("square"))
	branch := func(run *vimap.Run[int, int]) (string, error) {
		_, err := sinks.Ignore(run)
		return run.Plan().Mermaid(), err
	}
	a, b, err := p.Start(t.Context()).Tee(branch, branch)
	require.NoError(t, err)
	require.Equal(t, p.Mermaid(), a)
	require.Equal(t, p.Mermaid(), b)
}

func TestAPoolIsNeverStopped(t *testing.T) {
	testkit.Quiet(t)
	for name, calls := range map[string]int{"without a call": 0, "after a call": 1} {
		t.Run(name, func(t *testing.T) {
			pool := vimap.NewPool(t.Context(), vimap.Func(testkit.Square))
			for range calls {
				_, err := pool.Do(t.Context(), 1)
				require.NoError(t, err)
			}
			require.NoError(t, pool.Close())
			require.False(t, pool.Stats().Stopped)
		})
	}
}

// Cheap items one at a time: what is not told at once is there when the worker
// waits and when the run is over.
func TestQuickItemsAreCountedWhileTheirWorkerWaits(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		const items = 40
		in := make(chan int)
		run := sources.Chan(in).Via(vimap.Func(testkit.Square).Workers(1)).InFlight(1).Start(t.Context())
		n := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range run.Zip() {
				n++
			}
		}()
		for i := range items {
			in <- i
			synctest.Wait()
			stage := run.Stats().Stages[0]
			require.Equal(t, int64(i+1), stage.Started)
			require.Equal(t, int64(i+1), stage.Done)
			require.Equal(t, int64(i+1), stage.Latency.Count)
			require.Equal(t, vimap.WorkerWaiting, stage.Workers[0].State)
		}
		close(in)
		<-done
		require.NoError(t, run.Err())
		require.Equal(t, items, n)
		require.Equal(t, int64(items), run.Stats().Stages[0].Done)
	})
}
