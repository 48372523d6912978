package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

func TestOfThreeThousandGoodInputsAndFiftyThatPanicEachHasItsOutcome(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var crew testkit.Crew
	bad := func(n int) bool { return n%61 == 7 }
	all, run := testkit.Outcomes(t.Context(), testkit.Count(3_050, nil).Via(crew.Stage(100, func(_ context.Context, n int) (int, error) {
		if bad(n) {
			panic(&testkit.CodeError{Code: n})
		}
		return n * n, nil
	})))
	require.NoError(t, run.Err())
	outs, failed := testkit.Split(all)
	require.Len(t, outs, 3_000)
	require.Len(t, failed, 50)
	seen := map[int]bool{}
	for _, result := range all {
		require.False(t, seen[result.In])
		seen[result.In] = true
		require.Equal(t, int64(result.In), result.Index)
		var code *testkit.CodeError
		require.Equal(t, bad(result.In), errors.As(result.Err, &code))
		if result.Err == nil {
			require.Equal(t, result.In*result.In, result.Out)
		} else {
			require.Equal(t, result.In, code.Code)
		}
	}
	// One that panics when nothing is left to do is not opened again.
	require.LessOrEqual(t, crew.Opened.Load(), int64(150))
	require.Greater(t, crew.Opened.Load(), int64(100))
	require.Equal(t, crew.Opened.Load(), 100+run.Stats().Restarts)
	crew.RequireClosed(t)
}

func TestAThousandPanicsInARowFailAThousandItems(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(1_000, nil).Via(vimap.Func(func(context.Context, int) (int, error) { panic("always") })).Ordered())
		require.NoError(t, run.Err())
		require.Len(t, all, 1_000)
		for i, result := range all {
			require.Equal(t, i, result.In)
			var panicked *vimap.PanicError
			require.ErrorAs(t, result.Err, &panicked)
		}
	})
}

func TestTheStackOfAPanicNamesTheFunctionThatPanicked(t *testing.T) {
	testkit.Quiet(t)
	for _, p := range []vimap.Pipeline[int, int]{
		testkit.Given(1).Map(explode), testkit.Given(1).Via(vimap.Func(func(_ context.Context, n int) (int, error) { return explode(n), nil })),
	} {
		_, err := p.To(t.Context(), testkit.Collect)
		var panicked *vimap.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Contains(t, string(panicked.Stack), "vimap_test.explode")
	}
}

//go:noinline
func explode(int) int { panic("boom") }

func TestAClosingThatFailsAfterTheLastInputLosesNoOutput(t *testing.T) {
	testkit.Quiet(t)
	stuck := errors.New("cannot say goodbye")
	stage := vimap.OpenWith(new(testkit.Crew).OpenWith).Close(func(h *testkit.Hand) error {
		_ = h.Close()
		return fmt.Errorf("%s: %w", h.Config, stuck)
	}).Do(func(_ *testkit.Hand, ctx context.Context, n int) (int, error) { return testkit.Square(ctx, n) }).Each("a", "b").Named("send")
	run := testkit.Count(100, nil).Via(stage).Ordered().Start(t.Context())
	outs, err := testkit.Collect(run)
	require.Len(t, outs, 100)
	require.ErrorIs(t, err, stuck)
	var worker *vimap.WorkerError
	require.ErrorAs(t, err, &worker)
	require.Equal(t, "close", worker.Phase)
	require.Equal(t, "send", worker.Stage)
	require.ErrorContains(t, worker.Err, worker.Config.(string))
	require.Contains(t, err.Error(), `stage "send"`)
	testkit.RequireAddsUp(t, run.Stats())
}

func TestTheErrorOfAnItemIsOneLineThatSaysStageItemPlaceAttemptsAndReason(t *testing.T) {
	err := error(&vimap.ItemError{Stage: "send", Index: 41, Place: "requests.jsonl:42", Attempts: 3, Err: errors.New("server down")})
	require.EqualError(t, err, `vimap: stage "send": item 41 (requests.jsonl:42) after 3 attempts: server down`)

	testkit.Quiet(t)
	_, err = testkit.Given(2, 4, 7).Via(vimap.Func(testkit.Even).Named("half")).Ordered().To(t.Context(), testkit.Collect)
	require.True(t, strings.HasPrefix(err.Error(), `vimap: stage "half": item 2`), err.Error())
	require.True(t, strings.HasSuffix(err.Error(), `: odd number`), err.Error())
	require.NotContains(t, err.Error(), "attempts")
	require.NotContains(t, err.Error(), "()")
}

func TestAPanicInTheBodyOfALoopPassesThroughAndLeavesNothingBehind(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		for _, ordered := range []bool{false, true} {
			p := testkit.Count(testkit.Endless, nil).Via(crew.Stage(3, testkit.Jitter))
			if ordered {
				p = p.Ordered()
			}
			run := p.Start(testkit.Patient(t))
			require.PanicsWithValue(t, "the body", func() {
				for range run.Zip() {
					panic("the body")
				}
			})
			crew.RequireClosed(t)
		}
	})
}

func TestGoexitInTheBodyOfALoopLeavesNothingBehind(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		run := testkit.Count(testkit.Endless, nil).Via(crew.Stage(3, testkit.Jitter)).Start(testkit.Patient(t))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range run.Results() {
				runtime.Goexit() // what t.FailNow does
			}
		}()
		<-done
		crew.RequireClosed(t)
	})
}

func TestAnyDeathInASinkIsTheErrorOfTo(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				returned := make(chan error, 1)
				go func() {
					defer close(returned)
					_, err := testkit.Count(testkit.Endless, nil).Via(crew.Stage(2, testkit.Jitter)).To(testkit.Patient(t), func(run *vimap.Run[int, int]) (int, error) {
						for range run.Zip() {
							fault.Die()
						}
						return 0, run.Err()
					})
					returned <- err
				}()
				err, ok := <-returned
				require.True(t, ok, "To did not return")
				fault.Require(t, err)
				crew.RequireClosed(t)
			})
		})
	}
}

func TestASinkThatNeverLooksAtItsRunEndsIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		began := time.Now()
		n, err := testkit.Count(testkit.Endless, nil).Via(crew.Stage(2, testkit.Sleepy(time.Hour))).To(testkit.Patient(t), func(*vimap.Run[int, int]) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, n)
		require.Zero(t, time.Since(began))
		crew.RequireClosed(t)
	})
}

func TestToReturnsTheErrorThatItsSinkDidNotLookAt(t *testing.T) {
	testkit.Quiet(t)
	_, err := testkit.Given(1).Via(vimap.Func(testkit.Even)).To(t.Context(), func(run *vimap.Run[int, int]) (int, error) {
		for range run.Zip() {
		}
		return 0, nil
	})
	require.ErrorIs(t, err, testkit.ErrOdd)
}
