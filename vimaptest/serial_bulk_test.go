package vimaptest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
)

// batches is a stage whose batches are noted.
func batches(d *diary, size int, linger time.Duration) vimap.Stage[int, int] {
	return vimap.Bulk(size, linger, func(_ context.Context, ns []int) ([]int, error) {
		d.note("%v", ns)
		return append([]int(nil), ns...), nil
	})
}

// odd fails odd numbers.
func odd(n int) (int, error) {
	if n%2 == 1 {
		return 0, errBad
	}
	return n, nil
}

// order ranges over all results and notes their inputs, with a sign for failures.
func order(run *vimap.Run[int, int]) (ins []int) {
	for result := range run.Results() {
		if result.Err != nil {
			ins = append(ins, -result.In)
			continue
		}
		ins = append(ins, result.In)
	}
	return ins
}

func TestABatchOfASerialRunGoesWhenItIsFullAndAtTheEnd(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		p := sources.Slice(upTo(7)).Via(batches(&d, 3, 0)).Via(batches(&d, 2, time.Hour))
		run := p.Start(ctx)
		require.Equal(t, upTo(7), order(run))
		require.NoError(t, run.Err())
		require.Equal(t, diary{"[0 1 2]", "[0 1]", "[3 4 5]", "[2 3]", "[4 5]", "[6]", "[6]"}, d)
	})
}

func TestFailuresKeepTheirPlacesAmongBatches(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		run := sources.Slice(upTo(10)).Try(odd).Via(batches(&d, 3, 0)).Start(ctx)
		require.Equal(t, []int{0, -1, 2, -3, 4, -5, 6, -7, 8, -9}, order(run))
		require.Equal(t, diary{"[0 2 4]", "[6 8]"}, d)
	})
}

func TestABatchThatFailsIsTriedAgainItemByItemInItsOrder(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		tries := 0
		stage := vimap.Bulk(4, 0, func(_ context.Context, ns []int) ([]int, error) {
			d.note("%v", ns)
			for _, n := range ns {
				if n == 2 {
					if tries++; tries < 3 {
						return nil, errBad
					}
				}
				if n == 4 {
					return nil, errBad
				}
			}
			return ns, nil
		}).Retry(retry.Fixed(time.Second).Attempts(3))
		began := time.Now()
		run := sources.Slice([]int{0, 1, 2, 3, 4, 6, 8}).Try(odd).Via(stage).Start(ctx)
		require.Equal(t, []int{0, -1, 2, -3, -4, 6, 8}, order(run))
		require.Equal(t, diary{"[0 2 4 6]", "[0]", "[2]", "[2]", "[4]", "[4]", "[6]", "[8]"}, d)
		require.Equal(t, 3*time.Second, time.Since(began), "the first wait is one for all of them")
		require.Equal(t, int64(6), run.Stats().Retries)
	})
}

func TestABatchGoesBeforeAnInputThatComesAfterTheLingerTime(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		var d diary
		slow := sources.Seq(func(yield func(int) bool) {
			for n := range 6 {
				if !yield(n) {
					return
				}
				time.Sleep(time.Second)
			}
		})
		run := slow.Via(batches(&d, 100, 3*time.Second)).Start(ctx)
		require.Equal(t, upTo(6), order(run))
		require.Equal(t, diary{"[0 1 2]", "[3 4 5]"}, d)
	})
}

func TestInFlightBoundsWhatTheBatchesOfASerialRunHold(t *testing.T) {
	for inFlight := 1; inFlight < 12; inFlight++ {
		t.Run(fmt.Sprint(inFlight), func(t *testing.T) {
			frozen(t, func(t *testing.T, ctx context.Context) {
				read, out := 0, 0
				source := sources.Seq(func(yield func(int) bool) {
					for n := range 100 {
						read++
						require.LessOrEqual(t, read-out, inFlight)
						if !yield(n) {
							return
						}
					}
				})
				pass := func(_ context.Context, ns []int) ([]int, error) {
					require.LessOrEqual(t, len(ns), inFlight)
					return ns, nil
				}
				run := source.Try(odd).
					Via(vimap.Bulk(4, 0, pass)).
					FlatMap(ones).
					Via(vimap.Bulk(5, 0, pass)).Via(vimap.Bulk(3, 0, pass)).
					InFlight(inFlight).Start(ctx)
				for range run.Results() {
					out++
				}
				require.Equal(t, 100, out)
			})
		})
	}
}

func TestFailuresBehindABatchThatDoesNotFillAreNotGatheredForEver(t *testing.T) {
	frozen(t, func(t *testing.T, ctx context.Context) {
		reads := 0
		source := sources.Seq(func(yield func(int) bool) {
			for n := 0; yield(min(n, 1)); n++ {
				reads++
			}
		})
		run := source.Try(odd).Via(vimap.Bulk(2, 0, func(_ context.Context, ns []int) ([]int, error) { return ns, nil })).Start(ctx)
		for range run.Results() {
			break
		}
		require.Less(t, reads, 5_000)
	})
}
