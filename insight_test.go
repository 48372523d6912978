package vimap_test

import (
	"context"
	"iter"
	"runtime"
	"strings"
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

// afterRun runs p to its end and returns what is said of it.
func afterRun(t *testing.T, p vimap.Pipeline[int, int]) vimap.Stats {
	t.Helper()
	_, run := testkit.Outcomes(testkit.Patient(t), p)
	require.NoError(t, run.Err())
	stats := run.Stats()
	testkit.RequireAddsUp(t, stats)
	return stats
}

func TestTheVerdictNamesWhatHoldsTheRunBack(t *testing.T) {
	slowSource := vimap.From(func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range 100 {
				time.Sleep(30 * time.Millisecond)
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	for name, c := range map[string]struct {
		pipeline vimap.Pipeline[int, int]
		kind     vimap.BottleneckKind
		part     string
		doubled  float64
		next     string
		says     string
	}{
		"a stage, the next at half its share": {
			testkit.Count(400, nil).Via(testkit.Lasting("a", 2, 20*time.Millisecond)).Via(testkit.Lasting("b", 4, 20*time.Millisecond)),
			vimap.LimitedByStage, "a", 2, "b", `Stage "a" holds the run back: its 2 workers were at work for`,
		},
		"a stage, the next not far behind": {
			testkit.Count(600, nil).Via(testkit.Lasting("a", 4, 30*time.Millisecond)).Via(testkit.Lasting("b", 3, 30*time.Millisecond)),
			vimap.LimitedByStage, "b", 4. / 3, "a", `then stage "a" holds it back`,
		},
		"the source": {
			slowSource.Via(testkit.Lasting("a", 2, 10*time.Millisecond)),
			vimap.LimitedBySource, "source", 0, "", "The source holds the run back",
		},
		"a FlatMap's function": {
			testkit.Count(100, nil).FlatMap(func(n int) iter.Seq[int] {
				time.Sleep(10 * time.Millisecond)
				return func(yield func(int) bool) { yield(n) }
			}).Via(testkit.Lasting("a", 2, time.Millisecond)),
			vimap.LimitedByStage, "flatmap", 0, "", "it can have no more",
		},
		"a key's function": {
			testkit.Count(100, nil).Via(testkit.Lasting("a", 2, time.Millisecond).KeyBy(func(n int) int {
				time.Sleep(10 * time.Millisecond)
				return n
			})),
			vimap.LimitedByStage, "a", 0, "", `The key function of stage "a"`,
		},
		"the look-ahead": {
			testkit.Count(100, nil).Via(testkit.Lasting("a", 10, 10*time.Millisecond)).InFlight(2),
			vimap.LimitedByLookAhead, "", 0, "", "The look-ahead of 2 items holds the run back",
		},
		"nothing": {
			testkit.Count(0, nil).Via(testkit.Lasting("a", 10, 10*time.Millisecond)),
			vimap.LimitedByNothing, "", 0, "", "Too little has happened",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 6)
			testkit.Bubble(t, func(t *testing.T) {
				b := afterRun(t, c.pipeline).Bottleneck()
				require.Equal(t, c.kind, b.Kind, b.Text)
				require.Equal(t, c.part, b.Part, b.Text)
				require.InDelta(t, c.doubled, b.Doubled, 0.07, b.Text)
				require.Equal(t, c.next, b.Next, b.Text)
				require.Contains(t, b.Text, c.says)
			})
		})
	}
}

func TestTheVerdictNamesASlowLoop(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		run := testkit.Count(100, nil).Via(testkit.Lasting("a", 4, time.Millisecond)).Start(testkit.Patient(t))
		for range run.Zip() {
			time.Sleep(10 * time.Millisecond)
		}
		b := run.Stats().Bottleneck()
		require.Equal(t, vimap.LimitedBySink, b.Kind, b.Text)
		require.InDelta(t, 1, b.Busy, 0.02)
	})
}

