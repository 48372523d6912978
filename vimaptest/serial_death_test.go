package vimaptest_test

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// deaths are the functions of a chain, each to be made to die at item 2.
var deaths = []string{"source", "map", "try", "filter", "flatmap", "sequence", "key", "do", "condition", "loop", "bulk", "hook", "place"}

// dying is a chain whose function of that name calls die for item 2.
func dying(d *diary, name string, die func()) vimap.Pipeline[int, int] {
	at := func(here string, n int) int {
		if here == name && n == 2 {
			die()
		}
		return n
	}
	source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		out.Places(func(n int64) string { at("place", int(n)); return "" })
		for n := range 4 {
			out.One(at("source", n))
		}
		return nil
	})
	loop := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
		d.note("open loop")
		defer d.note("close loop")
		for _, n := range feed.All() {
			feed.Yield(at("loop", n), nil)
		}
		return nil
	})
	return source.
		Map(func(n int) int { return at("map", n) }).
		Try(func(n int) (int, error) { return at("try", n), nil }).
		Filter(func(n int) bool { at("filter", n); return true }).
		FlatMap(func(n int) iter.Seq[int] {
			at("flatmap", n)
			return func(yield func(int) bool) { yield(at("sequence", n)) }
		}).
		Via(d.desks(func(_ *desk, _ context.Context, n int) (int, error) {
			at("do", n)
			if n == 2 && (name == "condition" || name == "place") {
				return 0, errBad
			}
			return n, nil
		}, "a").
			KeyBy(func(n int) int { return at("key", n) }).
			Hooks(vimap.Hooks{ItemDone: func(e vimap.ItemEvent) { at("hook", int(e.Index)) }}).
			Retry(retry.Fixed(0).Attempts(2).If(func(error) bool { at("condition", 2); return false }))).
		Via(loop).
		Via(vimap.Bulk(1, 0, func(_ context.Context, ns []int) ([]int, error) { at("bulk", ns[0]); return ns, nil }))
}

func TestAPanicInAnyFunctionIsTheErrorOfItsItem(t *testing.T) {
	for _, name := range deaths {
		t.Run(name, func(t *testing.T) {
			frozen(t, func(t *testing.T, ctx context.Context) {
				var d diary
				run := dying(&d, name, func() { panic(errBad) }).Start(ctx)
				outs, errs := drain(run)
				var panicked *vimap.PanicError
				switch name {
				case "source":
					require.Equal(t, []int{0, 1}, outs)
					require.ErrorAs(t, run.Err(), &panicked)
				case "hook":
					require.Equal(t, upTo(4), outs)
					require.ErrorAs(t, run.Err(), &panicked)
				case "place":
					require.Equal(t, []int{0, 1, 3}, outs)
					require.Len(t, errs, 1)
					require.ErrorContains(t, errs[0], "item 2: bad")
					return
				default:
					if name == "sequence" {
						require.ErrorContains(t, errs[0], `stage "flatmap"`)
					}
					require.Equal(t, []int{0, 1, 3}, outs)
					require.Len(t, errs, 1)
					require.ErrorAs(t, errs[0], &panicked)
					require.ErrorContains(t, errs[0], "item 2: panic: bad")
					require.NoError(t, run.Err())
				}
				require.ErrorIs(t, panicked, errBad)
				require.Contains(t, string(panicked.Stack), "dying", "the stack of the panic itself")
				again := slices.ContainsFunc(d[1:], func(s string) bool { return s == "open a" })
				require.Equal(t, name == "do", again, "a worker is opened anew after a panic in Do")
				require.Equal(t, d.times("open a"), d.times("close a"))
				require.Equal(t, d.times("open loop"), d.times("close loop"))
			})
		})
	}
}

func TestAGoexitInAnyFunctionEndsTheGoroutineOfTheLoopWhenAllIsClosed(t *testing.T) {
	for _, name := range deaths {
		t.Run(name, func(t *testing.T) {
			frozen(t, func(t *testing.T, ctx context.Context) {
				var d diary
				run := dying(&d, name, runtime.Goexit).Start(ctx)
				apart(func() {
					_, _ = drain(run)
					d.note("the loop went on")
				})
				want := diary{"open a", "open loop", "close a", "close loop"}
				if name == "loop" { // it is what ends first
					want = diary{"open a", "open loop", "close loop", "close a"}
				}
				require.Equal(t, want, d)
				if name != "place" { // which is called by the loop
					require.ErrorIs(t, run.Err(), vimap.ErrGoexit)
				}
				require.GreaterOrEqual(t, run.Stats().Unfinished, int64(0))
			})
		})
	}
}

func TestAGoexitInOpeningOrClosingLeavesNoWorkerOpen(t *testing.T) {
	for _, phase := range []string{"open", "close"} {
		t.Run(phase, func(t *testing.T) {
			frozen(t, func(t *testing.T, ctx context.Context) {
				var d diary
				die := func(in, name string) {
					d.note("%s %s", in, name)
					if in == phase && name == "b" {
						runtime.Goexit()
					}
				}
				stage := vimap.OpenWith(func(_ context.Context, name string) (string, error) { die("open", name); return name, nil }).
					Close(func(name string) error { die("close", name); return nil }).
					Do(func(_ string, _ context.Context, n int) (int, error) { return n, nil }).Each("a", "b", "c")
				run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
				apart(func() {
					_, _ = drain(run)
					d.note("the loop went on")
				})
				want := diary{"open a", "open b", "close a"}
				if phase == "close" {
					want = diary{"open a", "open b", "open c", "close a", "close b", "close c"}
				}
				require.Equal(t, want, d)
			})
		})
	}
}

func TestATestMayBeEndedByRequireInAnyFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		after := false
		apart(func() { // as the goroutine of a test
			_, _ = chain(&d, sources.Slice(upTo(5)), func(*desk, context.Context, int) (int, error) {
				(&testing.T{}).SkipNow()
				return 0, nil
			}).To(vimaptest.Serial(t.Context()), func(run *vimap.Run[int, int]) (int, error) {
				_, errs := drain(run)
				return len(errs), nil
			})
			after = true
		})
		require.False(t, after, "To has no goroutine of its own either")
		require.Equal(t, lived, d)
	})
}
