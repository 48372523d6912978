package vimap_test

import (
	"context"
	"errors"
	"fmt"
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

// batches notes the batches a bulk function was called with, and when.
type batches struct {
	mu    sync.Mutex
	began time.Time
	all   [][]int
	at    []time.Duration
}

func (b *batches) note(ns []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, slices.Clone(ns))
	b.at = append(b.at, time.Since(b.began))
}

// squares answers a batch as a database would: one output for each input.
func (b *batches) squares(_ context.Context, ns []int) ([]int, error) {
	b.note(ns)
	outs := make([]int, len(ns))
	for i, n := range ns {
		outs[i] = n * n
	}
	return outs, nil
}

func TestEachInputOfABatchHasItsOwnOutput(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	for _, size := range []int{1, 3, 100, 5_000} {
		b := batches{began: time.Now()}
		run := testkit.Count(2_345, nil).Via(vimap.Bulk(size, time.Millisecond, b.squares).Workers(4)).Start(t.Context())
		seen := make([]bool, 2_345)
		for in, out := range run.Zip() {
			require.Equal(t, in*in, out)
			require.False(t, seen[in])
			seen[in] = true
		}
		require.NoError(t, run.Err())
		require.NotContains(t, seen, false)
		for _, batch := range b.all {
			require.NotEmpty(t, batch)
			require.LessOrEqual(t, len(batch), size)
		}
	}
}

func TestABatchIsFlushedWhenItIsFull(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		b := batches{began: time.Now()}
		// The source stays open and nobody waits an hour: fullness alone flushes.
		run := testkit.Trickle(20, 0, 5*time.Minute).Via(vimap.Bulk(5, time.Hour, b.squares)).Start(testkit.Patient(t))
		seen := 0
		for range run.Zip() {
			seen++
			require.Zero(t, time.Since(b.began))
		}
		require.NoError(t, run.Err())
		require.Equal(t, 20, seen)
		require.Equal(t, [][]int{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}, {10, 11, 12, 13, 14}, {15, 16, 17, 18, 19}}, b.all)
	})
}

func TestTheLastBatchDoesNotWaitForItsLinger(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		b := batches{began: time.Now()}
		outs, err := testkit.Count(7, nil).Via(vimap.Bulk(5, time.Hour, b.squares)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 7)
		require.Equal(t, [][]int{{0, 1, 2, 3, 4}, {5, 6}}, b.all)
		require.Zero(t, time.Since(b.began))
	})
}

func TestABatchIsFlushedWhenItsOldestItemHasLingered(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// An item every 6 ms and a linger of 20 ms: a timer that each item sets anew would never fire.
		for _, workers := range []int{1, 3} {
			b := batches{began: time.Now()}
			seen := 0
			run := testkit.Trickle(200, 6*time.Millisecond, time.Minute).
				Via(vimap.Bulk(1_000, 20*time.Millisecond, b.squares).Workers(workers)).Start(testkit.Patient(t))
			for in := range run.Zip() {
				seen++
				sent := time.Duration(in) * 6 * time.Millisecond
				require.LessOrEqual(t, time.Since(b.began)-sent, 21*time.Millisecond, "item %d", in)
			}
			require.NoError(t, run.Err())
			require.Equal(t, 200, seen)
			if workers == 1 {
				require.Equal(t, []int{0, 1, 2, 3}, b.all[0], "what comes within the linger goes along")
				require.Equal(t, 20*time.Millisecond, b.at[0].Truncate(time.Millisecond))
				require.LessOrEqual(t, len(b.all), 60)
			}
		}
	})
}

func TestAnErrorOfABatchIsChargedToEachOfItsItems(t *testing.T) {
	testkit.Quiet(t)
	all, run := testkit.Outcomes(t.Context(), testkit.Count(20, nil).Via(vimap.Bulk(5, time.Hour, func(_ context.Context, ns []int) ([]int, error) {
		if slices.Contains(ns, 7) {
			return nil, testkit.ErrOdd
		}
		return ns, nil
	}).Named("bulk")).Ordered())
	require.NoError(t, run.Err())
	require.Len(t, all, 20)
	for i, result := range all {
		require.Equal(t, i, result.In)
		require.Equal(t, i >= 5 && i < 10, errors.Is(result.Err, testkit.ErrOdd), "item %d: %v", i, result.Err)
		var item *vimap.ItemError
		if errors.As(result.Err, &item) {
			require.Equal(t, int64(i), item.Index)
			require.Equal(t, any(i), item.Input)
			require.Equal(t, "bulk", item.Stage)
		}
	}
	testkit.RequireAddsUp(t, run.Stats())
}

func TestAWrongNumberOfOutputsFailsEachItemOfTheBatch(t *testing.T) {
	for name, answer := range map[string]func([]int) []int{
		"none":         func([]int) []int { return nil },
		"one too few":  func(ns []int) []int { return ns[1:] },
		"one too many": func(ns []int) []int { return append(slices.Clone(ns), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Quiet(t)
			all, run := testkit.Outcomes(t.Context(), testkit.Count(20, nil).Via(vimap.Bulk(5, time.Hour, func(_ context.Context, ns []int) ([]int, error) {
				if slices.Contains(ns, 7) {
					return answer(ns), nil
				}
				return ns, nil
			})).Ordered())
			require.NoError(t, run.Err())
			require.Len(t, all, 20)
			for i, result := range all {
				require.Equal(t, i >= 5 && i < 10, errors.Is(result.Err, vimap.ErrBulk), "item %d: %v", i, result.Err)
				if result.Err == nil {
					require.Equal(t, i, result.Out)
				}
			}
		})
	}
}

