package vimap_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// modes are contexts of runs of both kinds.
func modes(t *testing.T) map[string]context.Context {
	return map[string]context.Context{"": t.Context(), "serial": vimaptest.Serial(t.Context())}
}

// counts is the smallest sink over Results.
func counts[In, Out any](run *vimap.Run[In, Out]) (n [2]int, err error) {
	for result := range run.Results() {
		if result.Err == nil {
			n[0]++
		} else {
			n[1]++
		}
	}
	return n, run.Err()
}

// some is a sink that leaves after n outputs.
func some[In, Out any](n int) func(*vimap.Run[In, Out]) ([]Out, error) {
	return func(run *vimap.Run[In, Out]) (outs []Out, err error) {
		for _, out := range run.Zip() {
			if outs = append(outs, out); len(outs) == n {
				break
			}
		}
		return outs, run.Err()
	}
}

func TestEachSinkOfATeeSeesWhatItWouldSeeAlone(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		for _, n := range []int{0, 1, 7, 1_000} {
			p := testkit.Count(n, nil).Via(vimap.Func(testkit.Square).Workers(3)).Ordered()
			alone, err := p.To(ctx, testkit.Collect)
			require.NoError(t, err)
			run := p.Start(ctx)
			first, second, err := run.Tee(testkit.Collect, testkit.Collect)
			require.NoError(t, err, mode)
			require.Equal(t, alone, first, mode)
			require.Equal(t, alone, second, mode)
			require.Equal(t, int64(n), run.Stats().Delivered)
			testkit.RequireAddsUp(t, run.Stats())
		}
	}
}

func TestATeeInATeeMakesThree(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		run := testkit.Count(100, nil).Ordered().Start(ctx)
		var second, third []int
		first, _, err := run.Tee(testkit.Collect, func(run *vimap.Run[int, int]) (_ int, err error) {
			second, third, err = run.Tee(testkit.Collect, some[int, int](3))
			return 0, err
		})
		require.NoError(t, err, mode)
		require.Equal(t, testkit.UpTo(100), first, mode)
		require.Equal(t, testkit.UpTo(100), second, mode)
		require.Equal(t, testkit.UpTo(3), third, mode)
	}
}

func TestASinkThatLeavesEarlyGetsNoMoreAndTheOtherGoesOn(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		p := testkit.Count(50, nil).Ordered()
		first, second, err := p.Start(ctx).Tee(some[int, int](3), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(3), first, mode)
		require.Equal(t, testkit.UpTo(50), second, mode)
		nothing := func(*vimap.Run[int, int]) (string, error) { return "never ranged", nil }
		word, all, err := p.Start(ctx).Tee(nothing, testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, "never ranged", word)
		require.Equal(t, testkit.UpTo(50), all, mode)
	}
}

func TestWhenAllSinksOfATeeHaveLeftTheRunEnds(t *testing.T) {
	testkit.Quiet(t)
	for mode, ctx := range modes(t) {
		var reads atomic.Int64
		run := testkit.Count(testkit.Endless, &reads).Ordered().InFlight(5).Start(ctx)
		first, second, err := run.Tee(some[int, int](3), some[int, int](7))
		require.NoError(t, err, mode)
		require.Len(t, first, 3)
		require.Len(t, second, 7)
		require.LessOrEqual(t, reads.Load(), int64(12))
		require.Equal(t, int64(7), run.Stats().Delivered)
		testkit.RequireAddsUp(t, run.Stats())
	}
	var reads atomic.Int64
	nothing := func(*vimap.Run[int, int]) (int, error) { return 0, nil }
	_, _, err := testkit.Count(testkit.Endless, &reads).Start(t.Context()).Tee(nothing, nothing)
	require.NoError(t, err)
	require.Zero(t, reads.Load(), "nobody wanted anything")
}

func TestASinkThatFailsEndsTheRunOfTheOther(t *testing.T) {
	testkit.Quiet(t)
	errFull := errors.New("disk full")
	fails := func(at int) func(*vimap.Run[int, int]) (int, error) {
		return func(run *vimap.Run[int, int]) (n int, err error) {
			if at == 0 {
				return 0, errFull
			}
			for range run.Zip() {
				if n++; n == at {
					return n, errFull
				}
			}
			return n, errFull
		}
	}
	for mode, ctx := range modes(t) {
		for _, at := range []int{0, 1, 7, 10, 11} {
			var told error
			other := func(run *vimap.Run[int, int]) ([]int, error) {
				outs, err := testkit.Collect(run)
				told = err
				return outs, nil // as one that does not look
			}
			p := testkit.Count(10, nil).Ordered()
			if at < 10 {
				p = testkit.Count(testkit.Endless, nil).Ordered()
			}
			n, outs, err := p.Start(ctx).Tee(fails(at), other)
			require.Equal(t, errFull, err, "%s %d", mode, at)
			require.Equal(t, min(at, 10), n)
			require.Len(t, outs, min(at, 10))
			if at > 0 { // otherwise it was never called
				require.ErrorIs(t, told, errFull)
			}
			outs, n, err = p.Start(ctx).Tee(other, fails(at))
			require.Equal(t, errFull, err, "%s %d", mode, at)
			require.Equal(t, min(at, 10), n)
			require.Len(t, outs, min(at, 10))
			if at <= 10 { // later, the first is done with it
				require.ErrorIs(t, told, errFull)
			}
		}
	}
}

