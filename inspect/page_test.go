package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/inspect"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

const hostile = `<script>alert(1)</script>"'--></title><img src=x onerror=alert(2)>` + "\x00\xff\u202e"

func TestARunIsShownWhileItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := vimap.Func(func(ctx context.Context, word string) (int, error) {
			time.Sleep(time.Second)
			return len(word), nil
		}).Named("send").Workers(2)
		run := sources.Slice(strings.Fields(strings.Repeat("apple ", 100))).Via(work).InFlight(8).ShowInputs().Start(t.Context())
		page := inspect.Handler(inspect.Run{Name: "orders", Of: run})

		require.Equal(t, "waiting", asked(t, page, "?format=json").Run.State)
		var during figures
		seen := 0
		for range run.Zip() {
			if seen++; seen == 40 {
				synctest.Wait() // until both workers have something in hand
				during = asked(t, page, "?format=json")
			} else if seen%2 == 0 {
				asked(t, page, "?format=json")
			}
		}
		require.NoError(t, run.Err())

		require.Equal(t, "running", during.Run.State)
		require.Equal(t, "orders", during.Runs[0].Name)
		require.InDelta(t, 2, during.Runs[0].Rate, 0.6, "outcomes for each second")
		stage := during.Run.Parts[1]
		require.Equal(t, "send", stage.Name)
		require.InDelta(t, 1, stage.Busy, 0.3)
		require.Positive(t, stage.Queue)
		require.Len(t, stage.Workers, 2)
		require.Equal(t, "apple", stage.Workers[1].Input)
		require.Contains(t, during.Run.Conclusion, `Stage "send" holds the run back`)
		require.GreaterOrEqual(t, len(during.Run.Throughput.Points), 15)

		over := asked(t, page, "?format=json")
		require.Equal(t, "done", over.Run.State)
		require.EqualValues(t, 100, over.Run.Delivered)
		require.InDelta(t, 2, over.Runs[0].Rate, 0.01, "the mean of the whole run")
		require.Equal(t, over, asked(t, page, "?format=json"), "what is over does not change")
		has(t, shown(t, page, ""), "100")
	})
}

func TestAPageWithoutRunsAndWithANilInputIsShown(t *testing.T) {
	var page inspect.Page
	has(t, shown(t, &page, ""), "There is no run.")
	require.Empty(t, asked(t, &page, "?format=json").Runs)

	page.Add(inspect.Run{Of: &fake{vimap.Stats{
		Began: time.Now(), Running: true,
		Stages: []vimap.StageStats{{Node: 7, Workers: []vimap.WorkerStats{{Hand: vimap.Hand{Items: 1}}}}},
	}}})
	page.Add(inspect.Run{Of: &fake{}})
	has(t, shown(t, &page, ""), "<svg")
	has(t, shown(t, &page, "?run=2"), "waiting")
}

