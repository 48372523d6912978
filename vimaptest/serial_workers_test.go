package vimaptest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
)

func TestAWorkerThatFailsToOpenIsOpenedAgainAsItsPolicySaysAndThenLeftOut(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		began := time.Now()
		stage := vimap.OpenWith(func(ctx context.Context, name string) (*desk, error) {
			if name == "bad" {
				d.note("%v refused", time.Since(began))
				return nil, errBad
			}
			return d.open(ctx, name)
		}).Close((*desk).close).Do((*desk).double).Each("a", "bad", "c").Restart(retry.Fixed(time.Second).Attempts(3))
		run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, []int{0, 2, 4}, outs)
		require.Empty(t, errs)
		require.NoError(t, run.Err())
		require.Equal(t, diary{
			"open a", "0s refused", "1s refused", "2s refused", "open c",
			"a does 0", "c does 1", "a does 2", "close a", "close c",
		}, d)
		stats := run.Stats()
		require.Equal(t, int64(2), stats.Restarts)
		require.Len(t, stats.Lost, 1)
		require.ErrorContains(t, stats.Lost[0], `stage "open": worker 1 (bad): open: bad`)
	})
}

func TestWithoutAnyWorkerTheSourceIsNotRead(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		refused := vimap.Open(func(context.Context) (int, error) { return 0, errBad }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).Workers(2).Restart(retry.Policy{})
		run := sources.Slice(upTo(3)).Map(func(n int) int { d.note("read"); return n }).
			Via(d.desks(nil, "a")).Via(refused).Via(d.desks(nil, "never")).Start(ctx)
		outs, errs := drain(run)
		require.Empty(t, outs)
		require.Empty(t, errs)
		var none *vimap.NoWorkersError
		require.ErrorAs(t, run.Err(), &none)
		require.Len(t, none.Workers, 2)
		require.Equal(t, diary{"open a", "close a"}, d)
		require.Zero(t, run.Stats().Read)
	})
}

func TestCancellationEndsTheWaitForAnOpening(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		ctx, cancel := context.WithTimeoutCause(ctx, time.Second, errStop)
		defer cancel()
		began := time.Now()
		refused := vimap.Open(func(context.Context) (int, error) { return 0, errBad }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).Restart(retry.Fixed(time.Minute))
		run := sources.Slice(upTo(3)).Via(d.desks(nil, "a")).Via(refused).Start(ctx)
		_, _ = drain(run)
		require.ErrorIs(t, run.Err(), errStop)
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, diary{"open a", "close a"}, d)
	})
}

func TestAWorkerThatIsLostOrPanicsIsClosedAndOpenedAnew(t *testing.T) {
	for name, die := range map[string]func() error{
		"Lost":    func() error { return vimap.Lost(errBad) },
		"a panic": func() error { panic(errBad) },
	} {
		t.Run(name, func(t *testing.T) {
			frozen(t, func(t *testing.T, ctx context.Context) {
				var d diary
				stage := d.desks(func(w *desk, ctx context.Context, n int) (int, error) {
					if n == 1 {
						d.note("%s dies", w.name)
						return 0, die()
					}
					return w.double(ctx, n)
				}, "a", "b").Retry(retry.Fixed(time.Second).Attempts(2))
				run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
				for result := range run.Results() {
					if result.Err != nil {
						require.ErrorIs(t, result.Err, errBad)
						d.note("failed %d", result.In)
					}
				}
				require.NoError(t, run.Err())
				require.Equal(t, diary{
					"open a", "open b", "a does 0",
					"b dies", "close b", "open b",
					"a dies", "failed 1", "close a", "open a",
					"b does 2", "close a", "close b",
				}, d)
				require.Equal(t, vimap.Accounts{Read: 3, Delivered: 2, Failed: 1, Retries: 1, Restarts: 2}, run.Stats().Accounts)
			})
		})
	}
}

func TestTheLossOfTheLastWorkerEndsASerialRun(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		opened := 0
		stage := vimap.Open(func(context.Context) (int, error) {
			if opened++; opened > 1 {
				return 0, errBad
			}
			return 0, nil
		}).Do(func(_ int, _ context.Context, n int) (int, error) {
			if n == 1 {
				panic("two")
			}
			return n, nil
		}).Restart(retry.Policy{})
		run := sources.Slice(upTo(5)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, []int{0}, outs)
		require.Len(t, errs, 1, "the item that cost the worker")
		require.ErrorIs(t, run.Err(), vimap.ErrNoWorkers)
		require.Equal(t, int64(2), run.Stats().Read)
	})
}

func TestErrorsOfClosingArePartOfTheErrorOfASerialRun(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		stage := vimap.OpenWith(func(_ context.Context, n int) (int, error) { return n, nil }).
			Close(func(n int) error {
				switch n {
				case 1:
					return errBad
				case 2:
					panic("at the end")
				}
				return nil
			}).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).Each(0, 1, 2, 3)
		run := sources.Slice(upTo(5)).Via(stage).Start(ctx)
		outs, _ := drain(run)
		require.Equal(t, upTo(5), outs)
		require.ErrorContains(t, run.Err(), `stage "open": worker 1 (1): close: bad`)
		require.ErrorContains(t, run.Err(), `stage "open": worker 2 (2): close: panic: at the end`)
	})
}

