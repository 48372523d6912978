package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// addLine copies a line.
func addLine(all []string, line []byte) []string { return append(all, string(line)) }

// addBad fails as the line says.
func addBad(all []string, line []byte) []string {
	if _, err := readLine(line); err != nil {
		panic(err)
	}
	return addLine(all, line)
}

func one() int                  { return 0 }
func count(n int, _ []byte) int { return n + 1 }
func plus(a, b int) int         { return a + b }
func keptLine(line string) bool { return !strings.HasPrefix(line, "-") }
func numbered(n int, w string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprint(&text, w, i, "\n")
	}
	return text.String()
}

func TestLentLinesThatAreAddedAreThoseOfAPlainLoop(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range rounds {
		text := randomText(r, r.IntN(100))
		for _, sizes := range [][]int{{7, 1, 30}, {100}, {1, 2000}, {100_000}} {
			for _, filtered := range []bool{false, true} {
				l := &lent{text: text, sizes: sizes, whole: r.IntN(3) == 0}
				b, want := l.lend(0), linesOf(text)
				if filtered {
					b, want = b.Filter(notDropped), slices.DeleteFunc(want, func(line string) bool { return !keptLine(line) })
				}
				slices.Sort(want)
				for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
					run := b.Start(ctx)
					got := run.Aggregate(oneText, addLine, mergeTexts)
					require.NoError(t, run.Err())
					slices.Sort(got)
					require.Equal(t, want, got)
					all := int64(len(linesOf(text)))
					require.Equal(t, vimap.Accounts{Read: all, Delivered: int64(len(got)), Filtered: all - int64(len(got))}, run.Stats().Accounts)
				}
				require.Equal(t, l.given.Load(), l.done.Load(), "blocks that were not done with")
			}
		}
	}
}

func TestWithoutLinesTheSumIsANewAccumulator(t *testing.T) {
	testkit.Quiet(t)
	got, err := (&lent{}).lend(0).Aggregate(t.Context(), func() int { return 7 }, count, plus)
	require.NoError(t, err)
	require.Equal(t, 7, got)
}

// requireBad holds that a run ended with the failure of one of the lines that
// begin with bad, with all that is known of it.
func requireBad(t *testing.T, err error, text, bad, stage string) {
	t.Helper()
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.Equal(t, stage, item.Stage)
	line := linesOf(text)[item.Index]
	require.True(t, strings.HasPrefix(line, bad), line)
	require.Equal(t, line, item.Input)
	require.Equal(t, lentPlace(item.Index), item.Place)
	require.Equal(t, 1, item.Attempts)
	var p *vimap.PanicError
	require.ErrorAs(t, err, &p)
	require.NotEmpty(t, p.Stack)
}

func TestAPanicWhereALineIsAddedFailsThatLineAlone(t *testing.T) {
	processors(t, 1) // so that the lines are added in their order
	for _, bad := range []string{"error", "panic", "exit"} {
		for name, text := range map[string]string{
			"alone":    bad + "\n",
			"first":    bad + "\n" + numbered(99, "x"),
			"last":     numbered(99, "x") + bad,
			"a return": numbered(50, "x") + bad + "\r\n" + numbered(49, "x"),
			"many":     strings.Repeat(numbered(9, "x")+bad+"\n", 10),
		} {
			for _, filtered := range []bool{false, true} {
				t.Run(fmt.Sprint(bad, " ", name, " filtered ", filtered), func(t *testing.T) {
					testkit.Quiet(t)
					b := (&lent{text: text, sizes: []int{100_000}}).lend(0)
					if filtered {
						b = b.Filter(notDropped)
					}
					run := b.Start(t.Context())
					got := run.Aggregate(oneText, addBad, mergeTexts)
					requireBad(t, run.Err(), text, bad, "aggregate")
					isBad := func(line string) bool { return strings.HasPrefix(line, bad) }
					want := slices.DeleteFunc(linesOf(text), isBad)
					require.GreaterOrEqual(t, len(got), slices.IndexFunc(linesOf(text), isBad))
					if len(got) > 0 {
						require.Equal(t, want[:len(got)], got, "the accumulator keeps its value")
					}
					stats := run.Stats()
					require.Equal(t, int64(len(got)), stats.Delivered)
					require.Equal(t, int64(1), stats.Failed)
					testkit.RequireAddsUp(t, stats)
				})
			}
		}
	}
}

func TestAPanicWhereALineIsAddedEndsASerialRunAtThatLine(t *testing.T) {
	testkit.Quiet(t)
	text := numbered(50, "x") + "panic\n" + numbered(50, "x")
	got, err := (&lent{text: text, sizes: []int{50}}).lend(0).Aggregate(vimaptest.Serial(t.Context()), oneText, addBad, mergeTexts)
	requireBad(t, err, text, "panic", "aggregate")
	require.Equal(t, linesOf(text)[:50], got)
}

