package vimap_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

// processors sets the number of processors for a test.
func processors(t *testing.T, n int) {
	t.Helper()
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestNoWorkerIdlesWhileAnotherHasLinesThatNobodyHasBegun(t *testing.T) {
	processors(t, 4)
	for _, whole := range []bool{false, true} {
		testkit.Bubble(t, func(t *testing.T) {
			l := &lent{text: strings.Repeat("x\n", 400), sizes: []int{1000}, whole: whole}
			var both testkit.Gauge
			began := time.Now()
			n, err := l.lend(0).Map(func([]byte) int {
				defer both.Enter()()
				time.Sleep(time.Second)
				return 1
			}).To(testkit.Patient(t), inTotal)
			require.NoError(t, err)
			require.Equal(t, 400, n)
			require.Equal(t, int64(4), both.Most.Load())
			require.Less(t, time.Since(began), 105*time.Second, "100 are the least")
		})
	}
}

func inTotal(run *vimap.Run[int, int]) (int, error) {
	return run.Aggregate(func() int { return 0 }, func(sum, _, n int) int { return sum + n }, func(a, b int) int { return a + b }), run.Err()
}

func TestTheLinesBehindOneThatHoldsAWorkerUpAreTakenByOthers(t *testing.T) {
	processors(t, 2)
	testkit.Bubble(t, func(t *testing.T) {
		var others atomic.Int64
		var at time.Duration
		began := time.Now()
		_, err := (&lent{text: strings.Repeat("slow\n", 1) + strings.Repeat("quick\n", 9_999), sizes: []int{60_000}}).lend(0).Map(func(line []byte) int {
			if string(line) == "slow" {
				time.Sleep(time.Hour)
				return 1
			}
			if others.Add(1) == 9_999 {
				at = time.Since(began)
			}
			return 1
		}).To(t.Context(), inTotal)
		require.NoError(t, err)
		require.Less(t, at, 10*time.Millisecond)
	})
}

func TestCancellingEndsARunOfLinesBetweenThem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, errLine)
		defer cancel()
		began := time.Now()
		run := (&lent{text: strings.Repeat("x\n", 100_000), sizes: []int{10_000}}).lend(0).Map(func([]byte) int {
			time.Sleep(time.Second)
			return 1
		}).Start(ctx)
		n := run.Aggregate(func() int { return 0 }, func(sum, _, n int) int { return sum + n }, func(a, b int) int { return a + b })
		require.ErrorIs(t, run.Err(), errLine)
		require.Equal(t, 2*time.Second, time.Since(began))
		require.Equal(t, int64(n), run.Stats().Delivered)
		testkit.RequireAddsUp(t, run.Stats())
	})
}

