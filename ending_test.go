package vimap_test

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// silent is a source of n items that then waits for the end of its context.
func silent(n int) vimap.Pipeline[int, int] {
	return vimap.From(func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			<-ctx.Done()
			yield(0, ctx.Err())
		}
	})
}

// silentEmit is silent in the push form.
func silentEmit(n int) vimap.Pipeline[int, int] {
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
		out.Many(upTo(n))
		<-ctx.Done()
		return context.Cause(ctx)
	})
}

func TestCancellationEndsEveryBlockedPartAndGivesItsCause(t *testing.T) {
	forever := sleepy(time.Hour)
	for name, build := range map[string]func(*crew) vimap.Pipeline[int, int]{
		"with queued work":         func(c *crew) vimap.Pipeline[int, int] { return count(endless, nil).Via(c.stage(3, forever)) },
		"with queued ordered work": func(c *crew) vimap.Pipeline[int, int] { return count(endless, nil).Via(c.stage(3, forever)).Ordered() },
		"with little in flight": func(c *crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(c.stage(3, forever)).InFlight(1)
		},
		"with two stages full": func(c *crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(c.stage(2, square)).Via(c.stage(1, forever))
		},
		"during open": func(c *crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(dialled(c, func(ctx context.Context, _ string) error { _, err := forever(ctx, 0); return err }, square, "a", "b"))
		},
		"before it opens again": func(c *crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(dialled(c, refuse, square, "a", "b").Restart(retry.Fixed(time.Hour).Attempts(9)))
		},
		"during back-off": func(c *crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(c.stage(2, func(context.Context, int) (int, error) { return 0, errOdd }).Retry(retry.Fixed(time.Hour)))
		},
		"with the source blocked":                func(*crew) vimap.Pipeline[int, int] { return silent(0) },
		"with the source blocked before a stage": func(c *crew) vimap.Pipeline[int, int] { return silent(0).Via(c.stage(2, square)).Ordered() },
		"with the emitter blocked":               func(c *crew) vimap.Pipeline[int, int] { return silentEmit(0).Via(c.stage(2, square)) },
		"in a loop": func(c *crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(c.loop(2, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
				feed.Yield(forever(ctx, n))
				return false
			}))
		},
		"in a batch": func(*crew) vimap.Pipeline[int, int] {
			return count(endless, nil).Via(vimap.Bulk(5, time.Second, func(ctx context.Context, ns []int) ([]int, error) {
				_, err := forever(ctx, 0)
				return ns, err
			}).Workers(2))
		},
		"with nothing but filtered items": func(*crew) vimap.Pipeline[int, int] {
			return trickle(endless, time.Millisecond, 0).Filter(func(int) bool { return false })
		},
		"in an endless FlatMap": func(c *crew) vimap.Pipeline[int, int] {
			return given(1).FlatMap(func(int) iter.Seq[int] {
				return func(yield func(int) bool) {
					for yield(1) {
					}
				}
			}).Via(c.stage(1, forever))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				ctx, cancel := context.WithCancelCause(patient(t))
				defer cancel(nil)
				time.AfterFunc(time.Second, func() { cancel(errStop) })
				began := time.Now()
				run := build(&crew).Start(ctx)
				for result := range run.Results() {
					t.Errorf("item %d: %v", result.Index, result.Err)
				}
				require.Equal(t, time.Second, time.Since(began).Truncate(10*time.Millisecond))
				require.ErrorIs(t, run.Err(), errStop)
				var item *vimap.ItemError
				require.NotErrorAs(t, run.Err(), &item, "the cause is no item's: %v", run.Err())
				requireAddsUp(t, run.Stats())
				require.Zero(t, run.Stats().Failed)
				crew.requireClosed(t)
			})
		})
	}
}

func TestCancellationEndsARunWhoseSinkIsBlocked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		ctx, cancel := context.WithCancelCause(patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(errStop) })
		began := time.Now()
		_, err := count(endless, nil).Via(crew.stage(2, square)).To(ctx, func(run *vimap.Run[int, int]) (int, error) {
			for range run.Zip() {
				<-run.Context().Done()
				require.ErrorIs(t, context.Cause(run.Context()), errStop)
			}
			return 0, run.Err()
		})
		require.ErrorIs(t, err, errStop)
		require.Equal(t, time.Second, time.Since(began))
		crew.requireClosed(t)
	})
}

func TestARunOfACancelledContextEndsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		ctx, cancel := context.WithCancelCause(patient(t))
		cancel(errStop)
		for _, p := range []vimap.Pipeline[int, int]{count(endless, nil), silent(0), count(endless, nil).Via(crew.stage(3, sleepy(time.Hour))).Ordered()} {
			outs, err := p.To(ctx, collect)
			require.ErrorIs(t, err, errStop)
			require.Empty(t, outs)
		}
		crew.requireClosed(t)
	})
}

func TestADeadlineEndsTheRunWithItsError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := count(endless, nil).Via(vimap.Func(sleepy(300*time.Millisecond)).Workers(2)).To(ctx, collect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestCancellationWaitsForWorkThatDoesNotListen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var crew crew
		ctx, cancel := context.WithCancelCause(patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(errStop) })
		began := time.Now()
		_, err := count(endless, nil).Via(crew.stage(3, func(_ context.Context, n int) (int, error) {
			time.Sleep(10 * time.Second)
			return n, nil
		})).To(ctx, collect)
		require.ErrorIs(t, err, errStop)
		require.Equal(t, 10*time.Second, time.Since(began))
		require.Equal(t, int64(3), crew.calls.Load(), "nothing is begun after the cancellation")
		crew.requireClosed(t)
	})
}

