package process_test

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// outcomes runs inputs through a stage and returns what became of each.
func outcomes[In, Out any](t *testing.T, stage vimap.Stage[In, Out], ins ...In) (map[int64]vimap.Result[In, Out], *vimap.Run[In, Out]) {
	t.Helper()
	run := sources.Slice(ins).Via(stage).Start(patient(t))
	all := map[int64]vimap.Result[In, Out]{}
	for result := range run.Results() {
		require.NotContains(t, all, result.Index)
		all[result.Index] = result
	}
	require.NoError(t, run.Err())
	require.Len(t, all, len(ins))
	return all, run
}

// failure returns the error of a child that an input failed by.
func failure(t *testing.T, err error) *process.Error {
	t.Helper()
	var e *process.Error
	require.ErrorAs(t, err, &e)
	require.NotZero(t, e.Pid)
	return e
}

func TestTheErrorOfAWorkerComesBackWithItsText(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, moody.Children(silent), "a", "error", "not exist", "b")
	require.Equal(t, "a", all[0].Out)
	require.Equal(t, "b", all[3].Out)
	e := failure(t, all[1].Err)
	require.Equal(t, process.Returned, e.Kind)
	require.Equal(t, errServer.Error(), e.Text)
	require.ErrorIs(t, all[2].Err, os.ErrNotExist)
	require.Zero(t, run.Stats().Restarts, "an error does not cost the child")
}

func TestTheMarksOfRetryTravel(t *testing.T) {
	vimaptest.NoLeaks(t)
	stage := moody.Children(silent).Retry(retry.Fixed(0).Attempts(3).Within(time.Minute))
	all, _ := outcomes(t, stage, "error", "permanent", "after")
	for i, attempts := range []int{3, 1, 1} {
		var item *vimap.ItemError
		require.ErrorAs(t, all[int64(i)].Err, &item)
		require.Equal(t, attempts, item.Attempts)
	}
}

func TestAPanicInAChildHasItsStackAndCostsNoOtherInput(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, moody.Children(silent), "a", "panic", "b", "goexit", "c")
	e := failure(t, all[1].Err)
	require.Equal(t, process.Panicked, e.Kind)
	require.Contains(t, e.Error(), "oh no")
	require.Contains(t, string(e.Stack), "process_test.(*mood).do")
	var p *vimap.PanicError
	require.ErrorAs(t, all[1].Err, &p, "as for goroutines")
	require.ErrorIs(t, all[3].Err, vimap.ErrGoexit)
	for _, i := range []int64{0, 2, 4} {
		require.NoError(t, all[i].Err)
	}
	require.Equal(t, int64(2), run.Stats().Restarts)
}

func TestWhatIsLeftOfABatchIsHandedOnBehindACrash(t *testing.T) {
	vimaptest.NoLeaks(t)
	ctx := patient(t)
	came, begun := make(chan int, 4), make(chan int, 1)
	wait := func(some <-chan int) {
		select {
		case <-some:
		case <-ctx.Done():
		}
	}
	source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		for range 50 {
			out.One("a")
			wait(begun)
			for _, what := range []string{"crash", "fail", "fail"} { // they are taken as one, while that is with the child
				out.One(what)
			}
			for range 4 {
				wait(came)
			}
		}
		return nil
	})
	step := func(what string) (string, error) {
		switch what {
		case "crash":
			panic(what)
		case "fail":
			return "", errServer
		}
		begun <- 1
		return what, nil
	}
	n := 0
	for range source.Try(step).Via(moody.Children(silent).Workers(1)).Start(ctx).Results() {
		came <- 1
		n++
	}
	require.Equal(t, 200, n)
}

func TestAConditionThatPanicsOverALostWorkerCostsItsInputAlone(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	ins := slices.Repeat([]string{"a"}, 400)
	for i := 50; i < len(ins); i += 50 {
		ins[i] = "lost"
	}
	policy := retry.Fixed(0).If(func(error) bool { panic("oh no") })
	for _, workers := range []int{1, 2} {
		all, run := outcomes(t, moody.Children(silent).Workers(workers).Retry(policy), ins...)
		for i, in := range ins {
			require.Equal(t, in, all[int64(i)].In)
			require.Equal(t, in == "lost", all[int64(i)].Err != nil, all[int64(i)].Err)
		}
		// With two the other may have done what was behind the last.
		require.Contains(t, []int64{7, int64(8 - workers)}, run.Stats().Restarts)
	}
}