func TestAFailedItemEndsATeeWhereItWouldEndOneOfItsSinks(t *testing.T) {
	testkit.Quiet(t)
	p := testkit.Count(10, nil).Try(func(n int) (int, error) {
		if n == 4 {
			return 0, testkit.ErrOdd
		}
		return n, nil
	}).Ordered()
	for mode, ctx := range modes(t) {
		var item *vimap.ItemError
		outs, n, err := p.Start(ctx).Tee(testkit.Collect, counts)
		require.ErrorAs(t, err, &item, mode)
		require.Equal(t, int64(4), item.Index)
		require.Equal(t, testkit.UpTo(4), outs)
		require.Equal(t, [2]int{4, 1}, n, "who sees failures sees this one too")

		run := p.Start(ctx)
		n, m, err := run.Tee(counts, counts)
		require.NoError(t, err)
		require.Equal(t, [2]int{9, 1}, n)
		require.Equal(t, n, m)
		testkit.RequireAddsUp(t, run.Stats())

		three, n, err := p.Start(ctx).Tee(some[int, int](3), counts)
		require.NoError(t, err, "the one that would end at the failure has left")
		require.Len(t, three, 3)
		require.Equal(t, [2]int{9, 1}, n)

		var letters []int64
		outs, n, err = p.Tolerate(1).DeadLetters(func(all iter.Seq[vimap.DeadLetter[int]]) error {
			for letter := range all {
				letters = append(letters, letter.Err.Index)
			}
			return nil
		}).Start(ctx).Tee(testkit.Collect, counts)
		require.NoError(t, err)
		require.Len(t, outs, 9)
		require.Equal(t, [2]int{9, 1}, n)
		require.Equal(t, []int64{4}, letters)

		var many *vimap.TooManyFailuresError
		_, _, err = p.Tolerate(0).Start(ctx).Tee(counts, testkit.Collect)
		require.ErrorAs(t, err, &many)
	}
}

func TestAnyDeathInASinkOfATeeIsTheErrorOfThatAndEndsTheOther(t *testing.T) {
	testkit.Quiet(t)
	for fault, die := range map[string]func(){
		"a panic":     func() { panic("boom") },
		"a nil panic": func() { panic(nil) },
		"an error":    func() { panic(testkit.ErrOdd) },
		"a Goexit":    runtime.Goexit,
	} {
		for _, when := range []string{"before the loop", "in the loop", "behind the loop"} {
			var told error
			dies := func(run *vimap.Run[int, int]) (int, error) {
				if when == "before the loop" {
					die()
				}
				for range run.Zip() {
					if when == "in the loop" {
						die()
					}
				}
				die()
				return 0, nil
			}
			whole := func(run *vimap.Run[int, int]) (int, error) {
				n, err := some[int, int](-1)(run)
				told = err
				return len(n), err
			}
			nested := func(run *vimap.Run[int, int]) (int, error) {
				a, _, err := run.Tee(whole, dies)
				return a, err
			}
			for name, tee := range map[string]func(*vimap.Run[int, int]) error{
				"second": func(run *vimap.Run[int, int]) error { _, _, err := run.Tee(whole, dies); return err },
				"first":  func(run *vimap.Run[int, int]) error { _, _, err := run.Tee(dies, whole); return err },
				"nested": func(run *vimap.Run[int, int]) error { _, _, err := run.Tee(nested, testkit.Collect); return err },
			} {
				told = nil
				err := tee(testkit.Count(10, nil).Via(vimap.Func(testkit.Same).Workers(2)).Start(t.Context()))
				var panicked *vimap.PanicError
				require.ErrorAs(t, err, &panicked, "%s %s %s", fault, when, name)
				require.Contains(t, string(panicked.Stack), "tee_test.go")
				require.Equal(t, fault == "an error", errors.Is(err, testkit.ErrOdd))
				if when != "before the loop" && (name == "first" || when == "in the loop") {
					require.ErrorAs(t, told, &panicked, "%s %s %s", fault, when, name)
				}
			}
		}
	}
}