func TestWhatIsHostileIsEscapedAndCut(t *testing.T) {
	rerun.Share(t, 8)
	long := hostile + strings.Repeat("x", 1<<20)
	name := hostile + long
	boom := &vimap.PanicError{Value: errors.New(long), Stack: []byte(long)}
	run := &fake{vimap.Stats{
		Stuck: 1, StuckCalls: []error{boom}, Failed: 3,
		Began: time.Now(), Running: true, Elapsed: time.Minute,
		Plan: vimap.Plan{
			Nodes:    []vimap.PlanNode{{Kind: "source", Name: name, RunsIn: -1}, {Kind: "stage", Name: name, Workers: 1, RunsIn: 1, Options: []string{name}}},
			Settings: []string{name},
		},
		Source: vimap.SourceStats{Name: name, Unit: name, Total: 1, Read: 10},
		Stages: []vimap.StageStats{{
			Name: name, Role: vimap.RoleStage, Node: 1, Size: 1,
			Workers: []vimap.WorkerStats{{State: "working", Config: long, Hand: vimap.Hand{Items: 1, Input: long}}},
			Slowest: []vimap.SlowItem{{Place: name, Input: long}},
		}},
	}}
	run.stats.Read = 10
	page := &inspect.Page{Title: name}
	failures := page.Failures()
	failures.Hooks().ItemFailed(vimap.ItemEvent{Stage: name, Input: long, Err: boom})
	page.Add(inspect.Run{Name: name, Of: run})
	page.Add(inspect.Run{Name: name, Of: run, Failures: failures})
	for _, query := range []string{"?run=1", "?run=2", "?run=2&format=fragment", "?format=json"} {
		body := shown(t, page, query)
		require.Less(t, len(body), 64<<10, query)
		hasNot(t, body, "<script>alert")
		hasNot(t, body, "<img")
		hasNot(t, body, "\u202e")
		hasNot(t, body, "\x00")
		if !strings.Contains(query, "json") {
			has(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;")
		}
	}
}

func TestWhatIsHiddenIsNotThere(t *testing.T) {
	page := &inspect.Page{HideInputs: true, HideErrors: true, HideConfigs: true}
	failures := page.Failures()
	hooks := failures.Hooks()
	hooks.ItemFailed(vimap.ItemEvent{Stage: "send", Input: "secret", Err: &vimap.PanicError{Value: "secret", Stack: []byte("secret")}})
	hooks.WorkerRestarted(vimap.WorkerEvent{Stage: "send", Config: "secret", Err: errors.New("secret")})
	page.Add(inspect.Run{Name: "orders", Failures: failures, Of: &fake{vimap.Stats{
		Began: time.Now(), Running: true,
		Stages: []vimap.StageStats{{
			Workers: []vimap.WorkerStats{{Config: "secret", Hand: vimap.Hand{Items: 1, Input: "secret"}}},
			Slowest: []vimap.SlowItem{{Input: "secret"}},
		}},
	}}})
	for _, query := range []string{"", "?format=json"} {
		hasNot(t, shown(t, page, query), "secret")
		has(t, shown(t, page, query), "*vimap.PanicError")
	}
	require.EqualValues(t, 2, asked(t, page, "?format=json").Run.FailuresSeen)
}

// order prints what may be changed on its way.
type order struct{ number int }

func TestOnlyValuesThatCanNotChangeArePrintedUnasked(t *testing.T) {
	for want, v := range map[string]any{
		"apple":               "apple",
		"7":                   7,
		"2.5":                 2.5,
		"1s":                  time.Second,
		"3 bytes":             []byte("abc"),
		"*inspect_test.order": &order{7},
		"map[string]int":      map[string]int{"a": 1},
	} {
		page := inspect.Handler(inspect.Run{Of: &fake{vimap.Stats{
			Began: time.Now(), Stages: []vimap.StageStats{{Slowest: []vimap.SlowItem{{Input: v}}}},
		}}})
		require.Equal(t, want, asked(t, page, "?format=json").Run.Slowest[0].Input)
	}
}

func TestAPrintOfTheUsersIsUsedAndMayPanic(t *testing.T) {
	run := &fake{vimap.Stats{
		Began: time.Now(), Stages: []vimap.StageStats{{Slowest: []vimap.SlowItem{{Input: &order{7}}, {Input: "not an order"}}}},
	}}
	page := &inspect.Page{Print: func(v any) string { return fmt.Sprint("order ", v.(*order).number) }}
	page.Add(inspect.Run{Of: run})
	slowest := asked(t, page, "?format=json").Run.Slowest
	require.Equal(t, "order 7", slowest[0].Input)
	require.Contains(t, slowest[1].Input, "panic while printing")
}

func TestFailuresAreKeptWithTheirStacksAndTheLatestOnly(t *testing.T) {
	page := new(inspect.Page)
	failures := page.Failures()
	work := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n == 79 {
			panic("boom")
		}
		return 0, fmt.Errorf("item %d is bad", n)
	}).Named("check").Hooks(failures.Hooks())
	run := sources.Seq(func(yield func(int) bool) {
		for n := range 80 {
			if !yield(n) {
				return
			}
		}
	}).Via(work).Start(t.Context())
	page.Add(inspect.Run{Name: "orders", Of: run, Failures: failures})
	for range run.Results() {
	}
	got := asked(t, page, "?format=json").Run
	require.Len(t, got.Failures, 50)
	require.EqualValues(t, 80, got.FailuresSeen)
	require.Equal(t, "panic: boom", got.Failures[0].Error)
	require.Contains(t, got.Failures[0].Stack, "page_test.go")
	require.Equal(t, "item 78 is bad", got.Failures[1].Error)
	require.Equal(t, "78", got.Failures[1].Input)
	has(t, shown(t, page, ""), "the latest 50 of 80")
}

