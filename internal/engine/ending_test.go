package engine_test

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
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
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
		out.Many(testkit.UpTo(n))
		<-ctx.Done()
		return context.Cause(ctx)
	})
}

func TestCancellationEndsEveryBlockedPartAndGivesItsCause(t *testing.T) {
	forever := testkit.Sleepy(time.Hour)
	for name, build := range map[string]func(*testkit.Crew) vimap.Pipeline[int, int]{
		"with queued work": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(c.Stage(3, forever))
		},
		"with queued ordered work": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(c.Stage(3, forever)).Ordered()
		},
		"with little in flight": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(c.Stage(3, forever)).InFlight(1)
		},
		"with two stages full": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(c.Stage(2, testkit.Square)).Via(c.Stage(1, forever))
		},
		"during open": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(testkit.Dialled(c, func(ctx context.Context, _ string) error { _, err := forever(ctx, 0); return err }, testkit.Square, "a", "b"))
		},
		"before it opens again": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(testkit.Dialled(c, refuse, testkit.Square, "a", "b").Restart(retry.Fixed(time.Hour).Attempts(9)))
		},
		"during back-off": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(c.Stage(2, func(context.Context, int) (int, error) { return 0, testkit.ErrOdd }).Retry(retry.Fixed(time.Hour)))
		},
		"with the source blocked": func(*testkit.Crew) vimap.Pipeline[int, int] { return silent(0) },
		"with the source blocked before a stage": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return silent(0).Via(c.Stage(2, testkit.Square)).Ordered()
		},
		"with the emitter blocked": func(c *testkit.Crew) vimap.Pipeline[int, int] { return silentEmit(0).Via(c.Stage(2, testkit.Square)) },
		"in a loop": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(c.Loop(2, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
				feed.Yield(forever(ctx, n))
				return false
			}))
		},
		"in a batch": func(*testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Count(testkit.Endless, nil).Via(vimap.Bulk(5, time.Second, func(ctx context.Context, ns []int) ([]int, error) {
				_, err := forever(ctx, 0)
				return ns, err
			}).Workers(2))
		},
		"with nothing but filtered items": func(*testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Trickle(testkit.Endless, time.Millisecond, 0).Filter(func(int) bool { return false })
		},
		"in an endless FlatMap": func(c *testkit.Crew) vimap.Pipeline[int, int] {
			return testkit.Given(1).FlatMap(func(int) iter.Seq[int] {
				return func(yield func(int) bool) {
					for yield(1) {
					}
				}
			}).Via(c.Stage(1, forever))
		},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				ctx, cancel := context.WithCancelCause(testkit.Patient(t))
				defer cancel(nil)
				time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
				began := time.Now()
				run := build(&crew).Start(ctx)
				for result := range run.Results() {
					t.Errorf("item %d: %v", result.Index, result.Err)
				}
				require.Equal(t, time.Second, time.Since(began).Truncate(10*time.Millisecond))
				require.ErrorIs(t, run.Err(), testkit.ErrStop)
				var item *vimap.ItemError
				require.NotErrorAs(t, run.Err(), &item, "the cause is no item's: %v", run.Err())
				testkit.RequireAddsUp(t, run.Stats())
				require.Zero(t, run.Stats().Failed)
				crew.RequireClosed(t)
			})
		})
	}
}

func TestCancellationEndsARunWhoseSinkIsBlocked(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		began := time.Now()
		_, err := testkit.Count(testkit.Endless, nil).Via(crew.Stage(2, testkit.Square)).To(ctx, func(run *vimap.Run[int, int]) (int, error) {
			for range run.Zip() {
				<-run.Context().Done()
				require.ErrorIs(t, context.Cause(run.Context()), testkit.ErrStop)
			}
			return 0, run.Err()
		})
		require.ErrorIs(t, err, testkit.ErrStop)
		require.Equal(t, time.Second, time.Since(began))
		crew.RequireClosed(t)
	})
}

func TestARunOfACancelledContextEndsAtOnce(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		cancel(testkit.ErrStop)
		for _, p := range []vimap.Pipeline[int, int]{testkit.Count(testkit.Endless, nil), silent(0), testkit.Count(testkit.Endless, nil).Via(crew.Stage(3, testkit.Sleepy(time.Hour))).Ordered()} {
			outs, err := p.To(ctx, testkit.Collect)
			require.ErrorIs(t, err, testkit.ErrStop)
			require.Empty(t, outs)
		}
		crew.RequireClosed(t)
	})
}

func TestADeadlineEndsTheRunWithItsError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := testkit.Count(testkit.Endless, nil).Via(vimap.Func(testkit.Sleepy(300*time.Millisecond)).Workers(2)).To(ctx, testkit.Collect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestCancellationWaitsForWorkThatDoesNotListen(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		began := time.Now()
		_, err := testkit.Count(testkit.Endless, nil).Via(crew.Stage(3, func(_ context.Context, n int) (int, error) {
			time.Sleep(10 * time.Second)
			return n, nil
		})).To(ctx, testkit.Collect)
		require.ErrorIs(t, err, testkit.ErrStop)
		require.Equal(t, 10*time.Second, time.Since(began))
		require.Equal(t, int64(3), crew.Calls.Load(), "nothing is begun after the cancellation")
		crew.RequireClosed(t)
	})
}

