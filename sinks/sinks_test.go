package sinks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

var errSeven = errors.New("seven is too much")

// notSeven is a step that fails at 7.
func notSeven(n int) (int, error) {
	if n == 7 {
		return 0, errSeven
	}
	return n, nil
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// endless counts up from 0 for ever.
func endless() vimap.Pipeline[int, int] {
	return sources.Seq(func(yield func(int) bool) {
		for n := 0; yield(n); n++ {
		}
	})
}

func TestMistakeInTheSourcePanicsWithItsRule(t *testing.T) {
	for rule, mistake := range map[string]func(){
		"sinks: Each: f must not be nil":  func() { sinks.Each[int, int](nil) },
		"sinks: Fold: f must not be nil":  func() { sinks.Fold[int, int, int](0, nil) },
		"sinks: Chan: ch must not be nil": func() { sinks.Chan[int](nil) },
		"sinks: Aggregate: newAcc, add and merge must not be nil": func() {
			sinks.Aggregate[int, int, int](nil, func(a, _, _ int) int { return a }, func(a, _ int) int { return a })
		},
		"sinks: Lines: path must not be empty":     func() { sinks.Lines("") },
		"sinks: LinesTo: w must not be nil":        func() { sinks.LinesTo(nil) },
		"sinks: JSONLines: path must not be empty": func() { sinks.JSONLines("") },
		"sinks: JSONLinesTo: w must not be nil":    func() { sinks.JSONLinesTo(nil) },
		"sinks: JSONArray: path must not be empty": func() { sinks.JSONArray("") },
		"sinks: JSONArrayTo: w must not be nil":    func() { sinks.JSONArrayTo(nil) },
		"sinks: CSV: path must not be empty":       func() { sinks.CSV("") },
		"sinks: CSVTo: w must not be nil":          func() { sinks.CSVTo(nil) },
		"sinks: Comma: comma must not be '\"'":     func() { sinks.CSV("a").Comma('"') },
		"sinks: Comma: comma must not be '\\n'":    func() { sinks.CSV("a").Comma('\n') },
	} {
		t.Run(rule, func(t *testing.T) { require.PanicsWithValue(t, rule, mistake) })
	}
}

func TestCollectReturnsEveryOutput(t *testing.T) {
	for _, n := range []int{1, 2, 3, 99, 100, 10_000} {
		outs, err := sources.Slice(numbers(n)).Map(strconv.Itoa).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		require.Len(t, outs, n)
		require.Equal(t, strconv.Itoa(n-1), outs[n-1])
	}
}

func TestZipGivesEachInputBesideItsOwnOutput(t *testing.T) {
	words := make([]string, 10_000)
	for i := range words {
		words[i] = strconv.Itoa(i)
	}
	squares := vimap.Func(func(_ context.Context, n int) (int, error) { return n * n, nil }).Workers(4)
	pairs, err := sources.Slice(words).Try(strconv.Atoi).Via(squares).To(t.Context(), sinks.Zip)
	require.NoError(t, err)
	require.Len(t, pairs, len(words))
	seen := map[string]bool{}
	for _, pair := range pairs {
		n, err := strconv.Atoi(pair.In)
		require.NoError(t, err)
		require.Equal(t, n*n, pair.Out)
		seen[pair.In] = true
	}
	require.Len(t, seen, len(words))
}

func TestZipKeepsEqualInputsApart(t *testing.T) {
	var calls int
	pairs, err := sources.Slice([]string{"a", "a", "a"}).
		Map(func(string) int { calls++; return calls }).
		Ordered().
		To(t.Context(), sinks.Zip)
	require.NoError(t, err)
	require.Equal(t, []vimap.Pair[string, int]{{In: "a", Out: 1}, {In: "a", Out: 2}, {In: "a", Out: 3}}, pairs)
}

func TestIgnoreCountsTheOutputs(t *testing.T) {
	even := func(n int) bool { return n%2 == 0 }
	outs, err := sources.Slice(numbers(100)).Filter(even).To(t.Context(), sinks.Ignore)
	require.NoError(t, err)
	require.Equal(t, int64(50), outs)
}

func TestEachCallsBackInOrder(t *testing.T) {
	var seen []string
	taken, err := sources.Slice([]int{3, 1, 2}).Map(strconv.Itoa).Ordered().
		To(t.Context(), sinks.Each(func(in int, out string) error {
			seen = append(seen, fmt.Sprint(in, "=", out))
			return nil
		}))
	require.NoError(t, err)
	require.Equal(t, int64(3), taken)
	require.Equal(t, []string{"3=3", "1=1", "2=2"}, seen)
}

func TestErrorOfACallbackEndsTheRunAndIsReturnedAsItIs(t *testing.T) {
	taken, err := endless().Ordered().To(t.Context(), sinks.Each(func(in, _ int) error {
		if in == 7 {
			return errSeven
		}
		return nil
	}))
	require.Equal(t, errSeven, err)
	require.Equal(t, int64(7), taken)
}

func TestFoldBeginsEachRunWithStart(t *testing.T) {
	sum := sinks.Fold(100, func(sum, _, out int) int { return sum + out })
	for range 2 {
		total, err := sources.Slice(numbers(5)).To(t.Context(), sum)
		require.NoError(t, err)
		require.Equal(t, 110, total)
	}
}

func TestFoldWithAMapAsStartGoesOnWhereItsFirstRunEnded(t *testing.T) {
	count := sinks.Fold(map[int]int{}, func(counts map[int]int, _, out int) map[int]int {
		counts[out]++
		return counts
	})
	for run := range 2 {
		counts, err := sources.Slice([]int{5, 5}).To(t.Context(), count)
		require.NoError(t, err)
		require.Equal(t, map[int]int{5: 2 * (run + 1)}, counts)
	}
}

func TestWithoutInputsASinkReturnsNothing(t *testing.T) {
	none := sources.Slice[int](nil)
	ctx := t.Context()

	outs, err := none.To(ctx, sinks.Collect)
	require.NoError(t, err)
	require.Nil(t, outs)
	pairs, err := none.To(ctx, sinks.Zip)
	require.NoError(t, err)
	require.Nil(t, pairs)
	start, err := none.To(ctx, sinks.Fold("start", func(string, int, int) string { return "called" }))
	require.NoError(t, err)
	require.Equal(t, "start", start)

	var written bytes.Buffer
	for name, sink := range counting(func(int, int) error { return errSeven }, &written) {
		n, err := none.To(ctx, sink)
		require.NoError(t, err, name)
		require.Zero(t, n, name)
	}
	require.Zero(t, written.Len())
}

func TestASinkEndsAtTheFirstFailureAndReturnsItWithWhatCameBefore(t *testing.T) {
	failing := endless().Try(notSeven).Ordered()
	ctx := t.Context()

	outs, err := failing.To(ctx, sinks.Collect)
	require.ErrorIs(t, err, errSeven)
	require.Equal(t, numbers(7), outs)
	pairs, err := failing.To(ctx, sinks.Zip)
	require.ErrorIs(t, err, errSeven)
	require.Len(t, pairs, 7)
	sum, err := failing.To(ctx, sinks.Fold(0, func(sum, _, out int) int { return sum + out }))
	require.ErrorIs(t, err, errSeven)
	require.Equal(t, 21, sum)

	var written bytes.Buffer
	for name, sink := range counting(func(int, int) error { return nil }, &written) {
		n, err := failing.To(ctx, sink)
		require.ErrorIs(t, err, errSeven, name)
		require.Equal(t, int64(7), n, name)
	}
}

// counting yields the sinks that return a number.
func counting(f func(int, int) error, w *bytes.Buffer) iter.Seq2[string, func(*vimap.Run[int, int]) (int64, error)] {
	return func(yield func(string, func(*vimap.Run[int, int]) (int64, error)) bool) {
		_ = yield("Ignore", sinks.Ignore) &&
			yield("Each", sinks.Each(f)) &&
			yield("Chan", sinks.Chan(make(chan int, 100)).Outputs) &&
			yield("LinesTo.Outputs", sinks.LinesTo(w).Outputs) &&
			yield("LinesTo.Pairs", sinks.LinesTo(w).Pairs) &&
			yield("JSONLinesTo.Outputs", sinks.JSONLinesTo(w).Outputs) &&
			yield("JSONLinesTo.Pairs", sinks.JSONLinesTo(w).Pairs)
	}
}

func TestResultsCostLinearMemory(t *testing.T) {
	rerun.Once(t)
	path := t.TempDir() + "/out"
	for name, run := range map[string]func(vimap.Pipeline[int, int]) error{
		"Collect": func(p vimap.Pipeline[int, int]) error { _, err := p.To(t.Context(), sinks.Collect); return err },
		"Zip":     func(p vimap.Pipeline[int, int]) error { _, err := p.To(t.Context(), sinks.Zip); return err },
		"Lines.Pairs": func(p vimap.Pipeline[int, int]) error {
			_, err := p.To(t.Context(), sinks.Lines(path).Pairs)
			return err
		},
		"JSONLines.Pairs": func(p vimap.Pipeline[int, int]) error {
			_, err := p.To(t.Context(), sinks.JSONLines(path).Pairs)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			few := allocated(t, run, 10_000)
			many := allocated(t, run, 40_000)
			require.Less(t, many, 6*few+1<<20, "four times as many results took %d bytes instead of %d", many, few)
		})
	}
}

func allocated(t *testing.T, run func(vimap.Pipeline[int, int]) error, results int) uint64 {
	var before, after runtime.MemStats
	pipeline := sources.Slice(numbers(results)).Ordered()
	runtime.ReadMemStats(&before)
	require.NoError(t, run(pipeline))
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// attempt runs f in a goroutine of its own and returns its error, also one
// that it panics with, and errGoexit if it does not return.
func attempt(f func() error) error {
	ended := make(chan error, 1)
	go func() {
		err := errGoexit
		defer func() {
			if value := recover(); value != nil {
				err = fmt.Errorf("panic: %v", value)
			}
			ended <- err
		}()
		err = f()
	}()
	return <-ended
}

var errGoexit = errors.New("goexit")

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// names lists a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