func TestAGoexitInASinkOfATeeOfASerialRunEndsTheGoroutineWhenAllIsClosed(t *testing.T) {
	testkit.Quiet(t)
	var crew testkit.Crew
	var told error
	done := make(chan struct{})
	go func() {
		defer close(done)
		p := testkit.Count(10, nil).Via(crew.Stage(2, testkit.Square))
		_, _, err := p.Start(vimaptest.Serial(t.Context())).Tee(func(run *vimap.Run[int, int]) (int, error) {
			_, told = testkit.Collect(run)
			return 0, told
		}, func(run *vimap.Run[int, int]) (int, error) {
			for range run.Zip() {
				runtime.Goexit()
			}
			return 0, nil
		})
		t.Errorf("it came back with %v", err)
	}()
	<-done
	crew.RequireClosed(t)
	require.ErrorIs(t, told, vimap.ErrGoexit)
}

func TestASlowSinkOfATeeSlowsTheRun(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var reads atomic.Int64
		began := time.Now()
		slow := func(run *vimap.Run[int, int]) (n int, err error) {
			for range run.Zip() {
				time.Sleep(time.Second)
				n++
				require.LessOrEqual(t, reads.Load(), int64(n+5))
			}
			return n, run.Err()
		}
		n, outs, err := testkit.Count(100, &reads).InFlight(5).Start(testkit.Patient(t)).Tee(slow, testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, 100, n)
		require.Len(t, outs, 100)
		require.Equal(t, 100*time.Second, time.Since(began))
	})
}

func TestCancellationAndStopReachTheSinksOfATee(t *testing.T) {
	testkit.Quiet(t)
	errEnough := errors.New("enough")
	for mode, ctx := range modes(t) {
		ctx, cancel := context.WithCancelCause(ctx)
		n, _, err := testkit.Count(testkit.Endless, nil).Start(ctx).Tee(func(run *vimap.Run[int, int]) (n int, err error) {
			for range run.Zip() {
				if n++; n == 10 {
					cancel(errEnough)
				}
			}
			require.ErrorIs(t, run.Err(), errEnough)
			return n, run.Err()
		}, testkit.Collect)
		require.Equal(t, errEnough, err, mode)
		require.GreaterOrEqual(t, n, 10)
		_, _, err = testkit.Count(testkit.Endless, nil).Start(ctx).Tee(testkit.Collect, testkit.Collect)
		require.Equal(t, errEnough, err, "it has ended before it began")
	}
	for mode, ctx := range modes(t) {
		run := testkit.Count(testkit.Endless, nil).Start(ctx)
		n, outs, err := run.Tee(func(run *vimap.Run[int, int]) (n int, err error) {
			require.NotNil(t, run.Context())
			for range run.Zip() {
				if n++; n == 10 {
					run.Stop()
				}
			}
			require.Equal(t, int64(n), run.Stats().Delivered)
			return n, run.Err()
		}, testkit.Collect)
		require.NoError(t, err, mode)
		require.Len(t, outs, n)
		require.Equal(t, int64(n), run.Stats().Read)
	}
}

func TestAShareOfARunIsRangedOverOnce(t *testing.T) {
	testkit.Quiet(t)
	_, _, err := testkit.Count(10, nil).Start(t.Context()).Tee(func(run *vimap.Run[int, int]) (int, error) {
		_, _ = testkit.Collect(run)
		_, err := testkit.Collect(run)
		return 0, err
	}, testkit.Collect)
	require.ErrorContains(t, err, "vimap: Run: it must be ranged over only once")
}

func TestAnErrorOfTheSourceOrOfAClosingReachesTheSinksOfATee(t *testing.T) {
	testkit.Quiet(t)
	broken := vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, testkit.ErrOdd) }
	})
	outs, _, err := broken.Start(t.Context()).Tee(testkit.Collect, counts)
	var source *vimap.SourceError
	require.ErrorAs(t, err, &source)
	require.Equal(t, []int{1}, outs)
	closing := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
		Close(func(int) error { return testkit.ErrOdd }).
		Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil })
	var told error
	_, _, err = testkit.Count(3, nil).Via(closing).Start(t.Context()).Tee(testkit.Collect, func(run *vimap.Run[int, int]) (int, error) {
		_, told = testkit.Collect(run)
		return 0, nil
	})
	require.ErrorIs(t, err, testkit.ErrOdd)
	require.ErrorIs(t, told, testkit.ErrOdd)
}
