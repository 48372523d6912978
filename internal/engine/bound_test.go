package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func TestInFlightIsHard(t *testing.T) {
	slowHead := func(ctx context.Context, n int) (int, error) {
		if n == 0 {
			return testkit.Sleepy(time.Minute)(ctx, n)
		}
		return testkit.Jitter(ctx, n)
	}
	flaky := func(ctx context.Context, n int) (int, error) {
		if n%3 == 0 && rand3() {
			return 0, testkit.ErrOdd
		}
		return testkit.Jitter(ctx, n)
	}
	stages := map[string]vimap.Stage[int, int]{
		"an instant stage": vimap.Func(testkit.Same).Workers(4),
		"a slow head":      vimap.Func(slowHead).Workers(4),
		"retries":          vimap.Func(flaky).Workers(4).Retry(retry.Fixed(time.Second).Attempts(1000)),
		"two stages":       vimap.Func(testkit.Jitter).Workers(3).Then(vimap.Func(testkit.Jitter).Workers(8)),
		"batches": vimap.Bulk(64, time.Millisecond, func(_ context.Context, ns []int) ([]int, error) {
			return ns, nil
		}),
	}
	for name, stage := range stages {
		for _, n := range []int64{1, 2, 5, 64} {
			for _, ordered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d, ordered %v", name, n, ordered), func(t *testing.T) {
					rerun.Share(t, 6)
					testkit.Bubble(t, func(t *testing.T) {
						var a testkit.Ahead
						p := a.Source(120).Via(stage).InFlight(int(n))
						if ordered {
							p = p.Ordered()
						}
						run := p.Start(testkit.Patient(t))
						for range run.Zip() {
							a.Delivered.Add(1)
							if a.Delivered.Load()%16 == 0 {
								time.Sleep(time.Second) // a slow sink
							}
						}
						require.NoError(t, run.Err())
						require.Equal(t, int64(120), a.Delivered.Load())
						require.LessOrEqual(t, a.Most.Load(), n)
					})
				})
			}
		}
	}
}

var turn atomic.Int64

func rand3() bool { return turn.Add(1)%3 != 0 }

func TestNoThirdItemIsReadBeforeOneOfTwoInFlightIsDelivered(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var reads atomic.Int64
		run := testkit.Count(testkit.Endless, &reads).Via(vimap.Func(testkit.Same).Workers(8)).InFlight(2).Start(testkit.Patient(t))
		seen := int64(0)
		for range run.Zip() {
			synctest.Wait() // everything that can happen has happened
			require.LessOrEqual(t, reads.Load(), seen+2+1, "the item in hand, and two more at most")
			require.GreaterOrEqual(t, reads.Load(), seen+2, "two at once are allowed")
			if seen++; seen == 20 {
				break
			}
		}
		require.NoError(t, run.Err())
	})
}

func TestInFlightKeepsAsManyWorkersBusy(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			began := time.Now()
			p := testkit.Count(80, nil).Via(vimap.Func(testkit.Sleepy(time.Second)).Workers(8)).InFlight(8)
			if ordered {
				p = p.Ordered()
			}
			outs, err := p.To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Len(t, outs, 80)
			require.Equal(t, 10*time.Second, time.Since(began))
		}
	})
}

func TestWhatIsFilteredFailedOrMadeNothingOfMakesRoomForTheNext(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Bubble(t, func(t *testing.T) {
		none := func(int) iter.Seq[int] { return slices.Values([]int{}) }
		fail := vimap.Func(func(context.Context, int) (int, error) { return 0, testkit.ErrOdd }).Workers(2)
		for _, p := range []vimap.Pipeline[int, int]{
			testkit.Count(500, nil).Filter(func(int) bool { return false }).Via(vimap.Func(testkit.Same)),
			testkit.Count(500, nil).Via(vimap.Func(testkit.Same)).Filter(func(int) bool { return false }),
			testkit.Count(500, nil).FlatMap(none).Via(vimap.Func(testkit.Same)),
			testkit.Count(500, nil).Via(fail),
			testkit.Count(500, nil).Try(func(int) (int, error) { return 0, testkit.ErrOdd }).Via(fail),
		} {
			for _, p := range []vimap.Pipeline[int, int]{p.InFlight(2), p.InFlight(2).Ordered()} {
				_, run := testkit.Outcomes(testkit.Patient(t), p)
				require.NoError(t, run.Err())
				require.Equal(t, int64(500), run.Stats().Failed+run.Stats().Filtered)
			}
		}
	})
}

func TestAfterFortyOfTenThousandMoreThanNineThousandAreUnread(t *testing.T) {
	for name, stage := range map[string]vimap.Stage[int, int]{
		"instant": vimap.Func(testkit.Same).Workers(3), "slow": vimap.Func(testkit.Sleepy(time.Millisecond)).Workers(3),
	} {
		for _, ordered := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, ordered %v", name, ordered), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					var reads atomic.Int64
					p := testkit.Count(10_000, &reads).Via(stage)
					if ordered {
						p = p.Ordered()
					}
					run := p.Start(testkit.Patient(t))
					seen := 0
					for range run.Zip() {
						if seen++; seen == 40 {
							time.Sleep(time.Minute)
							break
						}
					}
					require.NoError(t, run.Err())
					require.Less(t, reads.Load(), int64(1_000))
				})
			})
		}
	}
}

