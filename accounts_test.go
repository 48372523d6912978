package vimap_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// moody is work that now and then fails, panics or takes its time.
func moody(_ context.Context, n int) (int, error) {
	switch n % 97 {
	case 13:
		return 0, testkit.ErrOdd
	case 31:
		panic("thirty-one")
	case 57:
		runtime.Gosched()
	}
	return n, nil
}

// accounted are pipelines over n numbers in which every kind of part has accounts.
func accounted(t *testing.T, n int) map[string]vimap.Pipeline[int, int] {
	pool := vimap.NewPool(t.Context(), vimap.Func(moody).Workers(2))
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	work := vimap.Func(moody).Workers(3)
	numbers := testkit.Count(n, nil)
	merged := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
		return out.Merge(ctx, testkit.Count(n/2, nil), testkit.Count(n/2, nil))
	})
	return map[string]vimap.Pipeline[int, int]{
		"a stage": numbers.Via(work),
		"ordered": numbers.Via(work).Via(work).Ordered(),
		"steps": numbers.Filter(func(n int) bool { return n%3 != 0 }).Via(work).Try(func(n int) (int, error) {
			if n%5 == 1 {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}),
		"FlatMap": numbers.FlatMap(func(n int) iter.Seq[int] { return slices.Values(testkit.UpTo(n % 4)) }).Via(work).FlatMap(testkit.Triple),
		"Bulk": numbers.Via(vimap.Bulk(7, time.Millisecond, func(_ context.Context, ins []int) ([]int, error) {
			if len(ins) > 1 && ins[0]%13 == 0 {
				return nil, testkit.ErrOdd
			}
			return ins, nil
		}).Workers(2).Retry(retry.Fixed(0).Attempts(2))),
		"KeyBy":  numbers.Via(work.KeyBy(func(n int) int { return n % 5 })),
		"retry":  numbers.Via(work.Retry(retry.Fixed(10 * time.Microsecond).Attempts(3))),
		"Merge":  merged.Via(work),
		"Pool":   numbers.Via(pool.Stage()),
		"Rescue": numbers.Via(work).Rescue(func(n int, _ error) (int, error) { return n, nil }).Via(work),
		"loop": numbers.Via(vimap.Loop(func(feed *vimap.Feed[int, int], _ int) error {
			for ctx, in := range feed.All() {
				feed.Yield(moody(ctx, in))
			}
			return nil
		}).Each(1, 2)),
	}
}

// requireSane holds what is true of Stats at every moment, and since an earlier
// look at the same run.
func requireSane(t require.TestingT, s, before *vimap.Stats) {
	for name, pair := range map[string][2]int64{
		"read": {before.Read, s.Read}, "delivered": {before.Delivered, s.Delivered}, "failed": {before.Failed, s.Failed},
		"filtered": {before.Filtered, s.Filtered}, "retries": {before.Retries, s.Retries}, "restarts": {before.Restarts, s.Restarts},
		"rescued": {before.Rescued, s.Rescued}, "stuck": {before.Stuck, s.Stuck},
		"position": {before.Source.Position, s.Source.Position}, "taken": {before.Sink.Taken, s.Sink.Taken},
	} {
		require.GreaterOrEqual(t, pair[1], pair[0], "%s went back: %+v", name, s.Accounts)
	}
	if s.Running { // the end is known a moment after it was
		require.GreaterOrEqual(t, s.Elapsed, before.Elapsed)
	}
	require.GreaterOrEqual(t, s.Unfinished, int64(0), "in flight: %+v", s.Accounts)
	require.GreaterOrEqual(t, s.Extra, int64(0), "%+v", s.Accounts)
	require.LessOrEqual(t, s.Opening, s.Elapsed)
	for _, d := range []time.Duration{s.Opening, s.Closing, s.Source.Working, s.Source.Blocked, s.Sink.Working, s.Sink.Waiting} {
		require.GreaterOrEqual(t, d, time.Duration(0))
		require.LessOrEqual(t, d, s.Elapsed, "a part was at it for longer than the run: %+v %+v, opening %v, closing %v", s.Source, s.Sink, s.Opening, s.Closing)
	}
	require.GreaterOrEqual(t, s.Sink.Queue, 0)
	for i := range s.Stages {
		g := &s.Stages[i]
		about := fmt.Sprintf("%s of %s: %+v %+v %+v", g.Role, g.Name, g.Tally, g.Times, g.Latency)
		for _, n := range []int64{g.Started, g.Done, g.Failed, g.Filtered, g.Retried, int64(g.Queue), int64(g.BackingOff), g.Latency.Count} {
			require.GreaterOrEqual(t, n, int64(0), about)
		}
		l := g.Latency
		require.True(t, slices.IsSorted([]time.Duration{0, l.P50, l.P90, l.P99, l.Max}), "quantiles of %s", about)
		require.LessOrEqual(t, l.Mean, l.Max, about)
		for j := range g.Workers {
			w := &g.Workers[j]
			require.Equal(t, w.Open, w.Opening+w.Working+w.Blocked+w.Waiting, about)
			require.GreaterOrEqual(t, min(w.Opening, w.Working, w.Blocked, w.Waiting, w.Hand.Age), time.Duration(0), about)
			require.GreaterOrEqual(t, w.Hand.Items, 0, about)
			require.False(t, w.State == vimap.WorkerWorking && w.Hand.Items == 0, about)
		}
	}
}