func TestAChildThatEndsInItsClosingIsToldOfWithMoreInHand(t *testing.T) {
	vimaptest.NoLeaks(t)
	ins := slices.Repeat([]string{"a"}, 200)
	ins[100] = "lost for good"
	run := sources.Slice(ins).Via(moody.Children(silent)).Start(patient(t))
	n := 0
	for result := range run.Results() {
		require.Equal(t, result.In == "a", result.Err == nil)
		n++
	}
	require.Len(t, ins, n)
	var worker *vimap.WorkerError
	require.ErrorAs(t, run.Err(), &worker)
	require.Equal(t, "close", worker.Phase)
	require.Equal(t, process.Crashed, failure(t, worker.Err).Kind)
}

func TestAWorkerThatDoLosesIsOpenedAnewInAFreshChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, moody.Children(silent), "pid", "lost", "pid")
	require.Equal(t, process.Returned, failure(t, all[1].Err).Kind)
	require.NotEqual(t, all[0].Out, all[2].Out)
	require.Equal(t, int64(1), run.Stats().Restarts)
}

func TestAChildThatEndsIsTheFailureOfItsInputAlone(t *testing.T) {
	rerun.Share(t, 8)
	vimaptest.NoLeaks(t)
	// The many inputs before make the child have several at once.
	var ins []string
	for i := range 2000 {
		ins = append(ins, strconv.Itoa(i))
	}
	ins[700], ins[1500] = "exit 3", "exit 0"
	all, run := outcomes(t, moody.Children(silent).Workers(2).Restart(retry.Fixed(0)), ins...)
	for i, in := range ins {
		switch in {
		case "exit 3":
			e := failure(t, all[int64(i)].Err)
			require.Equal(t, process.Crashed, e.Kind)
			require.Equal(t, "exit status 3", e.Status)
			require.Contains(t, e.Stderr, "these are my last words")
			require.Contains(t, e.Error(), "these are my last words")
		case "exit 0":
			require.Equal(t, "exit status 0", failure(t, all[int64(i)].Err).Status)
		default:
			require.NoError(t, all[int64(i)].Err)
			require.Equal(t, in, all[int64(i)].Out)
		}
	}
	require.GreaterOrEqual(t, run.Stats().Restarts, int64(2))
	require.LessOrEqual(t, run.Stats().Restarts, int64(4), "once with others in hand, and once alone")
}

func TestACrashIsRetriedByPolicy(t *testing.T) {
	vimaptest.NoLeaks(t)
	stage := moody.Children(silent).Retry(retry.Fixed(0).Attempts(2).If(process.Kinds(process.Crashed)))
	all, _ := outcomes(t, stage, "exit 3", "error")
	for i, attempts := range []int{2, 1} {
		var item *vimap.ItemError
		require.ErrorAs(t, all[int64(i)].Err, &item)
		require.Equal(t, attempts, item.Attempts)
	}
}

func TestATimeLimitThatTheWorkerHeedsCostsNoChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, moody.Children(silent).Timeout(20*time.Millisecond), "pid", "wait", "pid")
	e := failure(t, all[1].Err)
	require.Equal(t, process.TimedOut, e.Kind)
	require.ErrorIs(t, all[1].Err, context.DeadlineExceeded)
	require.Equal(t, all[0].Out, all[2].Out)
	require.Zero(t, run.Stats().Restarts)
}

func TestAnInputThatTheChildHasNotBegunInTimeCostsNoChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	// With keys a child has one input at a time. It is told to stop together with
	// most of these, and gives them back.
	ins := slices.Repeat([]string{"wait"}, 200)
	all, run := outcomes(t, moody.Children(silent).KeyBy(func(string) int { return 1 }).Timeout(time.Nanosecond), ins...)
	for _, result := range all {
		require.Equal(t, process.TimedOut, failure(t, result.Err).Kind)
		require.ErrorIs(t, result.Err, context.DeadlineExceeded)
	}
	require.Zero(t, run.Stats().Restarts)
}

