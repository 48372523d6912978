package vimap_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func TestASlowHeadOverAnInfiniteSourceForAMinuteKeepsMemoryFlat(t *testing.T) {
	rerun.Share(t, 12)
	type page [2 << 10]byte
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprint("ordered ", ordered), func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				made := 0
				source := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[*page]) error {
					for out.One(new(page)) {
						made++
						if made%200 == 0 {
							_, _ = testkit.Sleepy(500*time.Millisecond)(ctx, 0)
						}
					}
					return nil
				})
				var slow atomic.Bool
				stage := vimap.Func(func(ctx context.Context, p *page) (*page, error) {
					if !slow.Swap(true) { // the first is the head, or next to it
						_, err := testkit.Sleepy(time.Minute)(ctx, 0)
						return p, err
					}
					return p, nil
				}).Workers(2)
				p := source.Via(stage)
				if ordered {
					p = p.Ordered()
				}
				var seen []int64
				sampled := make(chan struct{})
				go func() {
					defer close(sampled)
					for range 5 {
						time.Sleep(10 * time.Second)
						synctest.Wait()
						seen = append(seen, heap.InUse())
					}
				}()
				began := time.Now()
				for range p.Start(testkit.Patient(t)).Zip() {
					if time.Since(began) >= time.Minute {
						break
					}
				}
				<-sampled
				require.Len(t, seen, 5)
				require.Less(t, slices.Max(seen)-seen[0], int64(1<<20), "%v after %d items of 2 KB", seen, made)
				if ordered {
					require.LessOrEqual(t, made, 16_384+100, "the head holds back what is behind it")
				} else {
					require.Greater(t, made, 20_000, "the head holds up nobody")
				}
			})
		})
	}
}

func TestTheDocumentedDefaultHoldsForSlowSinksSlowHeadsAndRetries(t *testing.T) {
	const most = 16_384
	slowHead := vimap.Func(func(ctx context.Context, n int) (int, error) {
		if n == 12_000 { // cheap items have made for a wide look-ahead by then
			return testkit.Sleepy(time.Minute)(ctx, n)
		}
		return n, nil
	}).Workers(4)
	retries := vimap.Func(func(ctx context.Context, n int) (int, error) {
		if n > 12_000 {
			return 0, testkit.ErrOdd
		}
		return n, nil
	}).Workers(4).Retry(retry.Fixed(time.Hour))
	for name, c := range map[string]struct {
		stage vimap.Stage[int, int]
		sink  time.Duration
	}{
		"a slow sink": {vimap.Func(testkit.Same).Workers(4), time.Minute},
		"a slow head": {slowHead, 0},
		"retries":     {retries, 0},
	} {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ordered %v", name, ordered), func(t *testing.T) {
				rerun.Share(t, 6)
				testkit.Bubble(t, func(t *testing.T) {
					var a testkit.Ahead
					p := a.Source(testkit.Endless).Via(c.stage)
					if ordered {
						p = p.Ordered()
					}
					ctx, cancel := context.WithTimeout(testkit.Patient(t), 30*time.Second)
					defer cancel()
					for range p.Start(ctx).Zip() {
						if a.Delivered.Add(1) == 10_000 {
							time.Sleep(c.sink)
						}
						if a.Delivered.Load() == 80_000 {
							break // nothing holds back what is not ordered
						}
					}
					require.LessOrEqual(t, a.Most.Load(), int64(most))
					require.GreaterOrEqual(t, a.Most.Load(), int64(8), "two for each worker")
				})
			})
		}
	}
}

func TestASlowConsumerGetsEachInputExactlyOnceInEveryMode(t *testing.T) {
	retried := new(testkit.LedgerOfAttempts)
	modes := map[string]func(vimap.Pipeline[int, int]) vimap.Pipeline[int, int]{
		"inline": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Map(testkit.Plus(0)) },
		"worker": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Via(vimap.Func(testkit.Jitter)) },
		"workers": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(new(testkit.Crew).Stage(5, testkit.Jitter))
		},
		"in flight": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Jitter).Workers(5)).InFlight(3)
		},
		"two stages": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Jitter).Workers(3).Then(vimap.Func(testkit.Same).Workers(2)))
		},
		"keys": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Jitter).Workers(5).KeyBy(func(n int) int { return n % 3 }))
		},
		"loops": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(new(testkit.Crew).Loop(3, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool { feed.Yield(n, nil); return false }))
		},
		"batches": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Bulk(7, time.Millisecond, func(_ context.Context, ns []int) ([]int, error) { return ns, nil }).Workers(2))
		},
		"retries": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(func(_ context.Context, n int) (int, error) {
				if retried.Next(n)%2 == 1 {
					return 0, testkit.ErrOdd
				}
				return n, nil
			}).Workers(3).Retry(retry.Fixed(time.Millisecond).Attempts(2)))
		},
	}
	for name, mode := range modes {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ordered %v", name, ordered), func(t *testing.T) {
				rerun.Share(t, 6)
				testkit.Bubble(t, func(t *testing.T) {
					for _, n := range []int{1, 2, 3, 10, 100} {
						p := mode(testkit.Count(n, nil))
						if ordered {
							p = p.Ordered()
						}
						var outs []int
						run := p.Start(testkit.Patient(t))
						for in, out := range run.Zip() {
							time.Sleep(time.Second)
							require.Equal(t, in, out)
							outs = append(outs, out)
						}
						require.NoError(t, run.Err())
						if !ordered {
							slices.Sort(outs)
						}
						require.Equal(t, testkit.UpTo(n), outs)
					}
				})
			})
		}
	}
}
