package sources_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// counting is an infinite source of from, from+1, …
func counting(from int) vimap.Pipeline[int, int] {
	return sources.Seq(func(yield func(int) bool) {
		for n := from; yield(n); n++ {
		}
	})
}

// until is 0, 1, … n-1, each plus from.
func until(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

func TestAnyMergeHasTheItemsOfAllEachSourceInItsOrder(t *testing.T) {
	rerun.Share(t, 8)
	quiet(t)
	const far = 1_000_000
	for range 100 {
		var parts []vimap.Pipeline[int, int]
		var lengths []int
		for i := range 1 + rand.IntN(6) {
			n := rand.IntN(300)
			p := sources.Slice(until(i*far, n))
			switch rand.IntN(4) {
			case 0:
				p = sources.Seq(slices.Values(until(i*far, n)))
			case 1:
				p = p.Via(vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil }).Workers(3))
			case 2:
				p = sources.Merge(p, sources.Slice([]int(nil)))
			}
			parts, lengths = append(parts, p), append(lengths, n)
		}
		for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
			merged := sources.Merge(parts[0], parts[1:]...)
			if n := rand.IntN(5); n > 0 {
				merged = merged.InFlight(n)
			}
			all, err := merged.Ordered().To(ctx, sinks.Collect)
			require.NoError(t, err)
			got := make([][]int, len(parts))
			for _, n := range all {
				got[n/far] = append(got[n/far], n)
			}
			for i, n := range lengths {
				require.Equal(t, until(i*far, n), append([]int{}, got[i]...))
			}
		}
	}
}

func TestASourceOfAMergeThatBlocksHoldsUpNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := vimap.From(func(ctx context.Context) iter.Seq2[int, error] {
			return func(func(int, error) bool) { <-ctx.Done() }
		})
		for _, p := range []vimap.Pipeline[int, int]{
			sources.Merge(silent, counting(0)), sources.Merge(counting(0), silent), sources.Merge(silent, sources.Merge(silent, counting(0))),
		} {
			for _, bound := range []int{1, 2, 100} {
				began := time.Now()
				require.Equal(t, until(0, 1_000), take(t, 1_000, p.InFlight(bound)))
				require.Zero(t, time.Since(began))
			}
		}
	})
}

func TestNoSourceOfAMergeStarvesAnother(t *testing.T) {
	many := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		for out.Many(make([]int, 10_000)) {
		}
		return nil
	})
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"one by one": sources.Merge(counting(0).Map(func(int) int { return 0 }), counting(1)),
		"in chunks":  sources.Merge(many, counting(1)),
		"nested":     sources.Merge(sources.Merge(many, many), counting(1)),
	} {
		synctest.Test(t, func(t *testing.T) {
			since, longest, seen := 0, 0, 0
			run := p.Start(t.Context())
			for _, n := range run.Zip() {
				time.Sleep(time.Millisecond) // whoever has an item waits for its turn by now
				if since++; n > 0 {
					longest = max(longest, since)
					since = 0
					if seen++; seen == 100 {
						break
					}
				}
			}
			require.NoError(t, run.Err())
			require.LessOrEqual(t, longest, 4*64, "%s: items of the other between two of the one", name)
		})
	}
}

func TestTheFirstErrorOfAMergeEndsItAfterWhatCameBefore(t *testing.T) {
	quiet(t)
	errBad := errors.New("bad")
	breaks := vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) { _ = yield(-1, nil) && yield(-2, nil) && yield(0, errBad) }
	})
	dies := func(die func()) vimap.Pipeline[int, int] {
		return sources.Seq(func(func(int) bool) { die() })
	}
	for name, c := range map[string]struct {
		part vimap.Pipeline[int, int]
		is   error
	}{
		"an error":       {breaks, errBad},
		"a missing file": {vimap.Decode(sources.Lines("missing.txt"), strconv.Atoi), fs.ErrNotExist},
		"a failed item":  {breaks.Ordered().Try(func(int) (int, error) { return 0, errBad }), errBad},
		"a panic":        {dies(func() { panic(errBad) }), errBad},
		"a Goexit":       {dies(runtime.Goexit), vimap.ErrGoexit},
	} {
		for mode, ctx := range map[string]context.Context{"": t.Context(), "serial": vimaptest.Serial(t.Context())} {
			if mode == "serial" && name == "a Goexit" {
				continue // it ends the goroutine of the test
			}
			for _, p := range []vimap.Pipeline[int, int]{sources.Merge(c.part, counting(0)), sources.Merge(counting(0), sources.Merge(counting(0), c.part))} {
				all, err := p.Ordered().To(ctx, sinks.Collect)
				require.ErrorIs(t, err, c.is, name+mode)
				var source *vimap.SourceError
				require.ErrorAs(t, err, &source)
				if name == "an error" {
					require.Contains(t, all, -2)
				}
			}
		}
	}
}