func TestAChildThatHangsIsEndedAfterItsTimeLimit(t *testing.T) {
	vimaptest.NoLeaks(t)
	for name, stage := range map[string]vimap.Stage[string, string]{
		"several in hand": moody.Children(process.Options{Stderr: silent.Stderr, Grace: 50 * time.Millisecond}),
		"with keys":       moody.Children(process.Options{Stderr: silent.Stderr, Grace: 50 * time.Millisecond}).KeyBy(func(string) int { return 1 }),
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			all, run := outcomes(t, stage.Timeout(100*time.Millisecond), "pid", "hang", "pid")
			e := failure(t, all[1].Err)
			require.Equal(t, process.TimedOut, e.Kind)
			require.ErrorIs(t, all[1].Err, context.DeadlineExceeded)
			require.NotEqual(t, all[0].Out, all[2].Out)
			require.Equal(t, int64(1), run.Stats().Restarts)
			require.Zero(t, run.Stats().Stuck)
		})
	}
}

func TestAnInputBehindASlowOneIsGivenBack(t *testing.T) {
	vimaptest.NoLeaks(t)
	var ins []string
	for range 1000 {
		ins = append(ins, "x")
	}
	ins[600] = "wait"
	run := sources.Slice(ins).Via(moody.Children(silent).Workers(2)).Start(patient(t))
	n := 0
	for result := range run.Results() {
		require.NoError(t, result.Err)
		if n++; n == len(ins)-1 {
			break // all but the one that waits for ever
		}
	}
	require.NoError(t, run.Err())
	require.Equal(t, len(ins)-1, n)
}

func TestTheConfigurationReachesTheChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, _ := outcomes(t, greet.Children(silent).Each("hello"), "you", "me")
	require.Equal(t, "hello you", all[0].Out)
	require.Equal(t, "hello me", all[1].Out)
	_, err := sources.Slice([]string{"you"}).Via(greet.Children(silent).Each("").Restart(retry.Policy{})).To(patient(t), sinks.Collect)
	var worker *vimap.WorkerError
	require.ErrorAs(t, err, &worker)
	require.Equal(t, "open", worker.Phase)
	require.Equal(t, process.Returned, failure(t, err).Kind)
	require.Contains(t, err.Error(), errServer.Error())
}

func TestALoopRunsInAChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, _ := outcomes(t, adder.Children(silent).Each(10, 10), 1, 2, 3)
	for i := range int64(3) {
		require.Equal(t, int(i)+11, all[i].Out)
	}
	all, _ = outcomes(t, looped.Children(silent), 1, -1, 2, -2, 3, -3, 4)
	require.ErrorIs(t, all[1].Err, vimap.ErrYield)
	require.Contains(t, all[1].Err.Error(), errServer.Error())
	require.Equal(t, process.Panicked, failure(t, all[3].Err).Kind)
	require.ErrorIs(t, all[5].Err, vimap.ErrYield)
	for _, i := range []int64{0, 2, 4, 6} {
		require.NoError(t, all[i].Err)
	}
}

func TestStructsTravelWhole(t *testing.T) {
	vimaptest.NoLeaks(t)
	at := time.Date(2026, 11, 24, 1, 2, 3, 456789, time.FixedZone("", 3600))
	all, _ := outcomes(t, say.Children(silent), request{7, []string{"a", "b"}, at})
	require.NoError(t, all[0].Err)
	require.Equal(t, "7 [a b]", all[0].Out.Text)
	require.True(t, at.Equal(all[0].Out.At))
	require.NotEqual(t, os.Getpid(), all[0].Out.Pid)
}