func TestAWorkerThatIsGivenUpAtOnceIsShownWithItsError(t *testing.T) {
	page := new(inspect.Page)
	failures := page.Failures()
	stage := vimap.Open(func(context.Context) (int, error) { return 0, retry.Permanent(errors.New("no such server")) }).
		Do(func(_ int, ctx context.Context, word string) (int, error) { return length(ctx, word) }).
		Hooks(failures.Hooks())
	run := sources.Slice([]string{"a"}).Via(stage).Start(t.Context())
	page.Add(inspect.Run{Of: run, Failures: failures})
	for range run.Results() {
	}
	got := asked(t, page, "?format=json").Run.Failures
	require.Len(t, got, 1)
	require.Equal(t, "given up", got[0].What)
	require.Contains(t, got[0].Error, "no such server")
}

func TestRunsThatAreOverAreKeptUpToANumber(t *testing.T) {
	page := &inspect.Page{Ended: 3}
	for n := range 50 {
		run := sources.Slice([]string{"a"}).Map(strings.ToUpper).Start(t.Context())
		page.Add(inspect.Run{Name: fmt.Sprint("run ", n), Of: run})
		for range run.Zip() {
		}
	}
	later := sources.Slice([]string{"a"}).Start(t.Context())
	remove := page.Add(inspect.Run{Name: "later", Of: later})
	got := asked(t, page, "?format=json")
	require.Len(t, got.Runs, 4)
	require.Equal(t, "later", got.Runs[0].Name)
	require.Equal(t, "run 49", got.Runs[1].Name)
	require.Equal(t, "run 47", got.Runs[3].Name)
	require.Equal(t, http.StatusNotFound, ask(t, page, "?run=1").Code)
	has(t, ask(t, page, "?run=1").Body.String(), "no longer here")

	remove()
	remove()
	require.Len(t, asked(t, page, "?format=json").Runs, 3)
	for range later.Zip() {
	}
}

func TestManyRunsAndManyWorkersAreCut(t *testing.T) {
	page := new(inspect.Page)
	stage := vimap.StageStats{Node: 1, Size: 5000}
	for n := range 5000 {
		stage.Workers = append(stage.Workers, vimap.WorkerStats{Worker: n, Hand: vimap.Hand{Items: 1, Age: time.Duration(n % 1000)}})
	}
	nodes := make([]vimap.PlanNode, 1000)
	run := &fake{vimap.Stats{Began: time.Now(), Running: true, Stages: []vimap.StageStats{stage}, Plan: vimap.Plan{Nodes: nodes}}}
	for range 300 {
		page.Add(inspect.Run{Of: run})
	}
	got := asked(t, page, "?format=json")
	require.Len(t, got.Runs, 100)
	require.Equal(t, 200, got.Unlisted)
	require.Len(t, got.Run.Parts[1].Workers, 64)
	require.Equal(t, 5000-64, got.Run.Parts[1].UnlistedWorkers)
	body := shown(t, page, "")
	has(t, body, "and 200 more")
	has(t, body, "and 960 parts more")
	require.Less(t, len(body), 256<<10)
}