func TestAPanicInAFilterOfLinesThatAreAddedHasItsLine(t *testing.T) {
	testkit.Quiet(t)
	text := numbered(50, "x") + "panic\n" + numbered(50, "x")
	b := (&lent{text: text, sizes: []int{70}}).lend(0).Filter(func(line []byte) bool {
		_, err := readLine(line)
		return err == nil
	})
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		_, err := b.Aggregate(ctx, oneText, addLine, mergeTexts)
		requireBad(t, err, text, "panic", "filter")
	}
}

func TestAPanicWhereAnAccumulatorOfLinesBeginsFailsItsLine(t *testing.T) {
	testkit.Quiet(t)
	text := numbered(100, "x")
	var begun atomic.Int64
	got, err := (&lent{text: text, sizes: []int{100_000}}).lend(0).Aggregate(t.Context(), func() map[string]bool {
		if begun.Add(1) == 1 {
			panic(errLine)
		}
		return map[string]bool{}
	}, func(lines map[string]bool, line []byte) map[string]bool {
		lines[string(line)] = true
		return lines
	}, func(lines, others map[string]bool) map[string]bool {
		maps.Copy(lines, others)
		return lines
	})
	requireBad(t, err, text, "x", "aggregate")
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.NotContains(t, got, linesOf(text)[item.Index])

	begun.Store(0)
	run := (&lent{text: text, sizes: []int{100_000}}).lend(0).Map(func(line []byte) string { return string(line) }).Tolerate(1).Start(t.Context())
	all := run.Aggregate(func() []string {
		if begun.Add(1) == 1 {
			panic(errLine)
		}
		return nil
	}, addText, mergeTexts)
	require.NoError(t, run.Err())
	require.Len(t, all, 99)
}

func TestAPanicWhereSumsOfLinesAreMergedIsAnError(t *testing.T) {
	processors(t, 2)
	testkit.Bubble(t, func(t *testing.T) {
		nap := func(n int, _ []byte) int { time.Sleep(time.Second); return n + 1 } // so that both take part
		_, err := (&lent{text: numbered(10, "x"), sizes: []int{5}}).lend(0).Aggregate(testkit.Patient(t), one, nap, func(int, int) int { panic(errLine) })
		var p *vimap.PanicError
		require.ErrorAs(t, err, &p)
		require.ErrorIs(t, err, errLine)
	})
}

func TestALineThatIsTooLongToBeAddedOrUnreadableEndsTheRunWithItsPlace(t *testing.T) {
	testkit.Quiet(t)
	errDisk := errors.New("disk on fire")
	text := strings.Repeat("abc\n", 1000) + "abcd\n" + strings.Repeat("abc\n", 1000)
	burns := func(end int64) error { return map[bool]error{true: errDisk}[end > 5000] }

	got, err := (&lent{text: text, sizes: []int{300}}).lend(3).Aggregate(t.Context(), one, count, plus)
	require.ErrorIs(t, err, errTooLong)
	require.ErrorContains(t, err, lentPlace(1000)+": ")
	require.GreaterOrEqual(t, got, 1000)

	run := (&lent{text: text, sizes: []int{300}, reads: burns}).lend(0).Start(t.Context())
	got = run.Aggregate(one, count, plus)
	var failed *vimap.SourceError
	require.ErrorAs(t, run.Err(), &failed)
	require.ErrorIs(t, failed, errDisk)
	require.Equal(t, int64(got), run.Stats().Delivered)
	testkit.RequireAddsUp(t, run.Stats())
}

func TestCancellingEndsTheAddingOfLinesBetweenThem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, errLine)
		defer cancel()
		began := time.Now()
		run := (&lent{text: strings.Repeat("x\n", 100_000), sizes: []int{10_000}}).lend(0).Start(ctx)
		n := run.Aggregate(one, func(n int, _ []byte) int { time.Sleep(time.Second); return n + 1 }, plus)
		require.ErrorIs(t, run.Err(), errLine)
		require.Equal(t, 2*time.Second, time.Since(began))
		require.Equal(t, int64(n), run.Stats().Delivered)
		testkit.RequireAddsUp(t, run.Stats())
	})
}

func TestStoppingTheAddingOfLinesFinishesWhatWasRead(t *testing.T) {
	testkit.Quiet(t)
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		run := (&lent{text: strings.Repeat("x\n", 100_000), sizes: []int{1000}}).lend(0).Start(ctx)
		n := run.Aggregate(one, func(n int, _ []byte) int {
			run.Stop()
			return n + 1
		}, plus)
		require.NoError(t, run.Err())
		require.Positive(t, n)
		require.Less(t, n, 100_000)
		require.Equal(t, vimap.Accounts{Read: int64(n), Delivered: int64(n)}, run.Stats().Accounts)
		require.True(t, run.Stats().Stopped)
	}
}