func TestABatchThatFailedIsTriedAgainItemByItem(t *testing.T) {
	for name, fault := range map[string]func([]int) ([]int, error){
		"error":        func([]int) ([]int, error) { return nil, testkit.ErrOdd },
		"wrong number": func(ns []int) ([]int, error) { return append(slices.Clone(ns), 1), nil },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				b := batches{began: time.Now()}
				stage := vimap.Bulk(5, time.Hour, func(ctx context.Context, ns []int) ([]int, error) {
					if slices.Contains(ns, 7) {
						b.note(ns)
						return fault(ns)
					}
					return b.squares(ctx, ns)
				}).Retry(retry.Fixed(time.Second).Attempts(3))
				run := testkit.Count(20, nil).Via(stage).Ordered().Start(testkit.Patient(t))
				for result := range run.Results() {
					if result.In != 7 {
						require.NoError(t, result.Err)
						require.Equal(t, result.In*result.In, result.Out)
						continue
					}
					var item *vimap.ItemError
					require.ErrorAs(t, result.Err, &item)
					require.Equal(t, 3, item.Attempts)
					require.Len(t, item.Earlier, 2, "that of the batch, and that of the item alone")
				}
				require.NoError(t, run.Err())
				require.Equal(t, int64(19), run.Stats().Delivered)
				require.Equal(t, int64(5+1), run.Stats().Retries)
				sizes := map[int]int{}
				for _, batch := range b.all {
					sizes[len(batch)]++
				}
				require.Equal(t, map[int]int{5: 4, 1: 5 + 1}, sizes, "five single attempts, and one more for the item to blame: %v", b.all)
			})
		})
	}
}

func TestAPanicInABatchFailsItsItemsAndNoOthers(t *testing.T) {
	testkit.Quiet(t)
	all, run := testkit.Outcomes(t.Context(), testkit.Count(50, nil).Via(vimap.Bulk(5, time.Hour, func(_ context.Context, ns []int) ([]int, error) {
		if slices.Contains(ns, 7) {
			panic("seven")
		}
		return ns, nil
	})).Ordered())
	require.NoError(t, run.Err())
	require.Len(t, all, 50)
	for i, result := range all {
		var panicked *vimap.PanicError
		require.Equal(t, i >= 5 && i < 10, errors.As(result.Err, &panicked), "item %d: %v", i, result.Err)
	}
}

func TestWhatABulkFunctionDoesToItsBatchLeavesTheInputsAlone(t *testing.T) {
	testkit.Quiet(t)
	run := testkit.Count(1_000, nil).Via(vimap.Zip(vimap.Bulk(10, time.Hour, func(_ context.Context, ns []int) ([]int, error) {
		for i := range ns {
			ns[i] *= -1
		}
		return ns, nil // the batch itself
	}).Workers(2))).Start(t.Context())
	seen := 0
	for in, pair := range run.Zip() {
		require.Equal(t, in, pair.In)
		require.Equal(t, -in, pair.Out)
		seen++
	}
	require.NoError(t, run.Err())
	require.Equal(t, 1_000, seen)
}

func TestBatchesRunSideBySideOnTheirWorkers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var g testkit.Gauge
		began := time.Now()
		outs, err := testkit.Count(120, nil).Via(vimap.Bulk(10, time.Millisecond, func(_ context.Context, ns []int) ([]int, error) {
			defer g.Enter()()
			time.Sleep(time.Second)
			return ns, nil
		}).Workers(4)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(120), outs)
		require.Equal(t, 3*time.Second, time.Since(began).Truncate(time.Second))
		require.Equal(t, int64(4), g.Most.Load())
	})
}

func TestABatchLargerThanWhatMayBeInFlightIsFlushedByItsLinger(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		for _, ordered := range []bool{false, true} {
			b := batches{began: time.Now()}
			p := testkit.Count(10, nil).Via(vimap.Bulk(100, time.Second, b.squares)).InFlight(2)
			if ordered {
				p = p.Ordered()
			}
			outs, err := p.To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Len(t, outs, 10)
			require.LessOrEqual(t, time.Since(b.began), 10*time.Second)
		}
	})
}

func TestCancellationEndsALingeringBatchAtOnce(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(testkit.Patient(t))
		defer cancel(nil)
		time.AfterFunc(time.Second, func() { cancel(testkit.ErrStop) })
		var called atomic.Bool
		began := time.Now()
		run := testkit.Trickle(3, 0, time.Hour).Via(vimap.Bulk(5, time.Hour, func(_ context.Context, ns []int) ([]int, error) {
			called.Store(true)
			return ns, nil
		})).Start(ctx)
		outs, err := testkit.Collect(run)
		require.ErrorIs(t, err, testkit.ErrStop)
		require.Empty(t, outs)
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, int64(3), run.Stats().Unfinished)
		require.False(t, called.Load())
	})
}

func TestStopFlushesALingeringBatch(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		b := batches{began: time.Now()}
		run := testkit.Trickle(3, 0, time.Hour).Via(vimap.Bulk(5, time.Hour, b.squares)).Start(testkit.Patient(t))
		time.AfterFunc(time.Second, run.Stop)
		outs, err := testkit.Collect(run)
		require.NoError(t, err)
		require.ElementsMatch(t, []int{0, 1, 4}, outs)
		require.Equal(t, time.Second, time.Since(b.began))
	})
}

func TestABulkErrorNamesTheNumbers(t *testing.T) {
	testkit.Quiet(t)
	_, err := testkit.Count(3, nil).Via(vimap.Bulk(3, time.Hour, func(context.Context, []int) ([]int, error) { return []int{1}, nil })).To(t.Context(), testkit.Collect)
	require.ErrorIs(t, err, vimap.ErrBulk)
	require.ErrorContains(t, err, fmt.Sprint(3))
	require.ErrorContains(t, err, fmt.Sprint(1))
}