func TestLeavingTheLoopEarlyEndsEverythingBeforeItReturns(t *testing.T) {
	for _, workers := range []int{1, 4} {
		for _, after := range []int{1, 10, 1_000} {
			for _, ordered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d workers, after %d, ordered %v", workers, after, ordered), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						var crew crew
						var reads, mapped atomic.Int64
						p := count(endless, &reads).Via(crew.stage(workers, jitter)).Map(func(n int) int { mapped.Add(1); return n }).Via(crew.stage(workers, square))
						if ordered {
							p = p.Ordered()
						}
						run := p.Start(patient(t))
						seen := 0
						for range run.Zip() {
							if seen++; seen == after {
								break
							}
						}
						calls := [...]int64{crew.calls.Load(), reads.Load(), mapped.Load()}
						crew.requireClosed(t)
						require.NoError(t, run.Err())
						requireAddsUp(t, run.Stats())
						require.Equal(t, int64(after), run.Stats().Delivered)
						require.GreaterOrEqual(t, reads.Load(), int64(after))
						time.Sleep(time.Hour)
						after := [...]int64{crew.calls.Load(), reads.Load(), mapped.Load()}
						require.Equal(t, calls, after, "user code ran on")
					})
				})
			}
		}
	}
}

func TestLeavingEarlyInterruptsTheWork(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		run := count(endless, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return n, nil
			}
			return sleepy(time.Hour)(ctx, n)
		}).Workers(3)).Start(patient(t))
		for range run.Results() {
			break
		}
		require.NoError(t, run.Err())
		require.Zero(t, time.Since(began))
		require.Error(t, run.Context().Err())
	})
}

func TestALoopMayBeLeftWhileTheSourceIsBlocked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, p := range []vimap.Pipeline[int, int]{silent(3), silentEmit(3), silent(3).Via(vimap.Func(square).Workers(2)).Ordered()} {
			began := time.Now()
			run := p.Start(patient(t))
			for range run.Zip() {
				break
			}
			require.NoError(t, run.Err())
			require.Zero(t, time.Since(began))
		}
	})
}

func TestStopReadsNoMoreAndFinishesWhatIsInFlight(t *testing.T) {
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"endless": count(endless, nil), "blocked": silent(30), "blocked emitter": silentEmit(30), "ordered": count(endless, nil).Ordered(),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				run := p.Via(crew.stage(4, sleepy(100*time.Millisecond))).Via(crew.stage(2, square)).Start(patient(t))
				began := time.Now()
				seen := 0
				for in, out := range run.Zip() {
					require.Equal(t, in*in, out)
					if seen++; seen == 10 {
						run.Stop()
						run.Stop() // again changes nothing
					}
				}
				require.NoError(t, run.Err())
				stats := run.Stats()
				require.Equal(t, stats.Read, stats.Delivered, "what was read is finished: %+v", stats)
				require.Equal(t, int64(seen), stats.Delivered)
				require.Less(t, stats.Read, int64(1_000))
				require.Less(t, time.Since(began), 30*time.Second)
				crew.requireClosed(t)
			})
		})
	}
}

func TestStopMayBeCalledFromAnywhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var run *vimap.Run[int, int]
		run = count(endless, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if n == 100 {
				run.Stop()
			}
			return n, nil
		}).Workers(3)).Start(patient(t))
		outs, err := collect(run)
		require.NoError(t, err)
		require.Contains(t, outs, 100)

		run = silent(3).Via(vimap.Func(square)).Start(patient(t))
		time.AfterFunc(time.Minute, run.Stop)
		outs, err = collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 3)

		run = count(endless, nil).Start(patient(t))
		run.Stop() // before it is ranged over
		outs, err = collect(run)
		require.NoError(t, err)
		require.Less(t, len(outs), 10_000)
	})
}

func TestAWorkerMayRunPipelinesOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var inner, outer crew
		sum := func(ctx context.Context, n int) (int, error) {
			outs, err := count(n, nil).Via(inner.stage(2, jitter)).Ordered().To(ctx, collect)
			total := 0
			for _, out := range outs {
				total += out
			}
			return total, err
		}
		outs, err := count(50, nil).Via(outer.stage(4, sum)).Ordered().To(patient(t), collect)
		require.NoError(t, err)
		for n, out := range outs {
			require.Equal(t, n*(n-1)/2, out)
		}
		require.Equal(t, int64(4), outer.opened.Load())
		inner.requireClosed(t)
		outer.requireClosed(t)

		// Cancelling the outer run ends the inner ones.
		ctx, cancel := context.WithCancelCause(patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(errStop) })
		nested := outer.stage(3, func(ctx context.Context, n int) (int, error) {
			outs, err := count(5, nil).Via(inner.stage(2, sleepy(time.Hour))).To(ctx, collect)
			return len(outs), err
		})
		_, err = count(50, nil).Via(nested).To(ctx, collect)
		require.ErrorIs(t, err, errStop)
		inner.requireClosed(t)
		outer.requireClosed(t)
	})
}

func TestTheContextOfARunLivesAsLongAsItsLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type key struct{}
		run := count(3, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			return n * ctx.Value(key{}).(int), nil
		})).Start(context.WithValue(patient(t), key{}, 7))
		for in, out := range run.Zip() {
			require.Equal(t, 7*in, out)
			synctest.Wait()
			require.NoError(t, run.Context().Err())
			require.Equal(t, 7, run.Context().Value(key{}))
		}
		require.NoError(t, run.Err())
		require.Error(t, run.Context().Err())
	})
}
