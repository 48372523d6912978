package vimaptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

var (
	errBad  = errors.New("bad")
	errStop = errors.New("stop")
)

// diary notes what happens, in its order. It has no lock: the race detector
// sees what comes from another goroutine.
type diary []string

func (d *diary) note(format string, args ...any) { *d = append(*d, fmt.Sprintf(format, args...)) }

// times says how often a line stands in the diary.
func (d *diary) times(line string) (n int) {
	for _, l := range *d {
		if l == line {
			n++
		}
	}
	return n
}

// goroutine names the calling goroutine.
func goroutine() string {
	buf := make([]byte, 64)
	buf = buf[:runtime.Stack(buf, false)]
	name, _, _ := bytes.Cut(buf, []byte(" ["))
	return string(name)
}

// desk is the state of a worker that notes its life in a diary.
type desk struct {
	name  string
	diary *diary
}

func (d *diary) open(_ context.Context, name string) (*desk, error) {
	d.note("open %s", name)
	return &desk{name, d}, nil
}

func (d *desk) close() error {
	d.diary.note("close %s", d.name)
	return nil
}

func (d *desk) double(_ context.Context, n int) (int, error) {
	d.diary.note("%s does %d", d.name, n)
	return 2 * n, nil
}

// desks are workers that do f, by default double.
func (d *diary) desks(f func(*desk, context.Context, int) (int, error), names ...string) vimap.Stage[int, int] {
	if f == nil {
		f = (*desk).double
	}
	return vimap.OpenWith(d.open).Close((*desk).close).Do(f).Each(names...)
}

// frozen runs f in a bubble, which fails if a goroutine is left.
func frozen(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // so that what hangs fails
		defer cancel()
		f(t, vimaptest.Serial(ctx))
	})
}

// drain ranges over all results.
func drain[In, Out any](run *vimap.Run[In, Out]) (outs []Out, errs []error) {
	for result := range run.Results() {
		if result.Err != nil {
			errs = append(errs, result.Err)
			continue
		}
		outs = append(outs, result.Out)
	}
	return outs, errs
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestEveryFunctionOfASerialRunIsCalledOnTheGoroutineOfTheLoop(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		mine, seen := goroutine(), map[string]bool{}
		here := func(what string) {
			seen[what] = true
			require.Equal(t, mine, goroutine(), what)
		}
		source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			here("source")
			out.Places(func(n int64) string { here("place"); return fmt.Sprint("page ", n) })
			out.Many(upTo(5))
			return nil
		})
		work := vimap.Open(func(context.Context) (int, error) { here("open"); return 0, nil }).
			Close(func(int) error { here("close"); return nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) {
				here("do")
				if n == 3 {
					return n, errBad
				}
				return n, nil
			}).Workers(3).
			Timeout(time.Second).
			Retry(retry.Fixed(time.Second).If(func(error) bool { here("condition"); return true })).
			KeyBy(func(n int) int { here("key"); return n }).
			Hooks(vimap.Hooks{ItemDone: func(vimap.ItemEvent) { here("hook") }})
		p := vimap.Decode(source, func(n int) (int, error) { here("decode"); return n, nil }).
			Map(func(n int) int { here("map"); return n }).
			Try(func(n int) (int, error) { here("try"); return n, nil }).
			Filter(func(int) bool { here("filter"); return true }).
			Via(work).
			FlatMap(func(n int) iter.Seq[int] {
				return func(yield func(int) bool) { here("flatmap"); yield(n) }
			}).
			Via(vimap.Func(func(_ context.Context, n int) (int, error) { here("func"); return n, nil }).Workers(2)).
			Via(vimap.Bulk(2, 0, func(_ context.Context, ns []int) ([]int, error) { here("bulk"); return ns, nil }))
		outs, err := p.To(ctx, func(run *vimap.Run[int, int]) ([]int, error) {
			here("sink")
			outs, errs := drain(run)
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], "item 3 (page 3) after 3 attempts: bad")
			return outs, nil
		})
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 2, 4}, outs)
		require.Len(t, seen, 16)
	})
}

func TestAnItemGoesThroughTheWholeChainBeforeTheNextIsRead(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		p := vimap.From(func(context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for n := range 2 {
					d.note("read %d", n)
					if !yield(n, nil) {
						return
					}
				}
				d.note("end")
			}
		}).
			Via(d.desks(nil, "a", "b")).
			FlatMap(func(n int) iter.Seq[int] { return slices.Values([]int{n + 10, n + 20}) }).
			Via(d.desks(nil, "c"))
		run := p.Start(ctx)
		for in, out := range run.Zip() {
			d.note("out %d of %d", out, in)
		}
		require.NoError(t, run.Err())
		require.Equal(t, diary{
			"open a", "open b", "open c",
			"read 0", "a does 0", "c does 10", "out 20 of 0", "c does 20", "out 40 of 0",
			"read 1", "b does 1", "c does 12", "out 24 of 1", "c does 22", "out 44 of 1",
			"end", "close a", "close b", "close c",
		}, d)
		require.Equal(t, vimap.Accounts{Read: 2, Extra: 2, Delivered: 4}, run.Stats().Accounts)
	})
}

// The parts of a chain, with names to be found in a stack.
func firstOfAll(yield func(int) bool) { yield(1) }

func manyOfOne(n int) iter.Seq[int]                            { return func(yield func(int) bool) { yield(n) } }
func workOnOne(context.Context, int) (stack string, err error) { return string(debug.Stack()), nil }