func TestTheHooksOfASerialRunAreCalledAsEver(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		worker := func(what string) func(vimap.WorkerEvent) {
			return func(e vimap.WorkerEvent) { d.note("%s %v, %v", what, e.Config, e.Err) }
		}
		item := func(what string) func(vimap.ItemEvent) {
			return func(e vimap.ItemEvent) {
				d.note("%s %d (%v) by %d, attempt %d, %v", what, e.Index, e.Input, e.Worker, e.Attempt, e.Err)
			}
		}
		var quiet diary
		stage := quiet.desks(func(_ *desk, _ context.Context, n int) (int, error) {
			if n == 11 {
				return 0, vimap.Lost(errBad)
			}
			return n, nil
		}, "a", "b").Retry(retry.Fixed(0).Attempts(2)).Hooks(vimap.Hooks{
			WorkerOpened: worker("opened"), WorkerClosed: worker("closed"), WorkerRestarted: worker("restarted"), WorkerStuck: worker("stuck"),
			AttemptFailed: item("attempt failed"), ItemRetried: item("retried"), ItemFailed: item("failed"), ItemDone: item("done"),
		})
		run := sources.Slice(upTo(2)).Map(func(n int) int { return n + 10 }).Via(stage).Start(ctx)
		_, _ = drain(run)
		require.NoError(t, run.Err())
		require.Equal(t, diary{
			"opened a, <nil>", "opened b, <nil>",
			"done 0 (10) by 0, attempt 1, <nil>",
			"attempt failed 1 (11) by 1, attempt 1, bad", "retried 1 (11) by 1, attempt 1, bad",
			"closed b, <nil>", "restarted b, bad", "opened b, <nil>",
			"attempt failed 1 (11) by 0, attempt 2, bad", "failed 1 (11) by 0, attempt 2, bad",
			"closed a, <nil>", "restarted a, bad", "opened a, <nil>",
			"closed a, <nil>", "closed b, <nil>",
		}, d)
	})
}

func TestTheFunctionOfALoopIsBegunBeforeTheSourceAndEndsWithTheRun(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		stage := vimap.Loop(func(feed *vimap.Feed[int, int], name string) error {
			d.note("set up %s", name)
			for _, n := range feed.All() {
				d.note("%s has %d", name, n)
				feed.Yield(2*n, nil)
				d.note("%s turns", name)
			}
			d.note("clean up %s", name)
			return errors.New(name)
		}).Each("a", "b")
		p := sources.Slice(upTo(3)).Map(func(n int) int { d.note("map %d", n); return n }).Via(stage)
		run := p.Start(ctx)
		for in, out := range run.Zip() {
			d.note("out %d of %d", out, in)
		}
		require.ErrorContains(t, run.Err(), `worker 0 (a): close: a`)
		require.ErrorContains(t, run.Err(), `worker 1 (b): close: b`)
		require.Equal(t, diary{
			"set up a", "set up b",
			"map 0", "a has 0", "a turns", "out 0 of 0",
			"map 1", "b has 1", "b turns", "out 2 of 1",
			"map 2", "a has 2", "a turns", "out 4 of 2",
			"clean up a", "clean up b",
		}, d)
	})
}

func TestEachTurnOfALoopYieldsOnceInASerialRunToo(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			d.note("begin")
			for _, n := range feed.All() {
				switch n {
				case 1: // none
					continue
				case 2:
					feed.Yield(n, nil)
				case 4:
					return errBad
				case 5:
					panic(errBad)
				case 6:
					feed.Yield(0, errBad)
					continue
				case 7:
					feed.Yield(n, nil)
					return nil
				}
				feed.Yield(n, nil)
			}
			return nil
		})
		run := sources.Slice(upTo(9)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, []int{0, 3, 7, 8}, outs)
		require.Len(t, errs, 5)
		require.ErrorContains(t, errs[0], "item 1: a turn of the loop must yield exactly one output, got 0")
		require.ErrorContains(t, errs[1], "item 2: a turn of the loop must yield exactly one output, got 2")
		require.ErrorContains(t, errs[2], "item 4: a turn of the loop must yield exactly one output, got 0: bad")
		require.ErrorContains(t, errs[3], "item 5: panic: bad")
		require.ErrorContains(t, errs[4], "item 6: bad")
		require.NoError(t, run.Err())
		require.Equal(t, 4, d.times("begin"), "after it was left with item 4, with 5 and with 7")
	})
}

func TestALoopThatTakesNoInputIsGivenUpAsItsPolicySays(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		stage := vimap.Loop(func(feed *vimap.Feed[int, int], good bool) error {
			if !good {
				return errBad
			}
			for _, n := range feed.All() {
				feed.Yield(n, nil)
			}
			return nil
		}).Each(false, true).Restart(retry.Fixed(time.Second).Attempts(2))
		run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
		outs, _ := drain(run)
		require.Equal(t, upTo(3), outs)
		require.NoError(t, run.Err())
		require.Equal(t, time.Second, time.Since(began))
		require.Len(t, run.Stats().Lost, 1)
	})
}

func TestAPanicInAStepBeforeALoopLeavesTheLoopAlone(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		begun := 0
		stage := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
			begun++
			for _, n := range feed.All() {
				feed.Yield(n, nil)
			}
			return nil
		})
		run := sources.Slice(upTo(3)).Map(func(n int) int { return 10 / n }).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, []int{10, 5}, outs)
		require.Len(t, errs, 1)
		require.Equal(t, 1, begun)
	})
}