func TestTheDefaultBoundHoldsBehindASlowHead(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var a testkit.Ahead
		run := a.Source(testkit.Endless).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return testkit.Sleepy(time.Minute)(ctx, n)
			}
			return n, nil
		}).Workers(4)).Ordered().Start(testkit.Patient(t))
		for range run.Zip() {
			break
		}
		require.NoError(t, run.Err())
		require.Less(t, a.Read.Load(), int64(10_000))
	})
}

func TestItemsThatTakeLongAreNotReadFarAhead(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			var a testkit.Ahead
			p := a.Source(1_000).Via(vimap.Func(testkit.Sleepy(20 * time.Millisecond)).Workers(4))
			if ordered {
				p = p.Ordered()
			}
			run := p.Start(testkit.Patient(t))
			for range run.Zip() {
				a.Delivered.Add(1)
			}
			require.NoError(t, run.Err())
			// Four at work, at least two more for each worker, and little else: not the capacity of a ring.
			require.LessOrEqual(t, a.Most.Load(), int64(32))
			require.GreaterOrEqual(t, a.Most.Load(), int64(4))
		}
	})
}

func TestTheDefaultBoundHoldsWhileItemsBackOff(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var reads atomic.Int64
		down := vimap.Func(func(context.Context, int) (int, error) { return 0, testkit.ErrOdd }).Workers(2).Retry(retry.Fixed(time.Hour))
		ctx, cancel := context.WithTimeout(testkit.Patient(t), time.Minute)
		defer cancel()
		_, err := testkit.Count(testkit.Endless, &reads).Via(down).To(ctx, testkit.Collect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, reads.Load(), int64(10_000))
	})
}

// alive counts the pointers whose targets the collector has not taken.
func alive[T any](pointers []weak.Pointer[T]) int {
	runtime.GC()
	runtime.GC()
	n := 0
	for _, p := range pointers {
		if p.Value() != nil {
			n++
		}
	}
	return n
}

type big struct {
	n    int
	data [64 << 10]byte
}

func bigs(n int, note *[]weak.Pointer[big]) vimap.Pipeline[*big, *big] {
	return vimap.From(func(context.Context) iter.Seq2[*big, error] {
		return func(yield func(*big, error) bool) {
			for i := range n {
				item := &big{n: i}
				*note = append(*note, weak.Make(item))
				if !yield(item, nil) {
					return
				}
			}
		}
	})
}

func TestNoInputIsReachableAfterTheRun(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	flaky := vimap.Func(func(_ context.Context, b *big) (int, error) {
		if b.n%10 == 3 {
			return 0, testkit.ErrOdd
		}
		return b.n, nil
	}).Workers(3).Retry(retry.Fixed(0).Attempts(2))
	var early []weak.Pointer[big]
	run := bigs(100, &early).Filter(func(b *big) bool { return b.n%10 != 4 }).Via(flaky).Ordered().Start(t.Context())
	for range run.Results() {
	}
	require.NoError(t, run.Err())
	require.Len(t, early, 100)
	require.Zero(t, alive(early))
	runtime.KeepAlive(run)

	early = nil
	run = bigs(100, &early).Via(flaky).Start(t.Context())
	for range run.Results() {
		break
	}
	require.Zero(t, alive(early), "a loop that was left keeps nothing either")
	runtime.KeepAlive(run)
}

func TestDeliveredItemsAreReleasedWhileTheRunGoesOn(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprint("ordered ", ordered), func(t *testing.T) {
			rerun.Share(t, 6)
			testkit.Bubble(t, func(t *testing.T) {
				var made []weak.Pointer[big]
				size := vimap.Func(func(_ context.Context, b *big) (int, error) { return len(b.data), nil }).Workers(2)
				p := bigs(80, &made).Via(size).InFlight(4)
				if ordered {
					p = p.Ordered()
				}
				run := p.Start(testkit.Patient(t))
				seen, most := 0, 0
				for range run.Results() {
					if seen++; seen%40 == 0 {
						synctest.Wait()
						most = max(most, alive(made))
					}
				}
				require.NoError(t, run.Err())
				require.Equal(t, 80, seen)
				// Four in flight, the one in hand, and what a stack may still hold.
				require.LessOrEqual(t, most, 10)
			})
		})
	}
}

func TestASinkThatFailsReadsNoFurther(t *testing.T) {
	testkit.Quiet(t)
	var reads atomic.Int64
	full := errors.New("disk full")
	n, err := testkit.Count(testkit.Endless, &reads).Via(vimap.Func(testkit.Same).Workers(2)).To(t.Context(), func(run *vimap.Run[int, int]) (int, error) {
		n := 0
		for range run.Zip() {
			if n++; n == 10 {
				return n, full
			}
		}
		return n, run.Err()
	})
	require.ErrorIs(t, err, full)
	require.Equal(t, 10, n)
	require.Less(t, reads.Load(), int64(20_000))
}