func TestAStackShowsTheChainDownToTheLoop(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		run := sources.Seq(firstOfAll).FlatMap(manyOfOne).Via(vimap.Func(workOnOne)).Start(ctx)
		for _, atWork := range run.Zip() {
			for _, part := range []string{"firstOfAll", "manyOfOne", "workOnOne", "TestAStackShows"} {
				require.Contains(t, atWork, part)
			}
			inLoop := string(debug.Stack())
			for _, part := range []string{"firstOfAll", "manyOfOne", "TestAStackShows"} {
				require.Contains(t, inLoop, part)
			}
		}
		require.NoError(t, run.Err())
	})
}

func TestAPipelineThatIsRunInsideASerialRunIsSerialToo(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		mine := goroutine()
		inner := func(ctx context.Context, n int) (int, error) {
			sum := 0
			run := sources.Slice(upTo(n)).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
				require.Equal(t, mine, goroutine())
				return n, nil
			}).Workers(4)).Start(ctx)
			for _, out := range run.Zip() {
				sum += out
			}
			return sum, run.Err()
		}
		both := sources.Concat(sources.Slice(upTo(3)), sources.Slice(upTo(4)).Map(func(n int) int { return n + 3 }))
		outs, errs := drain(both.Via(vimap.Func(inner).Workers(2)).Start(ctx))
		require.Empty(t, errs)
		require.Equal(t, []int{0, 0, 1, 3, 6, 10, 15}, outs)
	})
}

func TestAttemptsFollowEachOtherOnTheSpot(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		began := time.Now()
		fail := func(w *desk, _ context.Context, n int) (int, error) {
			w.diary.note("%v %s does %d", time.Since(began), w.name, n)
			if n == 1 {
				return 0, errBad
			}
			return n, nil
		}
		stage := d.desks(fail, "a", "b").Retry(retry.Fixed(time.Second)).Hooks(vimap.Hooks{
			ItemRetried: func(e vimap.ItemEvent) { d.note("retry %d after attempt %d in %v", e.Index, e.Attempt, e.Wait) },
			ItemFailed:  func(e vimap.ItemEvent) { d.note("failed %d", e.Index) },
		})
		run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, []int{0, 2}, outs)
		require.Len(t, errs, 1)
		var item *vimap.ItemError
		require.ErrorAs(t, errs[0], &item)
		require.Equal(t, &vimap.ItemError{
			Stage: "open", Index: 1, Input: 1, Attempts: 3, Earlier: []error{errBad, errBad}, Err: errBad,
		}, item)
		require.Equal(t, diary{
			"open a", "open b", "0s a does 0",
			"0s b does 1", "retry 1 after attempt 1 in 1s",
			"1s a does 1", "retry 1 after attempt 2 in 1s",
			"2s b does 1", "failed 1",
			"2s a does 2", "close a", "close b",
		}, d)
		require.Equal(t, vimap.Accounts{Read: 3, Delivered: 2, Failed: 1, Retries: 2}, run.Stats().Accounts)
	})
}

func TestATimeLimitIsTheDeadlineOfTheAttemptAndNothingIsAbandoned(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		stage := vimap.Func(func(ctx context.Context, n int) (int, error) {
			switch n {
			case 1: // it listens
				<-ctx.Done()
				return 0, ctx.Err()
			case 2: // it does not, and fails
				time.Sleep(time.Minute)
				return 0, errBad
			case 3: // it does not, and has an output
				time.Sleep(time.Minute)
			}
			return n, nil
		}).Timeout(time.Second).StuckLimit(0)
		run := sources.Slice(upTo(5)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, []int{0, 3, 4}, outs)
		require.Len(t, errs, 2)
		require.ErrorIs(t, errs[0], context.DeadlineExceeded)
		require.ErrorIs(t, errs[1], context.DeadlineExceeded)
		require.ErrorIs(t, errs[1], errBad)
		require.NoError(t, run.Err())
		require.Zero(t, run.Stats().Stuck)
	})
}

func TestAnOpeningAndAClosingBeyondTheirLimitsAreWaitedFor(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		stage := vimap.Open(func(context.Context) (int, error) { time.Sleep(time.Minute); return 0, nil }).
			Close(func(int) error { time.Sleep(time.Minute); return nil }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).
			OpenTimeout(time.Second).CloseTimeout(time.Second).StuckLimit(0)
		run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Equal(t, upTo(3), outs)
		require.Empty(t, errs)
		require.NoError(t, run.Err())
		require.Equal(t, 2*time.Minute, time.Since(began))
	})
}

func TestTheAccountsOfASerialRunMayBeReadWhileItGoesOn(t *testing.T) {
	rerun.Share(t, 4)
	run := sources.Slice(upTo(2_000)).
		FlatMap(func(n int) iter.Seq[int] { return slices.Values([]int{n, n}) }).
		Via(vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil })).
		Start(vimaptest.Serial(t.Context()))
	ended, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		for {
			select {
			case <-ended:
				return
			default:
				_ = run.Stats()
			}
		}
	}()
	seen := int64(0)
	for range run.Zip() {
		require.Equal(t, seen, run.Stats().Delivered)
		seen++
	}
	close(ended)
	<-looked
	require.NoError(t, run.Err())
	require.Equal(t, vimap.Accounts{Read: 2_000, Extra: 2_000, Delivered: 4_000}, run.Stats().Accounts)
}
