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
)

func TestOfThreeThousandGoodInputsAndFiftyThatPanicEachHasItsOutcome(t *testing.T) {
	quiet(t)
	var crew crew
	bad := func(n int) bool { return n%61 == 7 }
	all, run := outcomes(t.Context(), count(3_050, nil).Via(crew.stage(100, func(_ context.Context, n int) (int, error) {
		if bad(n) {
			panic(&codeError{n})
		}
		return n * n, nil
	})))
	require.NoError(t, run.Err())
	outs, failed := split(all)
	require.Len(t, outs, 3_000)
	require.Len(t, failed, 50)
	seen := map[int]bool{}
	for _, result := range all {
		require.False(t, seen[result.In])
		seen[result.In] = true
		require.Equal(t, int64(result.In), result.Index)
		var code *codeError
		require.Equal(t, bad(result.In), errors.As(result.Err, &code))
		if result.Err == nil {
			require.Equal(t, result.In*result.In, result.Out)
		} else {
			require.Equal(t, result.In, code.code)
		}
	}
	// One that panics when nothing is left to do is not opened again.
	require.LessOrEqual(t, crew.opened.Load(), int64(150))
	require.Greater(t, crew.opened.Load(), int64(100))
	require.Equal(t, crew.opened.Load(), 100+run.Stats().Restarts)
	crew.requireClosed(t)
}

func TestAThousandPanicsInARowFailAThousandItems(t *testing.T) {
	bubble(t, func(t *testing.T) {
		all, run := outcomes(patient(t), count(1_000, nil).Via(vimap.Func(func(context.Context, int) (int, error) { panic("always") })).Ordered())
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
	quiet(t)
	for _, p := range []vimap.Pipeline[int, int]{
		given(1).Map(explode), given(1).Via(vimap.Func(func(_ context.Context, n int) (int, error) { return explode(n), nil })),
	} {
		_, err := p.To(t.Context(), collect)
		var panicked *vimap.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Contains(t, string(panicked.Stack), "vimap_test.explode")
	}
}

//go:noinline
func explode(int) int { panic("boom") }

func TestAClosingThatFailsAfterTheLastInputLosesNoOutput(t *testing.T) {
	quiet(t)
	stuck := errors.New("cannot say goodbye")
	stage := vimap.OpenWith(new(crew).openWith).Close(func(h *hand) error {
		_ = h.close()
		return fmt.Errorf("%s: %w", h.config, stuck)
	}).Do(func(_ *hand, ctx context.Context, n int) (int, error) { return square(ctx, n) }).Each("a", "b").Named("send")
	run := count(100, nil).Via(stage).Ordered().Start(t.Context())
	outs, err := collect(run)
	require.Len(t, outs, 100)
	require.ErrorIs(t, err, stuck)
	var worker *vimap.WorkerError
	require.ErrorAs(t, err, &worker)
	require.Equal(t, "close", worker.Phase)
	require.Equal(t, "send", worker.Stage)
	require.ErrorContains(t, worker.Err, worker.Config.(string))
	require.Contains(t, err.Error(), `stage "send"`)
	requireAddsUp(t, run.Stats())
}

func TestTheErrorOfAnItemIsOneLineThatSaysStageItemPlaceAttemptsAndReason(t *testing.T) {
	err := error(&vimap.ItemError{Stage: "send", Index: 41, Place: "requests.jsonl:42", Attempts: 3, Err: errors.New("server down")})
	require.EqualError(t, err, `vimap: stage "send": item 41 (requests.jsonl:42) after 3 attempts: server down`)

	quiet(t)
	_, err = given(2, 4, 7).Via(vimap.Func(even).Named("half")).Ordered().To(t.Context(), collect)
	require.True(t, strings.HasPrefix(err.Error(), `vimap: stage "half": item 2`), err.Error())
	require.True(t, strings.HasSuffix(err.Error(), `: odd number`), err.Error())
	require.NotContains(t, err.Error(), "attempts")
	require.NotContains(t, err.Error(), "()")
}

func TestAPanicInTheBodyOfALoopPassesThroughAndLeavesNothingBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		for _, ordered := range []bool{false, true} {
			p := count(endless, nil).Via(crew.stage(3, jitter))
			if ordered {
				p = p.Ordered()
			}
			run := p.Start(patient(t))
			require.PanicsWithValue(t, "the body", func() {
				for range run.Zip() {
					panic("the body")
				}
			})
			crew.requireClosed(t)
		}
	})
}

func TestGoexitInTheBodyOfALoopLeavesNothingBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		run := count(endless, nil).Via(crew.stage(3, jitter)).Start(patient(t))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range run.Results() {
				runtime.Goexit() // what t.FailNow does
			}
		}()
		<-done
		crew.requireClosed(t)
	})
}

func TestAnyDeathInASinkIsTheErrorOfTo(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				returned := make(chan error, 1)
				go func() {
					defer close(returned)
					_, err := count(endless, nil).Via(crew.stage(2, jitter)).To(patient(t), func(run *vimap.Run[int, int]) (int, error) {
						for range run.Zip() {
							fault.die()
						}
						return 0, run.Err()
					})
					returned <- err
				}()
				err, ok := <-returned
				require.True(t, ok, "To did not return")
				fault.require(t, err)
				crew.requireClosed(t)
			})
		})
	}
}

func TestASinkThatNeverLooksAtItsRunEndsIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		began := time.Now()
		n, err := count(endless, nil).Via(crew.stage(2, sleepy(time.Hour))).To(patient(t), func(*vimap.Run[int, int]) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, n)
		require.Zero(t, time.Since(began))
		crew.requireClosed(t)
	})
}

func TestToReturnsTheErrorThatItsSinkDidNotLookAt(t *testing.T) {
	quiet(t)
	_, err := given(1).Via(vimap.Func(even)).To(t.Context(), func(run *vimap.Run[int, int]) (int, error) {
		for range run.Zip() {
		}
		return 0, nil
	})
	require.ErrorIs(t, err, errOdd)
}