func TestManyMayLookWhileARunGoesOn(t *testing.T) {
	rerun.Share(t, 8)
	page := new(inspect.Page)
	failures := page.Failures()
	work := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n%100 == 0 {
			return 0, errors.New("bad")
		}
		return n, nil
	}).Workers(4).Hooks(failures.Hooks())
	looked := make(chan struct{})
	run := sources.Seq(func(yield func(int) bool) {
		for n := 0; ; n++ {
			select {
			case <-looked:
				return
			default:
			}
			if !yield(n) {
				return
			}
		}
	}).Via(work).ShowInputs().Start(t.Context())
	remove := page.Add(inspect.Run{Name: "orders", Of: run, Failures: failures})
	var lookers sync.WaitGroup
	for n := range 6 {
		lookers.Go(func() {
			for range 20 {
				switch n % 3 {
				case 0:
					page.Add(inspect.Run{Of: &fake{vimap.Stats{Began: time.Now()}}})
				case 1:
					asked(t, page, "?format=json")
				}
				shown(t, page, "?run=1")
			}
		})
	}
	var loop sync.WaitGroup
	loop.Go(func() {
		for range run.Results() {
		}
	})
	lookers.Wait()
	for asked(t, page, "?format=json&run=1").Run.Delivered < 1000 {
	}
	close(looked)
	loop.Wait()
	require.NoError(t, run.Err())
	remove()
}

func TestThePageIsGuarded(t *testing.T) {
	page := new(inspect.Page)
	first, second := ask(t, page, ""), ask(t, page, "")
	policy := first.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	require.NotEqual(t, policy, second.Header().Get("Content-Security-Policy"), "the nonce is new each time")
	require.Equal(t, "no-store", first.Header().Get("Cache-Control"))
	require.Equal(t, "nosniff", first.Header().Get("X-Content-Type-Options"))
	body := first.Body.String()
	hasNot(t, body, "http://")
	hasNot(t, body, "https://")
	hasNot(t, body, ` style="`)
	require.NotRegexp(t, `<[^>]* on[a-z]+=`, body)
	has(t, body, `<noscript><meta http-equiv="refresh"`)
	require.Equal(t, 2, strings.Count(body, "nonce="))

	for query, code := range map[string]int{
		"?run=x": 400, "?run=-1": 400, "?run=99999999999999999999": 400, "?format=xml": 400, "?run=7": 404, "?format=html": 200,
	} {
		require.Equal(t, code, ask(t, page, query).Code, query)
	}
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodOptions} {
		answer := httptest.NewRecorder()
		page.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody))
		require.Equal(t, http.StatusMethodNotAllowed, answer.Code, method)
	}
}

func TestARunWithNothingToShowIsAMistake(t *testing.T) {
	require.PanicsWithValue(t, "inspect: Add: Of must not be nil", func() { inspect.Handler(inspect.Run{Name: "orders"}) })
}

func TestAPoolCanBeShown(t *testing.T) {
	pool := vimap.NewPool(t.Context(), vimap.Func(length).Named("measure"))
	page := inspect.Handler(inspect.Run{Name: "pool", Of: pool})
	_, err := pool.Do(t.Context(), "apple")
	require.NoError(t, err)
	got := asked(t, page, "?format=json")
	require.NotEmpty(t, got.Run.Parts)
	require.NotEmpty(t, shown(t, page, ""))
	require.Equal(t, "running", got.Run.State)
	require.NoError(t, pool.Close())
	require.Contains(t, []string{"done", "stopped"}, asked(t, page, "?format=json").Run.State)
}

func TestARunThatIsOverIsNotHeld(t *testing.T) {
	n, err := sources.Slice([]string{"a"}).To(t.Context(), func(run *vimap.Run[string, string]) (int, error) {
		page := inspect.Handler(inspect.Run{Of: run})
		n, err := sinks.Ignore(run)
		require.Equal(t, "done", asked(t, page, "?format=json").Run.State)
		return int(n), err
	})
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
