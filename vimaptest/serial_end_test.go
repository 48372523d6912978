package vimaptest_test

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

func ones(n int) iter.Seq[int] { return slices.Values([]int{n}) }

// chain has a stage of each kind behind a step of each kind.
func chain(d *diary, source vimap.Pipeline[int, int], do func(*desk, context.Context, int) (int, error)) vimap.Pipeline[int, int] {
	loop := vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
		d.note("open loop")
		defer d.note("close loop")
		for _, n := range feed.All() {
			feed.Yield(n, nil)
		}
		return nil
	})
	return source.FlatMap(ones).Via(d.desks(do, "a", "b")).FlatMap(ones).Via(loop).
		Via(vimap.Bulk(1, 0, func(_ context.Context, ns []int) ([]int, error) { return ns, nil }))
}

// lived is the diary of a chain without its inputs.
var lived = diary{"open a", "open b", "open loop", "close a", "close b", "close loop"}

func TestWorkersAreClosedOnceHoweverASerialRunEnds(t *testing.T) {
	none := func(*desk, context.Context, int) (int, error) { return 0, nil }
	for name, end := range map[string]func(t *testing.T, ctx context.Context, d *diary){
		"at the end of the source": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			outs, errs := drain(run)
			require.Len(t, outs, 5)
			require.Empty(t, errs)
			require.NoError(t, run.Err())
		},
		"with the first failure": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), func(_ *desk, _ context.Context, n int) (int, error) {
				if n == 2 {
					return 0, errBad
				}
				return n, nil
			}).Start(ctx)
			seen := 0
			for range run.Zip() {
				seen++
			}
			require.Equal(t, 2, seen)
			require.ErrorIs(t, run.Err(), errBad)
			require.Equal(t, vimap.Stats{Read: 3, Delivered: 2, Failed: 1}, run.Stats())
		},
		"with a break": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			for range run.Results() {
				break
			}
			require.NoError(t, run.Err())
			require.Equal(t, vimap.Stats{Read: 1, Delivered: 1}, run.Stats())
		},
		"with Stop": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			for range run.Results() {
				run.Stop()
			}
			require.NoError(t, run.Err())
			require.Equal(t, vimap.Stats{Read: 1, Delivered: 1}, run.Stats())
		},
		"with the context, in the loop": func(t *testing.T, ctx context.Context, d *diary) {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			for range run.Results() {
				cancel(errStop)
			}
			require.ErrorIs(t, run.Err(), errStop)
			require.Equal(t, vimap.Stats{Read: 1, Delivered: 1}, run.Stats())
		},
		"with the context, at work": func(t *testing.T, ctx context.Context, d *diary) {
			ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errStop)
			defer cancel()
			run := chain(d, sources.Slice(upTo(5)), func(_ *desk, ctx context.Context, n int) (int, error) {
				if n == 3 {
					<-ctx.Done()
					return 0, ctx.Err()
				}
				return n, nil
			}).Start(ctx)
			outs, errs := drain(run)
			require.Len(t, outs, 3)
			require.Empty(t, errs, "an interrupted attempt is no failed attempt")
			require.ErrorIs(t, run.Err(), errStop)
			require.Equal(t, int64(1), run.Stats().Unfinished)
		},
		"with an error of the source": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Seq2(func(yield func(int, error) bool) {
				_ = yield(1, nil) && yield(0, errBad)
			}), none).Start(ctx)
			outs, errs := drain(run)
			require.Len(t, outs, 1)
			require.Empty(t, errs)
			var source *vimap.SourceError
			require.ErrorAs(t, run.Err(), &source)
			require.ErrorIs(t, source, errBad)
		},
		"with a panic in the loop": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			require.PanicsWithError(t, "bad", func() {
				for range run.Results() {
					panic(errBad)
				}
			})
			require.NoError(t, run.Err())
			require.Equal(t, vimap.Stats{Read: 1, Unfinished: 1}, run.Stats())
		},
		"with the goroutine of the loop": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			apart(func() {
				for range run.Results() {
					runtime.Goexit()
				}
			})
			require.NoError(t, run.Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			frozen(t, func(t *testing.T, ctx context.Context) {
				var d diary
				end(t, ctx, &d)
				require.Equal(t, lived, d)
			})
		})
	}
}

// apart runs f on a goroutine of its own, for f to end it.
func apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func TestAPanicThatTheSourceStopsIsNotLost(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			defer func() { _ = recover() }()
			out.Many(upTo(5))
			return nil
		})
		bulk := vimap.Bulk(2, 0, func(_ context.Context, ns []int) ([]int, error) { d.note("batch"); return ns, nil })
		run := chain(&d, source, func(_ *desk, _ context.Context, n int) (int, error) { return n, nil }).Via(bulk).Start(ctx)
		require.Panics(t, func() {
			for range run.Results() {
				panic(errBad)
			}
		}, "Go says that the panic of a loop was stopped")
		require.Equal(t, slices.Insert(slices.Clone(lived), 3, "batch"), d, "nothing is worked on after it")
	})
}

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

func (d diary) times(line string) (n int) {
	for _, l := range d {
		if l == line {
			n++
		}
	}
	return n
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

func TestAPanicInTheSinkOfASerialRunIsReturned(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		_, err := chain(&d, sources.Slice(upTo(5)), nil).To(ctx, func(run *vimap.Run[int, int]) (int, error) {
			for range run.Zip() {
				panic(errBad)
			}
			return 0, nil
		})
		var panicked *vimap.PanicError
		require.ErrorAs(t, err, &panicked)
		require.ErrorIs(t, err, errBad)
		require.Equal(t, diary{"close a", "close b", "close loop"}, d[len(d)-3:])
	})
}

func TestCancellationEndsTheWaitOfARetry(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		ctx, cancel := context.WithTimeoutCause(ctx, time.Second, errStop)
		defer cancel()
		stage := vimap.Func(func(context.Context, int) (int, error) { return 0, errBad }).Retry(retry.Fixed(time.Minute))
		run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
		outs, errs := drain(run)
		require.Empty(t, outs)
		require.Empty(t, errs)
		require.ErrorIs(t, run.Err(), errStop)
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, vimap.Stats{Read: 1, Unfinished: 1}, run.Stats())
	})
}

func TestCancellationEndsASourceThatListens(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		ctx, cancel := context.WithTimeoutCause(ctx, time.Second, errStop)
		defer cancel()
		run := sources.Chan(make(chan int)).Start(ctx)
		outs, _ := drain(run)
		require.Empty(t, outs)
		require.ErrorIs(t, run.Err(), errStop)
	})
}

func TestStopEndsASourceThatListens(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		run := sources.Chan(make(chan int)).Start(ctx)
		time.AfterFunc(time.Second, run.Stop)
		outs, _ := drain(run)
		require.Empty(t, outs)
		require.NoError(t, run.Err())
	})
}
