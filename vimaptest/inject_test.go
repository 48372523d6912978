package vimaptest_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestFaultsHappenOnTheirCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		faults := vimaptest.Inject(t,
			vimaptest.Fail(errServer).On(2, 3),
			vimaptest.Panic("oh").On(4, 2), // on 2 the first one counts
			vimaptest.Goexit().On(5),
			vimaptest.Hang().On(6),
		)
		stage := vimap.Func(faults.Func(double)).Timeout(time.Minute)
		run := sources.Slice([]int{1, 2, 3, 4, 5, 6, 7}).Via(stage).Start(t.Context())
		var errs []error
		for result := range run.Results() {
			errs = append(errs, result.Err)
		}
		require.NoError(t, run.Err())
		require.Len(t, errs, 7)
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], errServer)
		require.ErrorIs(t, errs[2], errServer)
		var p *vimap.PanicError
		require.ErrorAs(t, errs[3], &p)
		require.Equal(t, "oh", p.Value)
		require.ErrorIs(t, errs[4], vimap.ErrGoexit)
		require.ErrorIs(t, errs[5], context.DeadlineExceeded)
		require.NoError(t, errs[6])
		require.Equal(t, 7, faults.Calls())
		require.Zero(t, run.Stats().Stuck)
	})
}

func TestAFaultWithoutFurtherWordsHappensOnEachCall(t *testing.T) {
	faults := vimaptest.Inject(t, vimaptest.Fail(errServer))
	try := faults.Try(func(n int) (int, error) { return n, nil })
	for range 3 {
		_, err := try(1)
		require.ErrorIs(t, err, errServer)
	}
}

func TestFromIsThatCallAndAllAfterIt(t *testing.T) {
	fault := vimaptest.Fail(errServer).On(1).From(3)
	try := vimaptest.Inject(t, fault).Try(func(n int) (int, error) { return n, nil })
	var failed []int
	for call := 1; call <= 5; call++ {
		if _, err := try(call); err != nil {
			failed = append(failed, call)
		}
	}
	require.Equal(t, []int{3, 4, 5}, failed)
}

func TestOnReplacesFromAndLeavesTheFaultItWasMadeOf(t *testing.T) {
	later := vimaptest.Fail(errServer).From(2)
	once := later.On(1)
	_, err := vimaptest.Inject(t, once).Try(func(n int) (int, error) { return n, nil })(0)
	require.Error(t, err)
	_, err = vimaptest.Inject(t, later).Try(func(n int) (int, error) { return n, nil })(0)
	require.NoError(t, err)
}

func TestAStuckCallIsAbandonedAndLetGoAtTheEndOfTheTest(t *testing.T) {
	bubble(t, func(*testing.T) {
		inner := newFakeT("inner", io.Discard)
		faults := vimaptest.Inject(inner, vimaptest.Stuck().On(1))
		stage := vimap.Func(faults.Func(double)).Timeout(time.Second).Retry(retry.Fixed(0).Attempts(2))
		run := sources.Slice([]int{1}).Via(stage).Start(inner.Context())
		for result := range run.Results() {
			if result.Err != nil || result.Out != 2 {
				inner.Errorf("%+v", result)
			}
		}
		require.EqualValues(t, 1, run.Stats().Stuck)
		require.Equal(t, 2, faults.Calls())
		inner.end()
		require.Empty(t, inner.errors)
	})
}

func TestEveryFunctionOfAStageCanBeWrapped(t *testing.T) {
	vimaptest.NoLeaks(t)
	opens, works, ends := vimaptest.Inject(t, vimaptest.Fail(errServer).On(1)), vimaptest.Inject(t), vimaptest.Inject(t, vimaptest.Fail(io.ErrClosedPipe))
	stage := vimap.Open(opens.Open(func(context.Context) (*strings.Builder, error) { return new(strings.Builder), nil })).
		Close(ends.Close(func(*strings.Builder) error { return nil })).
		Do(works.Do(func(_ *strings.Builder, _ context.Context, n int) (int, error) { return n, nil })).
		Restart(retry.Fixed(0).Attempts(2))
	outs, err := sources.Slice([]int{1, 2, 3}).Via(stage).Ordered().To(t.Context(), sinks.Collect)
	require.Equal(t, []int{1, 2, 3}, outs)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Equal(t, 2, opens.Calls())
	require.Equal(t, 3, works.Calls())
	require.Equal(t, 1, ends.Calls())
}

func TestWrappedFunctionsMayBeCalledFromManyGoroutines(t *testing.T) {
	faults := vimaptest.Inject(t, vimaptest.Fail(errServer).On(500, 501))
	try := faults.Try(func(n int) (int, error) { return n, nil })
	var mu sync.Mutex
	var calls sync.WaitGroup
	failed := 0
	for range 1000 {
		calls.Go(func() {
			if _, err := try(1); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
			}
		})
	}
	calls.Wait()
	require.Equal(t, 2, failed)
	require.Equal(t, 1000, faults.Calls())
}

func TestWithoutAContextHangIsStuck(t *testing.T) {
	bubble(t, func(*testing.T) {
		inner := newFakeT("inner", io.Discard)
		faults := vimaptest.Inject(inner, vimaptest.Hang())
		end := faults.Close(func(int) error { return nil })
		ended := make(chan error, 1)
		go func() { ended <- end(1) }()
		synctest.Wait()
		require.Empty(t, ended)
		inner.end()
		require.ErrorContains(t, <-ended, "the test is over")
	})
}

func TestMistakesInTheVocabularyPanic(t *testing.T) {
	for want, f := range map[string]func(){
		"vimaptest: Fail: err must not be nil":                                          func() { vimaptest.Fail(nil) },
		"vimaptest: On: the number of calls must be at least 1, got 0":                  func() { vimaptest.Goexit().On() },
		"vimaptest: On: call must be at least 1, got 0":                                 func() { vimaptest.Goexit().On(3, 0) },
		"vimaptest: From: call must be at least 1, got -1":                              func() { vimaptest.Goexit().From(-1) },
		"vimaptest: Func: f must not be nil":                                            func() { vimaptest.Inject(t).Func[int, int](nil) },
		"vimaptest: Inject: fault 1 must be made by Fail, Panic, Goexit, Hang or Stuck": func() { vimaptest.Inject(t, vimaptest.Hang(), vimaptest.Fault{}) },
		"vimaptest: Suite: the number of inputs must be at least 1, got 0":              func() { vimaptest.Suite(vimap.Func(double)) },
		"vimaptest: Items: n must be at least 1, got 0":                                 func() { vimaptest.Suite(vimap.Func(double), 1).Items(0) },
		"vimaptest: Patience: limit must be above 0, got 0s":                            func() { vimaptest.Suite(vimap.Func(double), 1).Patience(0) },
		"vimaptest: Same: equal must not be nil":                                        func() { vimaptest.Suite(vimap.Func(double), 1).Same(nil) },
		"vimaptest: Right: f must not be nil":                                           func() { vimaptest.Suite(vimap.Func(double), 1).Right(nil) },
	} {
		require.PanicsWithValue(t, want, f)
	}
}
