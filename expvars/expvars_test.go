package expvars_test

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/expvars"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// published counts variables: there is no way to take one back, and a test may
// run several times.
var published atomic.Int64

func fresh() string { return fmt.Sprintf("test %d", published.Add(1)) }

// shown are the figures that a variable has of a run.
func shown(t *testing.T, v expvar.Var) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(v.String()), &all))
	return all
}

var errOdd = errors.New("odd")

func even(_ context.Context, n int) (int, error) {
	time.Sleep(time.Second)
	if n%2 == 1 {
		return 0, errOdd
	}
	return n, nil
}

func TestAVariableHasTheFiguresOfARunFromBeforeItBeginsUntilItIsRemoved(t *testing.T) {
	name := fresh()
	runs := expvars.Publish(name)
	variable := expvar.Get(name)
	require.JSONEq(t, "{}", variable.String())
	synctest.Test(t, func(t *testing.T) {
		run := sources.Slice([]int{1, 2, 3, 4, 5}).Via(vimap.Func(even).Named("even")).InFlight(2).Start(t.Context())
		remove := runs.Add("numbers", run)
		defer remove()

		before := shown(t, variable)["numbers"]
		require.Equal(t, "waiting", before["state"])
		require.NotContains(t, before, "began")
		require.Empty(t, before["stages"])

		looked := 0
		for range run.Results() {
			looked++
			during := shown(t, variable)["numbers"]
			require.Equal(t, "running", during["state"])
			require.InDelta(t, looked, during["elapsed"], 0.01)
			require.InDelta(t, looked, during["delivered"].(float64)+during["failed"].(float64), 1)
			require.Contains(t, during, "began")
		}
		after := shown(t, variable)["numbers"]
		for key, want := range map[string]any{
			"state": "done", "elapsed": 5., "read": 5., "extra": 0., "delivered": 2., "failed": 3., "filtered": 0., "unfinished": 0.,
			"retries": 0., "restarts": 0., "stuck": 0., "rescued": 0., "lost": 0., "lookAhead": 2.,
		} {
			if want, is := want.(float64); is {
				require.InDelta(t, want, after[key], 0.001, key)
				continue
			}
			require.Equal(t, want, after[key], key)
		}
		require.Contains(t, after["bottleneck"], `"even"`)
		source, sink := after["source"].(map[string]any), after["sink"].(map[string]any)
		require.Equal(t, "slice", source["name"])
		require.Equal(t, true, source["ended"])
		require.InDelta(t, 5, sink["taken"], 0)
		stages := after["stages"].([]any)
		require.Len(t, stages, 1)
		stage := stages[0].(map[string]any)
		require.Equal(t, "even", stage["name"])
		require.Equal(t, "stage", stage["role"])
		require.InDelta(t, 5, stage["started"], 0)
		require.InDelta(t, 3, stage["failed"], 0)
		require.InDelta(t, 5, stage["working"], 0.001)
		latency := stage["latency"].(map[string]any)
		require.InDelta(t, 5, latency["count"], 0)
		require.InDelta(t, 1, latency["p50"], 0.07)
		require.InDelta(t, 1, latency["max"], 0.001)
	})
	require.JSONEq(t, "{}", variable.String())
}

func TestARunThatIsStoppedOrOpensItsWorkersSaysSo(t *testing.T) {
	runs := expvars.Publish(fresh())
	begun, opened := make(chan struct{}), make(chan struct{})
	run := sources.Slice([]int{1, 2, 3}).Via(vimap.Open(func(context.Context) (int, error) { close(begun); <-opened; return 0, nil }).
		Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil })).InFlight(1).Start(t.Context())
	remove := runs.Add("numbers", run)
	defer remove()
	var loop sync.WaitGroup
	loop.Go(func() {
		for range run.Zip() {
			run.Stop()
		}
	})
	<-begun
	require.Equal(t, "opening", shown(t, runs)["numbers"]["state"])
	run.Stop()
	require.Equal(t, "stopping", shown(t, runs)["numbers"]["state"])
	close(opened)
	loop.Wait()
	require.NoError(t, run.Err())
	require.Equal(t, "stopped", shown(t, runs)["numbers"]["state"])
}

func TestANameBelongsToOneRunAtATime(t *testing.T) {
	runs := expvars.Publish(fresh())
	run := sources.Slice([]int{1}).Start(t.Context())
	remove := runs.Add("a", run)
	require.PanicsWithValue(t, `expvars: Add: name must be that of no other run, got "a"`, func() { runs.Add("a", run) })
	remove()
	later := runs.Add("a", run)
	defer later()
	remove() // is over: it takes nothing from the other
	require.Contains(t, shown(t, runs), "a")
	require.PanicsWithValue(t, "expvars: Add: of must not be nil", func() { runs.Add("b", nil) })
	require.NotPanics(t, func() { defer runs.Add("b", run)() }, "a mistake leaves nothing locked")
}

func TestANameBelongsToOneVariable(t *testing.T) {
	name := fresh()
	expvars.Publish(name)
	require.PanicsWithValue(t, fmt.Sprintf("expvars: Publish: name must be that of no other variable, got %q", name), func() { expvars.Publish(name) })
	require.PanicsWithValue(t, `expvars: Publish: name must be that of no other variable, got "memstats"`, func() { expvars.Publish("memstats") })
	require.PanicsWithValue(t, "expvars: Publish: name must not be empty", func() { expvars.Publish("") })
}

func TestAPoolIsShownAsWell(t *testing.T) {
	runs := expvars.Publish(fresh())
	pool := vimap.NewPool(t.Context(), vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil }))
	remove := runs.Add("pool", pool)
	defer remove()
	_, err := pool.Do(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "running", shown(t, runs)["pool"]["state"])
	require.NoError(t, pool.Close())
	require.InDelta(t, 1, shown(t, runs)["pool"]["delivered"], 0)
}

func TestFiguresAreValidJSONWhateverIsNamed(t *testing.T) {
	name := fresh()
	runs := expvars.Publish(name)
	nasty := "\"}</script>\x00\xff\u2028"
	run := sources.Slice([]int{1}).Named(nasty).Via(vimap.Func(even).Named(nasty)).Start(t.Context())
	remove := runs.Add(nasty, run)
	defer remove()
	answer := httptest.NewRecorder()
	expvar.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/vars", http.NoBody))
	require.True(t, json.Valid(answer.Body.Bytes()))
	require.Contains(t, answer.Body.String(), name)
}

func TestRunsComeAndGoWhileSomebodyLooks(t *testing.T) {
	rerun.Share(t, 4)
	runs := expvars.Publish(fresh())
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 20 {
				run := sources.Slice([]int{1, 2, 3}).Via(vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil })).Start(t.Context())
				remove := runs.Add(fmt.Sprint(n, i), run)
				for range run.Zip() {
					_ = runs.String()
				}
				remove()
			}
		})
	}
	all.Wait()
	require.JSONEq(t, "{}", runs.String())
}
