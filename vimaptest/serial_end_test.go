package vimaptest_test

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
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
			require.Equal(t, vimap.Accounts{Read: 3, Delivered: 2, Failed: 1}, run.Stats().Accounts)
		},
		"with a break": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			for range run.Results() {
				break
			}
			require.NoError(t, run.Err())
			require.Equal(t, vimap.Accounts{Read: 1, Delivered: 1}, run.Stats().Accounts)
		},
		"with Stop": func(t *testing.T, ctx context.Context, d *diary) {
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			for range run.Results() {
				run.Stop()
			}
			require.NoError(t, run.Err())
			require.Equal(t, vimap.Accounts{Read: 1, Delivered: 1}, run.Stats().Accounts)
		},
		"with the context, in the loop": func(t *testing.T, ctx context.Context, d *diary) {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			run := chain(d, sources.Slice(upTo(5)), none).Start(ctx)
			for range run.Results() {
				cancel(errStop)
			}
			require.ErrorIs(t, run.Err(), errStop)
			require.Equal(t, vimap.Accounts{Read: 1, Delivered: 1}, run.Stats().Accounts)
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
			require.Equal(t, vimap.Accounts{Read: 1, Unfinished: 1}, run.Stats().Accounts)
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
			one := func(n int) bool {
				defer func() { _ = recover() }()
				return out.One(n)
			}
			for n := range 5 {
				if !one(n) {
					d.note("no to %d", n)
				}
			}
			return nil
		})
		run := chain(&d, source, nil).Start(ctx)
		require.Panics(t, func() {
			for range run.Results() {
				panic(errBad)
			}
		}, "Go says that the panic of a loop was stopped")
		require.Equal(t, diary{
			"open a", "open b", "open loop", "a does 0",
			"no to 0", "no to 1", "no to 2", "no to 3", "no to 4", "close a", "close b", "close loop",
		}, d, "nothing is worked on after it")
	})
}

func TestAPanicInClosingDoesNotHideThatOfTheLoop(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
			Close(func(int) error { panic("at the end") }).
			Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil }).Workers(2)
		run := sources.Slice(upTo(3)).Via(stage).Start(ctx)
		require.PanicsWithError(t, "bad", func() {
			for range run.Results() {
				panic(errBad)
			}
		})
		require.ErrorContains(t, run.Err(), "worker 0: close: panic: at the end")
		require.ErrorContains(t, run.Err(), "worker 1: close: panic: at the end")
	})
}

func TestALoopThatIsLeftHearsOfNoErrorOfItsSource(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		more := true
		run := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			more = out.Many(upTo(5))
			return errBad
		}).Start(ctx)
		for range run.Results() {
			break
		}
		require.False(t, more)
		require.NoError(t, run.Err())
	})
}

func TestARunThatIsStoppedBeforeItBeginsReadsNothing(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		run := chain(&d, vimap.Emit(func(context.Context, *vimap.Emitter[int]) error {
			d.note("source")
			return nil
		}), nil).Start(ctx)
		run.Stop()
		_, _ = drain(run)
		require.NoError(t, run.Err())
		require.Equal(t, lived, d, "every worker is opened once, as ever")
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
		require.Equal(t, vimap.Accounts{Read: 1, Unfinished: 1}, run.Stats().Accounts)
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