// requireNoneTwice holds that a stage is done with no more inputs than it began,
// at any moment. Where inputs are tried again, or go to a pool, that holds only at
// the end: another worker may be done with one before the first has closed the
// accounts of its chunk.
func requireNoneTwice(t require.TestingT, s *vimap.Stats) {
	for i := range s.Stages {
		g := &s.Stages[i]
		if g.Role == vimap.RolePool || slices.Contains(s.Plan.Nodes[max(0, g.Node)].Options, "retry") {
			continue
		}
		require.GreaterOrEqual(t, g.Started, g.Done+g.Failed+g.Filtered, "%s of %s: %+v", g.Role, g.Name, g.Tally)
	}
}

// watched runs p while others look at it all the time, and ends it by end, which
// is told how many outcomes there were.
func watched(ctx context.Context, t *testing.T, p vimap.Pipeline[int, int], end func(run *vimap.Run[int, int], seen int) (leave bool)) vimap.Stats {
	run := p.Start(ctx)
	var over atomic.Bool
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			before := vimap.Stats{}
			for !over.Load() && !t.Failed() {
				s := run.Stats()
				requireSane(noFailNow{t}, &s, &before)
				requireNoneTwice(noFailNow{t}, &s)
				before = s
				runtime.Gosched()
			}
		})
	}
	func() {
		defer func() { _ = recover() }()
		seen := 0
		for range run.Results() {
			if seen++; end(run, seen) {
				break
			}
			if seen%16 == 0 {
				runtime.Gosched()
			}
		}
	}()
	over.Store(true)
	others.Wait()
	_ = run.Err()
	return run.Stats()
}

// noFailNow is a test for goroutines other than its own.
type noFailNow struct{ *testing.T }

func (noFailNow) FailNow() {}

func TestAccountsAreSaneAtEveryMomentHoweverTheRunEnds(t *testing.T) {
	testkit.Quiet(t)
	const items = 200
	for ending, end := range map[string]func(cancel func(), run *vimap.Run[int, int], seen int) bool{
		"whole": func(func(), *vimap.Run[int, int], int) bool { return false },
		"stop":  func(_ func(), run *vimap.Run[int, int], seen int) bool { run.Stop(); return false },
		"cancel": func(cancel func(), _ *vimap.Run[int, int], seen int) bool {
			if seen == 100 {
				cancel()
			}
			return false
		},
		"left": func(_ func(), _ *vimap.Run[int, int], seen int) bool { return seen == 100 },
		"panic": func(_ func(), _ *vimap.Run[int, int], seen int) bool {
			if seen == 100 {
				panic("loop")
			}
			return false
		},
	} {
		t.Run(ending, func(t *testing.T) {
			for name, p := range accounted(t, items) {
				t.Run(name, func(t *testing.T) {
					rerun.Share(t, 12)
					for _, p := range []vimap.Pipeline[int, int]{p, p.InFlight(9)} {
						ctx, cancel := context.WithCancel(t.Context())
						s := watched(ctx, t, p, func(run *vimap.Run[int, int], seen int) bool { return end(cancel, run, seen) })
						cancel()
						requireSane(t, &s, &vimap.Stats{})
						testkit.RequireAddsUp(t, s)
						if ending == "whole" {
							require.Zero(t, s.Unfinished)
							require.Equal(t, int64(items), s.Read)
						}
					}
				})
			}
		})
	}
}

func TestACallThatIsAbandonedIsOneOfTheSlowest(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, shown := range []bool{false, true} {
			release := make(chan struct{})
			tried := new(testkit.LedgerOfAttempts)
			stage := vimap.Func(func(_ context.Context, n int) (int, error) {
				if n == 5 && tried.Next(n) == 1 {
					<-release
				}
				return n, nil
			}).Timeout(time.Second).Retry(retry.Fixed(0))
			p := testkit.Count(10, nil).Via(stage)
			if shown {
				p = p.ShowInputs()
			}
			s := afterRun(t, p)
			close(release)
			requireSane(t, &s, &vimap.Stats{})
			g := s.Stages[0]
			require.Equal(t, int64(1), s.Stuck)
			require.Equal(t, int64(5), g.Slowest[0].Index)
			require.Equal(t, shown, g.Slowest[0].Input == any(5))
			require.Equal(t, 2*time.Second, g.Slowest[0].Took, "the limit and the grace")
			require.Equal(t, 2*time.Second, g.Working)
			require.Equal(t, 2*time.Second, g.Latency.Max)
		}
	})
}

func TestALongCallInHandIsNotPartOfTheMean(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		run := testkit.Count(3, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) {
			time.Sleep(time.Millisecond)
			if n == 2 {
				<-release
			}
			return n, nil
		})).Start(testkit.Patient(t))
		ended := make(chan error)
		go func() { _, err := testkit.Collect(run); ended <- err }()
		time.Sleep(time.Minute)
		s := run.Stats()
		requireSane(t, &s, &vimap.Stats{})
		require.Equal(t, int64(2), s.Stages[0].Latency.Count)
		require.Equal(t, time.Millisecond, s.Stages[0].Latency.Mean)
		close(release)
		require.NoError(t, <-ended)
	})
}