func TestLeavingTheLoopEarlyEndsEverythingBeforeItReturns(t *testing.T) {
	for _, workers := range []int{1, 4} {
		for _, after := range []int{1, 10, 1_000} {
			for _, ordered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d workers, after %d, ordered %v", workers, after, ordered), func(t *testing.T) {
					rerun.Share(t, 6)
					testkit.Bubble(t, func(t *testing.T) {
						var crew testkit.Crew
						var reads, mapped atomic.Int64
						p := testkit.Count(testkit.Endless, &reads).Via(crew.Stage(workers, testkit.Jitter)).Map(func(n int) int { mapped.Add(1); return n }).Via(crew.Stage(workers, testkit.Square))
						if ordered {
							p = p.Ordered()
						}
						run := p.Start(testkit.Patient(t))
						seen := 0
						for range run.Zip() {
							if seen++; seen == after {
								break
							}
						}
						calls := [...]int64{crew.Calls.Load(), reads.Load(), mapped.Load()}
						crew.RequireClosed(t)
						require.NoError(t, run.Err())
						testkit.RequireAddsUp(t, run.Stats())
						require.Equal(t, int64(after), run.Stats().Delivered)
						require.GreaterOrEqual(t, reads.Load(), int64(after))
						time.Sleep(time.Hour)
						after := [...]int64{crew.Calls.Load(), reads.Load(), mapped.Load()}
						require.Equal(t, calls, after, "user code ran on")
					})
				})
			}
		}
	}
}

func TestLeavingEarlyInterruptsTheWork(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		run := testkit.Count(testkit.Endless, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return n, nil
			}
			return testkit.Sleepy(time.Hour)(ctx, n)
		}).Workers(3)).Start(testkit.Patient(t))
		for range run.Results() {
			break
		}
		require.NoError(t, run.Err())
		require.Zero(t, time.Since(began))
		require.Error(t, run.Context().Err())
	})
}

func TestALoopMayBeLeftWhileTheSourceIsBlocked(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, p := range []vimap.Pipeline[int, int]{silent(3), silentEmit(3), silent(3).Via(vimap.Func(testkit.Square).Workers(2)).Ordered()} {
			began := time.Now()
			run := p.Start(testkit.Patient(t))
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
		"endless": testkit.Count(testkit.Endless, nil), "blocked": silent(30), "blocked emitter": silentEmit(30), "ordered": testkit.Count(testkit.Endless, nil).Ordered(),
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				run := p.Via(crew.Stage(4, testkit.Sleepy(100*time.Millisecond))).Via(crew.Stage(2, testkit.Square)).Start(testkit.Patient(t))
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
				crew.RequireClosed(t)
			})
		})
	}
}

func TestStopFinishesTheItemThatTheSourceHasInHand(t *testing.T) {
	for first := range 3 {
		testkit.Bubble(t, func(t *testing.T) {
			go1, gone := make(chan struct{}), make(chan bool, 1)
			run := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
				for n := range first {
					out.One(n)
				}
				<-go1 // the next has been received, from somewhere
				gone <- out.One(first)
				require.False(t, out.One(-1), "it was to return")
				return nil
			}).Via(vimap.Func(testkit.Square)).Start(testkit.Patient(t))
			go func() {
				synctest.Wait()
				run.Stop()
				close(go1)
			}()
			outs, err := testkit.Collect(run)
			require.NoError(t, err)
			require.Len(t, outs, first+1)
			require.False(t, <-gone)
		})
	}
}

func TestStopMayBeCalledFromAnywhere(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var run *vimap.Run[int, int]
		run = testkit.Count(testkit.Endless, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			if n == 100 {
				run.Stop()
			}
			return n, nil
		}).Workers(3)).Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.Contains(t, outs, 100)

		run = silent(3).Via(vimap.Func(testkit.Square)).Start(testkit.Patient(t))
		time.AfterFunc(time.Minute, run.Stop)
		outs, err = testkit.Collect(run)
		require.NoError(t, err)
		require.Len(t, outs, 3)

		run = testkit.Count(testkit.Endless, nil).Start(testkit.Patient(t))
		run.Stop() // before it is ranged over
		outs, err = testkit.Collect(run)
		require.NoError(t, err)
		require.Less(t, len(outs), 10_000)
	})
}

func TestAWorkerMayRunPipelinesOfItsOwn(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		var inner, outer testkit.Crew
		sum := func(ctx context.Context, n int) (int, error) {
			outs, err := testkit.Count(n, nil).Via(inner.Stage(2, testkit.Jitter)).Ordered().To(ctx, testkit.Collect)
			total := 0
			for _, out := range outs {
				total += out
			}
			return total, err
		}
		outs, err := testkit.Count(50, nil).Via(outer.Stage(4, sum)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		for n, out := range outs {
			require.Equal(t, n*(n-1)/2, out)
		}
		require.Equal(t, int64(4), outer.Opened.Load())
		inner.RequireClosed(t)
		outer.RequireClosed(t)

		// Cancelling the outer run ends the inner ones.
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		nested := outer.Stage(3, func(ctx context.Context, n int) (int, error) {
			outs, err := testkit.Count(5, nil).Via(inner.Stage(2, testkit.Sleepy(time.Hour))).To(ctx, testkit.Collect)
			return len(outs), err
		})
		_, err = testkit.Count(50, nil).Via(nested).To(ctx, testkit.Collect)
		require.ErrorIs(t, err, testkit.ErrStop)
		inner.RequireClosed(t)
		outer.RequireClosed(t)
	})
}

func TestTheContextOfARunLivesAsLongAsItsLoop(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		type key struct{}
		run := testkit.Count(3, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			return n * ctx.Value(key{}).(int), nil
		})).Start(context.WithValue(testkit.Patient(t), key{}, 7))
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