func TestTheTimesOfWorkersAreThoseOfTheirWork(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		open := func(context.Context) (struct{}, error) { time.Sleep(time.Second); return struct{}{}, nil }
		stage := vimap.Open(open).Close(func(struct{}) error { time.Sleep(2 * time.Second); return nil }).
			Do(func(_ struct{}, ctx context.Context, n int) (int, error) {
				return testkit.Sleepy(10*time.Millisecond)(ctx, n)
			})
		stats := afterRun(t, testkit.Count(100, nil).Via(stage))
		g := stats.Stages[0]
		require.Equal(t, time.Second, stats.Opening)
		require.Equal(t, 2*time.Second, stats.Closing)
		require.Equal(t, 4*time.Second, stats.Elapsed)
		require.Equal(t, 3*time.Second, g.Opening)
		require.Equal(t, time.Second, g.Working)
		require.Equal(t, vimap.WorkerEnded, g.Workers[0].State)
		require.Equal(t, int64(100), g.Latency.Count)
		require.InEpsilon(t, float64(10*time.Millisecond), float64(g.Latency.P50), 0.07)
		require.Equal(t, 10*time.Millisecond, g.Latency.Max)
		require.Equal(t, 10*time.Millisecond, g.Latency.Mean)
		require.False(t, stats.Running)
	})
}

func TestWhatAWorkerHasInHandIsSeenWhileItWorks(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		stage := vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 7 {
				<-release
			}
			return n, nil
		}).Retry(retry.Fixed(0)).Workers(2)
		for _, shown := range []bool{false, true} {
			p := testkit.Count(20, nil).Map(func(n int) int { return n }).Via(stage)
			if shown {
				p = p.ShowInputs()
			}
			run := p.Start(testkit.Patient(t))
			ended := make(chan error)
			go func() { _, err := testkit.Collect(run); ended <- err }()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			stats := run.Stats()
			require.True(t, stats.Running)
			working := 0
			for _, w := range stats.Stages[0].Workers {
				if w.State != vimap.WorkerWorking {
					require.Equal(t, vimap.Hand{Index: -1}, w.Hand)
					continue
				}
				working++
				require.GreaterOrEqual(t, w.Hand.Age, 4*time.Second)
				require.GreaterOrEqual(t, w.Working, 4*time.Second)
				if w.Hand.Items == 1 {
					require.Equal(t, int64(7), w.Hand.Index)
					if shown {
						require.Equal(t, any(7), w.Hand.Input)
					} else {
						require.Nil(t, w.Hand.Input)
					}
				}
			}
			require.Equal(t, 1, working)
			release <- struct{}{}
			require.NoError(t, <-ended)
			slowest := run.Stats().Stages[0].Slowest[0]
			require.Equal(t, int64(7), slowest.Index)
			require.GreaterOrEqual(t, slowest.Took, 4*time.Second)
			require.Equal(t, shown, slowest.Input == any(7))
		}
	})
}

func TestAnInputThatHoldsUpItsChunkIsMeasuredByItself(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		// What costs nothing is soon taken many at a time.
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			if n == 15_000 {
				time.Sleep(time.Second)
			}
			return n, nil
		}).Workers(1)
		slowest := afterRun(t, testkit.Count(20_000, nil).Via(stage)).Stages[0].Slowest[0]
		require.Equal(t, int64(15_000), slowest.Index)
		require.Equal(t, 1, slowest.Items)
		require.InDelta(t, float64(time.Second), float64(slowest.Took), float64(10*time.Millisecond))
	})
}

func TestARunThatWasStoppedIsToldFromAWholeOne(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for name, stopAt := range map[string]int{"before the end": 10, "after it": 100} {
			run := testkit.Count(100, nil).Via(testkit.Lasting("a", 1, time.Millisecond)).Start(testkit.Patient(t))
			seen := 0
			for range run.Zip() {
				if seen++; seen == stopAt {
					run.Stop()
				}
			}
			require.NoError(t, run.Err())
			require.Equal(t, stopAt == 10, run.Stats().Stopped, name)
			require.Equal(t, stopAt == 10, strings.Contains(run.Stats().String(), "stopped"), name)
		}
	})
}