func TestATypeThatWouldLoseAFieldIsRefusedByName(t *testing.T) {
	vimaptest.NoLeaks(t)
	_, err := sources.Slice([]hidden{{}}).Via(wide.Children(silent).Restart(retry.Policy{})).To(patient(t), sinks.Collect)
	var e *process.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, process.BadEncoding, e.Kind)
	require.Contains(t, err.Error(), "process_test.hidden")
	require.Contains(t, err.Error(), "field inner")
}

func TestAChildIsReplacedAfterItsShare(t *testing.T) {
	rerun.Share(t, 4)
	vimaptest.NoLeaks(t)
	ins := make([]string, 100)
	for i := range ins {
		ins[i] = "pid"
	}
	o := silent
	o.Recycle = 10
	all, run := outcomes(t, moody.Children(o).RestartLimit(1, time.Hour), ins...)
	pids := map[string]int{}
	for _, result := range all {
		require.NoError(t, result.Err)
		pids[result.Out]++
	}
	require.Len(t, pids, 10)
	for _, n := range pids {
		require.Equal(t, 10, n)
	}
	require.Equal(t, int64(9), run.Stats().Restarts)
}

func TestSparesTakeThePlaceOfTheLost(t *testing.T) {
	vimaptest.NoLeaks(t)
	o := silent
	o.Spares = 2
	all, run := outcomes(t, moody.Children(o).Workers(2), "pid", "exit 3", "exit 3", "pid", "panic", "pid")
	for _, i := range []int64{0, 3, 5} {
		require.NoError(t, all[i].Err)
	}
	require.GreaterOrEqual(t, run.Stats().Restarts, int64(2))
}

func TestCancellingEndsChildrenThatHang(t *testing.T) {
	vimaptest.NoLeaks(t)
	ctx, cancel := context.WithCancelCause(patient(t))
	o := silent
	o.Grace = 20 * time.Millisecond
	stage := moody.Children(o).Workers(2).Hooks(vimap.Hooks{ItemDone: func(vimap.ItemEvent) { cancel(errServer) }})
	_, err := sources.Slice([]string{"hang", "x", "wait"}).Via(stage).To(ctx, sinks.Collect)
	require.ErrorIs(t, err, errServer)
	var worker *vimap.WorkerError
	require.NotErrorAs(t, err, &worker)
}

func TestAPoolKeepsItsChildren(t *testing.T) {
	vimaptest.NoLeaks(t)
	pool := vimap.NewPool(patient(t), moody.Children(silent))
	first, err := pool.Do(patient(t), "pid")
	require.NoError(t, err)
	second, err := pool.Do(patient(t), "pid")
	require.NoError(t, err)
	require.Equal(t, first, second)
	_, err = pool.Do(patient(t), "exit 3")
	require.Equal(t, process.Crashed, failure(t, err).Kind)
	third, err := pool.Do(patient(t), "pid")
	require.NoError(t, err)
	require.NotEqual(t, first, third)
	ctx, cancel := context.WithTimeout(patient(t), 10*time.Millisecond)
	defer cancel()
	_, err = pool.Do(ctx, "wait")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	fourth, err := pool.Do(patient(t), "pid")
	require.NoError(t, err)
	require.Equal(t, third, fourth)
	require.NoError(t, pool.Close())
}

func TestSerialRunsHaveChildrenToo(t *testing.T) {
	vimaptest.NoLeaks(t)
	outs, err := sources.Slice(upTo(20)).Via(double.Children(silent).Workers(2)).To(vimaptest.Serial(patient(t)), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, outs, 20)
}

func TestAChildDiesWithTheMemoryThatItMayNotHave(t *testing.T) {
	rerun.Share(t, 4)
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the resident size is unknown here")
	}
	vimaptest.NoLeaks(t)
	o := silent
	o.Memory = 200 << 20
	all, _ := outcomes(t, eater.Children(o).Workers(2), 1, 2, 1000, 3, 4)
	require.Equal(t, process.OutOfMemory, failure(t, all[2].Err).Kind)
	for _, i := range []int64{0, 1, 3, 4} {
		require.NoError(t, all[i].Err, strings.Repeat("-", int(i)))
	}
	require.NotErrorIs(t, all[2].Err, context.DeadlineExceeded)
}