func TestTheContextOfAStopStopsTheAddingOfLines(t *testing.T) {
	testkit.Quiet(t)
	ctx, stop := vimap.WithStop(t.Context())
	n, err := (&lent{text: strings.Repeat("x\n", 100_000), sizes: []int{1000}}).lend(0).Aggregate(ctx, one, func(n int, _ []byte) int {
		stop()
		return n + 1
	}, plus)
	require.NoError(t, err)
	require.Less(t, n, 100_000)
}

func TestTheAccountsOfLinesAreKnownWhileTheyAreAdded(t *testing.T) {
	testkit.Quiet(t)
	run := (&lent{text: numbered(1000, "x"), sizes: []int{100}}).lend(0).Start(t.Context())
	require.True(t, run.Stats().Began.IsZero())
	n := run.Aggregate(one, func(n int, _ []byte) int {
		if !run.Stats().Running {
			panic("it does not run")
		}
		return n + 1
	}, plus)
	require.NoError(t, run.Err())
	require.Equal(t, 1000, n)
	require.False(t, run.Stats().Running)
	require.PanicsWithValue(t, "vimap: Run: it must be ranged over only once", func() { run.Aggregate(one, count, plus) })
}

func TestNoWorkerIdlesWhileAnotherHasLinesToAdd(t *testing.T) {
	processors(t, 4)
	testkit.Bubble(t, func(t *testing.T) {
		var both testkit.Gauge
		began := time.Now()
		n, err := (&lent{text: strings.Repeat("x\n", 400), sizes: []int{1000}}).lend(0).Aggregate(testkit.Patient(t), one, func(n int, _ []byte) int {
			defer both.Enter()()
			time.Sleep(time.Second)
			return n + 1
		}, plus)
		require.NoError(t, err)
		require.Equal(t, 400, n)
		require.Equal(t, int64(4), both.Most.Load())
		require.Less(t, time.Since(began), 105*time.Second, "100 are the least")
	})
}

func TestTheLinesBehindOneThatHoldsTheAddingUpAreTakenByOthers(t *testing.T) {
	processors(t, 2)
	testkit.Bubble(t, func(t *testing.T) {
		var others atomic.Int64
		var at time.Duration
		began := time.Now()
		_, err := (&lent{text: "slow\n" + strings.Repeat("quick\n", 9_999), sizes: []int{60_000}}).lend(0).Aggregate(t.Context(), one, func(n int, line []byte) int {
			if string(line) == "slow" {
				time.Sleep(time.Hour)
			} else if others.Add(1) == 9_999 {
				at = time.Since(began)
			}
			return n + 1
		}, plus)
		require.NoError(t, err)
		require.Less(t, at, 10*time.Millisecond)
	})
}

func TestALineThatIsKeptWhereItIsAddedIsOverwrittenUnderTheRaceDetector(t *testing.T) {
	testkit.Quiet(t)
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		var kept []byte
		_, err := (&lent{text: "one\n", sizes: []int{9}}).lend(0).Aggregate(ctx, one, func(n int, line []byte) int {
			kept = line
			return n + 1
		}, plus)
		require.NoError(t, err)
		require.Len(t, kept, 3)
		if raceDetector {
			require.Equal(t, "\xff\xff\xff", string(kept))
		}
	}
}

func TestAddingLinesAllocatesNothingForALine(t *testing.T) {
	testkit.Quiet(t)
	if raceDetector {
		t.Skip("there each line is copied")
	}
	text := strings.Repeat("0123456789\n", 100_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := (&lent{text: text, sizes: []int{len(text) / 2}, whole: true}).lend(0).Aggregate(t.Context(), one, count, plus)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Less(t, after.Mallocs-before.Mallocs, uint64(5_000))
}

func TestAMistakeInTheAddingOfLinesPanicsWithItsRule(t *testing.T) {
	testkit.Quiet(t)
	b := (&lent{}).lend(0)
	ctx := t.Context()
	for rule, mistake := range map[string]func(){
		"vimap: Aggregate: newAcc must not be nil":     func() { _, _ = b.Aggregate(ctx, nil, count, plus) },
		"vimap: Aggregate: add must not be nil":        func() { _, _ = b.Aggregate(ctx, one, nil, plus) },
		"vimap: Aggregate: merge must not be nil":      func() { _, _ = b.Aggregate(ctx, one, count, nil) },
		"vimap: Aggregate: the source must not be nil": func() { _, _ = vimap.Borrowed{}.Aggregate(ctx, one, count, plus) },
		"vimap: Aggregate: ctx must not be nil":        func() { _, _ = b.Aggregate(nil, one, count, plus) }, //nolint:staticcheck // the mistake
		"vimap: Start: the source must not be nil":     func() { vimap.Borrowed{}.Start(ctx) },
		"vimap: Start: ctx must not be nil":            func() { b.Start(nil) }, //nolint:staticcheck // the mistake
	} {
		require.PanicsWithValue(t, rule, mistake)
	}
	run := b.Start(ctx)
	require.PanicsWithValue(t, "vimap: Aggregate: newAcc must not be nil", func() { run.Aggregate(nil, count, plus) })
}