func TestWhatWaitsForAnotherAttemptIsCounted(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		tried := map[int]bool{}
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			if n%2 == 0 && !tried[n] {
				tried[n] = true
				return 0, testkit.ErrOdd
			}
			return n, nil
		}).Retry(retry.Fixed(time.Minute))
		run := testkit.Count(10, nil).Via(stage).InFlight(20).Start(testkit.Patient(t))
		ended := make(chan error)
		go func() { _, err := testkit.Collect(run); ended <- err }()
		time.Sleep(time.Second)
		synctest.Wait()
		g := run.Stats().Stages[0]
		require.Equal(t, 5, g.BackingOff)
		require.Equal(t, vimap.Tally{Started: 10, Done: 5, Retried: 5}, g.Tally)
		require.NoError(t, <-ended)
		g = run.Stats().Stages[0]
		require.Equal(t, vimap.Tally{Started: 10, Done: 10, Retried: 5}, g.Tally)
		require.Zero(t, g.BackingOff)
	})
}

func TestInlineStepsCountWhereTheyRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		p := testkit.Count(100, nil).
			Filter(func(n int) bool { return n%10 != 0 }).
			Via(testkit.Lasting("a", 2, time.Millisecond)).
			Try(func(n int) (int, error) {
				if n%10 == 1 {
					return 0, testkit.ErrOdd
				}
				return n, nil
			})
		stages := afterRun(t, p).Stages
		require.Len(t, stages, 1)
		require.Equal(t, vimap.Tally{Started: 100, Done: 80, Failed: 10, Filtered: 10}, stages[0].Tally)

		stages = afterRun(t, p.Via(testkit.Lasting("b", 1, 0)).FlatMap(testkit.Triple).Map(func(n int) int { return n })).Stages
		require.Len(t, stages, 4)
		require.Equal(t, vimap.Tally{Started: 100, Done: 90, Filtered: 10}, stages[0].Tally)
		require.Equal(t, vimap.Tally{Started: 90, Done: 80, Failed: 10}, stages[1].Tally)
		require.Equal(t, []any{vimap.RoleFlatMap, vimap.RoleSteps, "map"}, []any{stages[2].Role, stages[3].Role, stages[3].Name})
	})
}

func TestAbandonedWorkersLeaveTheirAccountsToTheirHeirs(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			if n == 50 {
				<-release
			}
			return n, nil
		}).Timeout(time.Second)
		all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(100, nil).Via(stage))
		close(release)
		require.Len(t, all, 100)
		stats := run.Stats()
		testkit.RequireAddsUp(t, stats)
		require.Equal(t, vimap.Tally{Started: 100, Done: 99, Failed: 1}, stats.Stages[0].Tally)
		require.Len(t, stats.Stages[0].Workers, 1)
	})
}

func TestStatsHoldNoInputUnlessTold(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	type big struct{ b [1 << 10]byte }
	for _, shown := range []bool{false, true} {
		var freed atomic.Int64
		p := vimap.Emit(func(_ context.Context, out *vimap.Emitter[*big]) error {
			for range 100 {
				item := new(big)
				runtime.AddCleanup(item, func(struct{}) { freed.Add(1) }, struct{}{})
				if !out.One(item) {
					return nil
				}
			}
			return nil
		}).Via(vimap.Func(func(_ context.Context, b *big) (int, error) { return len(b.b), nil }))
		if shown {
			p = p.ShowInputs()
		}
		run := p.Start(t.Context())
		_, err := testkit.Collect(run)
		require.NoError(t, err)
		want := int64(100)
		if shown {
			want = 95
		}
		for range 100 {
			if runtime.GC(); freed.Load() >= want {
				break
			}
			runtime.Gosched()
		}
		require.Equal(t, want, freed.Load())
		require.NotEmpty(t, run.Stats().Stages)
	}
}

func TestTheTableReadsAtAGlance(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		p := testkit.Count(100, nil).Via(testkit.Lasting("fetch", 2, 20*time.Millisecond)).Via(testkit.Lasting("a very\nodd \"name\"", 4, 20*time.Millisecond)).ShowInputs()
		text := afterRun(t, p).String()
		require.Contains(t, text, "100 read, 100 delivered in 1.02s")
		require.Contains(t, text, "\nfetch ")
		require.Contains(t, text, "\na very odd \"name\" ")
		require.Contains(t, text, "slowest: 20ms item")
		require.NotContains(t, text, "filtered", "a column without figures is left out")
		require.True(t, strings.HasSuffix(text, ".\n"))
	})
	require.Equal(t, "not begun\n", vimap.Stats{}.String())
}

