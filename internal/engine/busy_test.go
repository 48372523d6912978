package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

// numbers is a source of 0 to n-1.
func numbers(n int) vimap.Pipeline[int, int] {
	return vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		for i := range n {
			if !out.One(i) {
				return nil
			}
		}
		return nil
	})
}

func TestItemsBehindASlowOneAreWorkedOnByOthersWithinMilliseconds(t *testing.T) {
	for name, ordered := range map[string]bool{"unordered": false, "ordered": true} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				begun := time.Now()
				late, slow := 0, 0
				stage := vimap.Func(func(_ context.Context, n int) (int, error) {
					if n == 4000 {
						time.Sleep(time.Second)
						return n, nil
					}
					if d := time.Since(begun); d > 5*time.Millisecond {
						return -1, nil
					}
					return n, nil
				}).Workers(2)
				p := numbers(5000).Via(stage)
				if ordered {
					p = p.Ordered()
				}
				run := p.Start(t.Context())
				for in, out := range run.Zip() {
					switch {
					case out < 0:
						late++
					case in == 4000:
						slow++
					}
				}
				require.NoError(t, run.Err())
				require.Zero(t, late, "items that waited behind the slow one")
				require.Equal(t, 1, slow)
			})
		})
	}
}

func TestAnItemThatArrivesAloneIsDeliveredAtOnce(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		stage := vimap.Func(func(_ context.Context, at time.Time) (time.Time, error) { return at, nil }).Workers(3)
		source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[time.Time]) error {
			for range 500 {
				time.Sleep(time.Millisecond)
				if !out.One(time.Now()) {
					return nil
				}
			}
			return nil
		})
		run := source.Via(stage).Via(stage).Via(stage).Start(t.Context())
		for _, at := range run.Zip() {
			require.Zero(t, time.Since(at))
		}
		require.NoError(t, run.Err())
	})
}

func TestTheTailOfTheInputIsSpreadOverAllWorkers(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		begun := time.Now()
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			time.Sleep(10 * time.Millisecond)
			return n, nil
		}).Workers(8)
		run := numbers(64).Via(stage).Start(t.Context())
		n := 0
		for range run.Zip() {
			n++
		}
		require.NoError(t, run.Err())
		require.Equal(t, 64, n)
		require.Equal(t, 80*time.Millisecond, time.Since(begun), "eight full rounds")
	})
}

func TestSlowItemsBehindQuickOnesHaveAllWorkersWithinMilliseconds(t *testing.T) {
	const workers, quick = 32, 20_000
	for name, pause := range map[string]time.Duration{"together": 0, "one after another": time.Second} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var slow sync.WaitGroup
				slow.Add(workers)
				source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
					for n := range quick + workers {
						if n >= quick {
							time.Sleep(pause)
						}
						if !out.One(n) {
							return nil
						}
					}
					return nil
				})
				var all time.Time
				stage := vimap.Func(func(_ context.Context, n int) (time.Time, error) {
					if n < quick {
						return time.Time{}, nil
					}
					slow.Done()
					slow.Wait() // for as many others as there are workers
					return time.Now(), nil
				}).Workers(workers)
				run := source.InFlight(quick).Via(stage).Start(t.Context())
				begun := time.Now()
				for _, at := range run.Zip() {
					if at.After(all) {
						all = at
					}
				}
				require.NoError(t, run.Err())
				require.Less(t, all.Sub(begun)-workers*pause, 10*time.Millisecond)
			})
		})
	}
}

func TestAnItemThatArrivesAloneBehindQuickOnesIsDeliveredAtOnce(t *testing.T) {
	const quick, alone = 20_000, 300
	for name, workers := range map[string]int{"two workers": 2, "many": 32} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				stage := vimap.Func(func(_ context.Context, at time.Time) (time.Time, error) { return at, nil }).Workers(workers)
				source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[time.Time]) error {
					for n := range quick + alone {
						if n >= quick {
							time.Sleep(time.Millisecond)
						}
						if !out.One(time.Now()) {
							return nil
						}
					}
					return nil
				})
				got := 0
				run := source.Via(stage).Via(stage).Start(t.Context())
				for _, at := range run.Zip() {
					got++
					require.Zero(t, time.Since(at))
				}
				require.NoError(t, run.Err())
				require.Equal(t, quick+alone, got)
			})
		})
	}
}