func TestBlocksInFlightAreBounded(t *testing.T) {
	processors(t, 2)
	for _, ordered := range []bool{false, true} {
		testkit.Bubble(t, func(t *testing.T) {
			l := &lent{text: strings.Repeat("x\n", 100_000), sizes: []int{200}}
			p := l.lend(0).Map(func([]byte) int { time.Sleep(time.Hour); return 1 })
			bound := int64(3*2 + 2)
			if ordered {
				p, bound = p.Ordered(), 2*bound
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := p.To(ctx, inTotal)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.LessOrEqual(t, l.given.Load(), bound+1)
		})
	}
}

// The lines take a millisecond each, and the blocks of them minutes.
func TestAFailureOrAStopLeavesLinesThatNobodyHasBegun(t *testing.T) {
	processors(t, 2)
	for _, end := range []string{"error", "stop", "error of strings", "stop of strings"} {
		testkit.Bubble(t, func(t *testing.T) {
			l := &lent{text: strings.Repeat("x\n", 100_000), sizes: []int{50_000}}
			var calls atomic.Int64
			var run *vimap.Run[string, string]
			work := func(line string) (string, error) {
				time.Sleep(time.Millisecond)
				if calls.Add(1) == 50 {
					if strings.HasPrefix(end, "error") {
						return "", errLine
					}
					run.Stop()
				}
				return line, nil
			}
			p := l.lend(0).Try(func(line []byte) (string, error) { return work(string(line)) })
			if strings.HasSuffix(end, "strings") {
				p = l.strings(0).Try(work)
			}
			run = p.Start(testkit.Patient(t))
			got := run.Aggregate(oneText, addText, mergeTexts)
			require.LessOrEqual(t, calls.Load(), int64(52))
			require.Equal(t, l.given.Load(), l.done.Load(), "blocks that were not done with")
			stats := run.Stats()
			require.Equal(t, calls.Load(), stats.Read)
			require.Equal(t, int64(len(got)), stats.Delivered)
			testkit.RequireAddsUp(t, stats)
			if end == "stop" || end == "stop of strings" {
				require.True(t, stats.Stopped)
				require.NoError(t, run.Err())
				return
			}
			require.ErrorIs(t, run.Err(), errLine)
		})
	}
}

// A line of the second block fails while a worker has some of the first in hand,
// which leaves the rest of that, and another has some of the second, which goes
// on for longer: the failure is seen when the first block is done with.
func TestALineKeepsItsNumberBehindLinesThatAreLeft(t *testing.T) {
	processors(t, 3)
	testkit.Bubble(t, func(t *testing.T) {
		const first = 10_000
		l := &lent{text: strings.Repeat("slow\n", first) + "slow\nbad\n" + strings.Repeat("sloth\n", 3), sizes: []int{5 * first}}
		_, err := l.lend(0).Try(func(line []byte) (int, error) {
			switch string(line) {
			case "slow":
				time.Sleep(time.Second)
			case "sloth":
				time.Sleep(time.Minute)
			case "bad":
				time.Sleep(2500 * time.Millisecond)
				return 0, errLine
			}
			return 1, nil
		}).To(testkit.Patient(t), inTotal)
		var item *vimap.ItemError
		require.ErrorAs(t, err, &item)
		require.Equal(t, int64(first+1), item.Index)
		require.Equal(t, lentPlace(first+1), item.Place)
	})
}

func TestStoppingARunOfLinesFinishesWhatWasRead(t *testing.T) {
	testkit.Quiet(t)
	var run *vimap.Run[string, string]
	var once sync.Once
	l := &lent{text: strings.Repeat("x\n", 100_000), sizes: []int{1000}}
	run = l.lend(0).Map(func(line []byte) string {
		once.Do(func() { run.Stop() })
		return string(line)
	}).Start(t.Context())
	got := run.Aggregate(oneText, addText, mergeTexts)
	require.NoError(t, run.Err())
	require.Less(t, len(got), 100_000)
	require.Equal(t, vimap.Accounts{Read: int64(len(got)), Delivered: int64(len(got))}, run.Stats().Accounts)
}

func TestALineThatIsKeptIsOverwrittenUnderTheRaceDetector(t *testing.T) {
	testkit.Quiet(t)
	var kept [][]byte
	keep := func(line []byte) bool { kept = append(kept, line); return true }
	for _, p := range []vimap.Pipeline[string, string]{
		(&lent{text: "one\n", sizes: []int{9}}).lend(0).Filter(keep).Map(func(line []byte) string { return string(line) }),
		(&lent{text: "one\n", sizes: []int{9}}).lend(0).Map(func(line []byte) string { keep(line); return string(line) }),
		(&lent{text: "one\n", sizes: []int{9}}).lend(0).Try(func(line []byte) (string, error) { keep(line); return string(line), nil }),
	} {
		for _, p := range []vimap.Pipeline[string, string]{p, p.InFlight(1)} {
			kept = nil
			got, err := p.To(t.Context(), func(run *vimap.Run[string, string]) ([]string, error) {
				return run.Aggregate(oneText, addText, mergeTexts), run.Err()
			})
			require.NoError(t, err)
			require.Equal(t, []string{"one"}, got)
			require.Len(t, kept, 1)
			if raceDetector {
				require.Equal(t, "\xff\xff\xff", string(kept[0]))
			}
		}
	}
}

func TestAMistakeInWhatIsLentPanicsWithItsRule(t *testing.T) {
	b := (&lent{}).lend(0)
	for rule, mistake := range map[string]func(){
		"vimap: Lend: Lines must not be nil":        func() { vimap.Lend(vimap.Lender[[]byte]{}) },
		"vimap: Lend: Blocks must not be nil":       func() { vimap.Lend(vimap.Lender[[]byte]{Lines: lenderOf[[]byte](&lent{}, 0).Lines}) },
		"vimap: Strings: Lines must not be nil":     func() { vimap.Strings(vimap.Lender[string]{}) },
		"vimap: Strings: Blocks must not be nil":    func() { vimap.Strings(vimap.Lender[string]{Lines: lenderOf[string](&lent{}, 0).Lines}) },
		"vimap: Filter: keep must not be nil":       func() { b.Filter(nil) },
		"vimap: Map: f must not be nil":             func() { b.Map[int](nil) },
		"vimap: Try: f must not be nil":             func() { b.Try[int](nil) },
		"vimap: Filter: the source must not be nil": func() { vimap.Borrowed{}.Filter(notDropped) },
		"vimap: Map: the source must not be nil":    func() { vimap.Borrowed{}.Map(func([]byte) int { return 0 }) },
		"vimap: Try: the source must not be nil":    func() { vimap.Borrowed{}.Try(readLine) },
	} {
		require.PanicsWithValue(t, rule, mistake)
	}
}