func TestItemsOfAMergeKeepTheirPlaces(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	errBad := errors.New("bad")
	a, b := file(t, "a.txt", numbered(700, 3)), file(t, "b.txt", numbered(900, 3))
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		for _, p := range []vimap.Pipeline[string, string]{
			sources.Merge(sources.Lines(a), sources.Lines(b), sources.Slice([]string{"nowhere"})),
			sources.Merge(sources.Merge(sources.Lines(a), sources.Slice([]string{"nowhere"})), sources.Concat(sources.Lines(b))),
		} {
			seen := map[string]int{}
			for result := range p.Try(func(string) (int, error) { return 0, errBad }).Start(ctx).Results() {
				var item *vimap.ItemError
				require.ErrorAs(t, result.Err, &item)
				seen[item.Place]++
				var line int
				if name, number, ok := strings.Cut(item.Place, ".txt:"); ok {
					_, err := fmt.Sscan(number, &line)
					require.NoError(t, err)
					require.NotEmpty(t, name)
					require.Equal(t, strings.Repeat(string(rune('a'+(line-1)%26)), 3), result.In)
				} else {
					require.Equal(t, "nowhere", result.In)
				}
			}
			require.Len(t, seen, 1_601)
			require.Equal(t, 1, seen[a+":1"])
			require.Equal(t, 1, seen[b+":900"])
		}
	}
}

func TestLeavingStoppingAndCancellingAMergeEndAllItsSources(t *testing.T) {
	quiet(t)
	errEnough := errors.New("enough")
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		begun, ended := 0, 0 // it may not begin before the end
		part := func() vimap.Pipeline[int, int] {
			return sources.Seq(func(yield func(int) bool) {
				begun++
				for yield(1) {
				}
				ended++
			})
		}
		p := sources.Merge(part().InFlight(3), counting(0), sources.Merge(counting(3), counting(4)).Ordered())
		run := p.Start(ctx)
		for range run.Zip() {
			break
		}
		require.NoError(t, run.Err())
		require.Equal(t, begun, ended)

		run = p.Start(ctx)
		for range run.Zip() {
			run.Stop()
		}
		require.NoError(t, run.Err())
		require.Equal(t, run.Stats().Read, run.Stats().Delivered)
		require.Equal(t, begun, ended)

		ctx, cancel := context.WithCancelCause(ctx)
		run = p.Start(ctx)
		for range run.Zip() {
			cancel(errEnough)
		}
		cancel(nil)
		require.Equal(t, errEnough, run.Err())
		require.Equal(t, begun, ended)
	}
}

// Each source may have read one item for which there is no room.
func TestTheLookAheadBoundsAllSourcesOfAMergeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read [3]int
		one := func(i int) vimap.Pipeline[int, int] {
			return sources.Seq(func(yield func(int) bool) {
				for read[i]++; yield(1); read[i]++ {
				}
			})
		}
		run := sources.Merge(one(0), one(1), one(2)).InFlight(5).Start(t.Context())
		taken := 0
		for range run.Zip() {
			taken++
			synctest.Wait()
			require.LessOrEqual(t, read[0]+read[1]+read[2], taken-1+5+3)
			if taken == 1_000 {
				break
			}
		}
		require.NoError(t, run.Err())
	})
}

func TestASourceOfAMergeThatIgnoresTheEndIsNamedByItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := func(yield func(int) bool) { time.Sleep(time.Hour) }
		run := sources.Merge(counting(0), sources.Seq(deaf), counting(1)).Start(t.Context())
		for range run.Zip() {
			break
		}
		var stuck *vimap.StuckError
		require.ErrorAs(t, run.Err(), &stuck)
		require.Contains(t, string(stuck.Stack), "time.Sleep")
		time.Sleep(time.Hour)
	})
}