func TestThePlanShowsEveryPart(t *testing.T) {
	testkit.Quiet(t)
	send := testkit.Lasting("send", 3, 0).Retry(retry.Fixed(time.Second)).KeyBy(func(n int) int { return n })
	store := vimap.Bulk(10, time.Second, func(_ context.Context, ins []int) ([]int, error) { return ins, nil }).Named("store")
	pool := vimap.NewPool(t.Context(), testkit.Lasting("pooled", 2, 0))
	defer func() { require.NoError(t, pool.Close()) }()
	decoded := vimap.Decode(testkit.Count(1, nil), func(n int) (int, error) { return n, nil })
	p := decoded.
		Map(func(n int) int { return n }).Named("first").
		Rescue(func(n int, err error) (int, error) { return n, err }).
		Via(send.Then(store)).
		FlatMap(testkit.Triple).
		Via(pool.Stage()).
		Via(vimap.Zip(testkit.Lasting("beside", 1, 0))).
		Try(func(pair vimap.Pair[int, int]) (int, error) { return pair.Out, nil }).
		Ordered().InFlight(64).Tolerate(3)
	require.Equal(t, strings.TrimLeft(`
source
decode        in a goroutine of its own
map first     in a goroutine of its own
rescue        in stage send
stage send    3 workers, keys, retry
stage store   1 worker, batches of 10 within 1s
flatmap       in a goroutine of its own
pool pooled   workers of a pool
stage beside  1 worker, beside its input
try           in stage beside
ordered, in flight at most 64, tolerates 3
`, "\n"), p.String())
	_, run := testkit.Outcomes(t.Context(), p)
	require.NoError(t, run.Err())
	var rows []string
	for _, g := range run.Stats().Stages {
		rows = append(rows, string(g.Role)+" of "+g.Name)
	}
	require.Equal(t, []string{
		"steps of decode, first", "keys of send", "stage of send", "batches of store", "stage of store",
		"flatmap of flatmap", "pool of pooled", "stage of beside",
	}, rows)
}

func TestANameCanNotBreakOutOfADrawing(t *testing.T) {
	nasty := "\"]; end\n%% <script>alert(1)</script> & `x` \\ #35; \x00\xff\u2028"
	plan := testkit.Count(1, nil).Named(nasty).Plan()
	mermaid := plan.Mermaid()
	require.Equal(t, 4, strings.Count(mermaid, "\n"))
	require.NotContains(t, mermaid, "<script")
	require.Equal(t, 4, strings.Count(mermaid, `"`))
	dot := plan.DOT()
	require.Equal(t, 7, strings.Count(dot, "\n"))
	require.Contains(t, dot, `source \"]; end `)
	require.Contains(t, dot, `\\`)
	require.NotContains(t, dot, "\x00")
}

func TestAStageIsNotNamedByItsPipeline(t *testing.T) {
	require.PanicsWithValue(t, `vimap: Named: a stage is named by Stage.Named, got "x" for stage "a"`,
		func() { testkit.Count(1, nil).Via(testkit.Lasting("a", 1, 0)).Named("x") })
	require.PanicsWithValue(t, "vimap: Named: the source must not be nil", func() { vimap.Pipeline[int, int]{}.Named("x") })
}

func TestTheErrorOfAStepHasItsName(t *testing.T) {
	testkit.Quiet(t)
	_, err := testkit.Count(1, nil).Try(func(int) (int, error) { return 0, testkit.ErrOdd }).Named("parse").To(t.Context(), testkit.Collect)
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.Equal(t, "parse", item.Stage)
}

func TestAWorkerThatIsAbandonedAtTheEndKeepsItsAccounts(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(testkit.Patient(t))
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			if n == 50 {
				cancel()
				<-release
			}
			return n, nil
		}).Timeout(time.Second)
		_, run := testkit.Outcomes(ctx, testkit.Count(100, nil).Via(stage))
		close(release)
		testkit.RequireAddsUp(t, run.Stats())
		require.Len(t, run.Stats().Stages[0].Workers, 1)
		require.GreaterOrEqual(t, run.Stats().Stages[0].Started, int64(51))
	})
}
