package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// picky is a stage that fails the inputs for which fails is true.
func picky(workers int, fails func(int) bool) vimap.Stage[int, int] {
	return vimap.Func(func(_ context.Context, n int) (int, error) {
		if fails(n) {
			return 0, fmt.Errorf("%d is not wanted", n)
		}
		return n, nil
	}).Named("pick").Workers(workers)
}

func TestTolerateGoesOnOverAsManyFailuresAsItSays(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		p := testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10)))
		for _, p := range []vimap.Pipeline[int, int]{p.Tolerate(10), p.Ordered().Tolerate(10), p.Tolerate(99).Tolerate(10)} {
			run := p.Start(testkit.Patient(t))
			outs, err := testkit.Collect(run)
			require.NoError(t, err)
			require.Len(t, outs, 90)
			require.Equal(t, vimap.Accounts{Read: 100, Delivered: 90, Failed: 10}, run.Stats().Accounts)
		}
	})
}

func TestTheFailureBeyondTolerateEndsTheRunAndNamesTheFirst(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		run := testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).Tolerate(3).Ordered().Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.EqualError(t, err, `vimap: 4 items failed, 3 are tolerated; the first: vimap: stage "pick": item 0: 0 is not wanted`)
		var many *vimap.TooManyFailuresError
		require.ErrorAs(t, err, &many)
		require.Equal(t, vimap.TooManyFailuresError{Failed: 4, Outcomes: 31, Most: 3, First: many.First}, *many)
		var first *vimap.ItemError
		require.ErrorAs(t, err, &first)
		require.Equal(t, int64(0), first.Index)
		require.Len(t, outs, 27, "all before item 30 but the three that failed")
		require.Equal(t, int64(4), run.Stats().Failed)
		testkit.RequireAddsUp(t, run.Stats())
	})
}

func TestTolerateOfNoneEndsAtTheFirst(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		_, err := testkit.Collect(testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).Tolerate(0).Ordered().Start(testkit.Patient(t)))
		var many *vimap.TooManyFailuresError
		require.ErrorAs(t, err, &many)
		require.Equal(t, int64(1), many.Failed)
	})
}

func TestResultsAreNotBoundByTolerate(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).Tolerate(3).TolerateShare(0.01))
		require.NoError(t, run.Err())
		require.Len(t, all, 100)
	})
}

func TestTolerateShareIsLookedAtFromTheHundredthOutcomeAndAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		items    int
		fails    func(int) bool
		share    float64
		failed   int64 // 0: the run is well
		outcomes int64
	}{
		"a share that is kept":                     {1000, func(n int) bool { return n%10 == 9 }, 0.1, 0, 0},
		"one failure too many, seen at once":       {100_000, func(n int) bool { return n >= 150 }, 0.1, 17, 167},
		"bad luck at the beginning":                {1000, func(n int) bool { return n < 60 }, 0.1, 0, 0},
		"no output among the first hundred":        {1000, func(n int) bool { return n < 150 }, 0.1, 100, 100},
		"a few items, seen at the end":             {10, testkit.MultipleOf(5), 0.1, 2, 10},
		"a few items, all of them bad":             {10, testkit.MultipleOf(1), 0.99, 10, 10},
		"everything may fail":                      {500, testkit.MultipleOf(1), 1, 0, 0},
		"the last item of many is one too many":    {1000, func(n int) bool { return n >= 800 && n%2 == 1 }, 0.0999, 100, 1000},
		"nothing was read, so that nothing failed": {0, testkit.MultipleOf(1), 0.1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 6)
			testkit.Bubble(t, func(t *testing.T) {
				p := testkit.Count(c.items, nil).Via(picky(4, c.fails)).TolerateShare(c.share).Ordered()
				for _, ctx := range []context.Context{testkit.Patient(t), vimaptest.Serial(testkit.Patient(t))} {
					run := p.Start(ctx)
					_, err := testkit.Collect(run)
					testkit.RequireAddsUp(t, run.Stats())
					if c.failed == 0 {
						require.NoError(t, err)
						continue
					}
					var many *vimap.TooManyFailuresError
					require.ErrorAs(t, err, &many)
					require.Equal(t, vimap.TooManyFailuresError{Failed: c.failed, Outcomes: c.outcomes, Most: -1, Share: c.share, First: many.First}, *many)
					require.Contains(t, err.Error(), fmt.Sprintf("vimap: %d of %d items failed, a share of %v is tolerated; the first: ", c.failed, c.outcomes, c.share))
				}
			})
		})
	}
}

func TestBothBoundsOfToleranceHold(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		p := testkit.Count(1000, nil).Via(picky(4, testkit.MultipleOf(10))).Ordered()
		var many *vimap.TooManyFailuresError
		_, err := testkit.Collect(p.Tolerate(5).TolerateShare(0.5).Start(testkit.Patient(t)))
		require.ErrorAs(t, err, &many)
		require.Equal(t, int64(5), many.Most)
		_, err = testkit.Collect(p.TolerateShare(0.05).Tolerate(500).Start(testkit.Patient(t)))
		require.ErrorAs(t, err, &many)
		require.InDelta(t, 0.05, many.Share, 0)
	})
}

func TestTolerateDoesNotCoverWhatConcernsTheRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		broken := errors.New("broken")
		outs, err := testkit.Collect(brokenSource(50, broken).Via(picky(4, testkit.MultipleOf(10))).Tolerate(10).Start(testkit.Patient(t)))
		require.ErrorIs(t, err, broken)
		require.Len(t, outs, 45)
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		cancel(broken)
		_, err = testkit.Collect(testkit.Count(10, nil).Tolerate(10).Start(ctx))
		require.ErrorIs(t, err, broken)
	})
}

func TestMistakesInToleranceArePanics(t *testing.T) {
	p := testkit.Given(1)
	for rule, f := range map[string]func(){
		"vimap: Tolerate: n must not be negative, got -1":                       func() { p.Tolerate(-1) },
		"vimap: TolerateShare: share must be above 0 and at most 1, got 0":      func() { p.TolerateShare(0) },
		"vimap: TolerateShare: share must be above 0 and at most 1, got 1.5":    func() { p.TolerateShare(1.5) },
		"vimap: TolerateShare: share must be above 0 and at most 1, got NaN":    func() { p.TolerateShare(math.NaN()) },
		"vimap: Rescue: f must not be nil":                                      func() { p.Rescue(nil) },
		"vimap: DeadLetters: sink must not be nil":                              func() { p.DeadLetters(nil) },
		"vimap: Tolerate: the source must not be nil":                           func() { vimap.Pipeline[int, int]{}.Tolerate(1) },
		"vimap: Decode: DeadLetters must come after it, for it makes the items": func() { vimap.Decode(p.DeadLetters(ignoreLetters), half) },
		"vimap: RestartLimit: n must be at least 1, got 0":                      func() { vimap.Func(testkit.Square).RestartLimit(0, 1) },
		"vimap: RestartLimit: within must be above 0, got 0s":                   func() { vimap.Func(testkit.Square).RestartLimit(1, 0) },
		"vimap: RestartLimit: a stage made by Then takes no options, set them on its parts": func() {
			vimap.Func(testkit.Square).Then(vimap.Func(testkit.Square)).RestartLimit(1, 1)
		},
	} {
		require.PanicsWithValue(t, rule, f)
	}
}
