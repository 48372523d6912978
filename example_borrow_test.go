package vimap_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

// inMemory lends the lines of a text in blocks of 8 bytes.
func inMemory(text string) vimap.Lender[[]byte] { return lender[[]byte](text) }

func lender[Line []byte | string](text string) vimap.Lender[Line] {
	return vimap.Lender[Line]{
		Lines: func(_ context.Context, out *vimap.Emitter[Line]) error {
			for line := range strings.Lines(text) {
				if !out.One(Line(strings.TrimSuffix(line, "\n"))) {
					break
				}
			}
			return nil
		},
		Blocks: func(_ context.Context, out *vimap.BlockEmitter) error {
			const size = 8
			all, end := strings.NewReader(text), int64(len(text))
			out.Total(end, "bytes")
			for from := int64(0); from < end; from += size {
				to := min(from+size, end)
				if !out.One(vimap.Block{Text: all, From: from, To: to, Done: func() { out.Advance(to - from) }}) {
					break
				}
			}
			return nil
		},
	}
}

func total(run *vimap.Run[int, int]) (int, error) {
	return run.Aggregate(
		func() int { return 0 },
		func(sum, _, n int) int { return sum + n },
		func(one, other int) int { return one + other }), run.Err()
}

func ExampleLend() {
	lines := vimap.Lend(inMemory("one\ntwo\nthree\n"))
	fmt.Println(lines.Map(func(line []byte) int { return len(line) }).To(context.Background(), total))
	// Output: 11 <nil>
}

func ExampleStrings() {
	lines := vimap.Strings(lender[string]("one\ntwo\nthree\n")) // blocks of a text in memory
	longest := func(one, other string) string {
		if len(other) > len(one) {
			return other // it may be kept
		}
		return one
	}
	run := lines.Start(context.Background())
	fmt.Println(run.Aggregate(
		func() string { return "" },
		func(found string, _, line string) string { return longest(found, line) },
		longest), run.Err())
	// Output: three <nil>
}

func ExampleBlockEmitter_One() {
	lines := vimap.Lender[[]byte]{
		Lines: inMemory("tick\ntock\n").Lines,
		Blocks: func(_ context.Context, out *vimap.BlockEmitter) error {
			for i, line := range []string{"tick\n", "tock\n"} {
				from := int64(5 * i)
				if !out.One(vimap.Block{Whole: []byte(line), From: from, To: from + 5, Done: func() {}}) {
					break
				}
			}
			return nil
		},
	}
	run := vimap.Lend(lines).Start(context.Background())
	fmt.Println(lengths(run), run.Err())
	// Output: 8 <nil>
}

func ExampleBlockEmitter_Total() {
	run := vimap.Lend(inMemory("one\ntwo\nthree\n")).Start(context.Background())
	lengths(run)
	source := run.Stats().Source
	fmt.Println(source.Position, "of", source.Total, source.Unit)
	// Output: 14 of 14 bytes
}

func ExampleBlockEmitter_Advance() {
	run := vimap.Strings(lender[string]("one\ntwo\n")).Start(context.Background())
	run.Aggregate(
		func() int { return 0 },
		func(n int, _, _ string) int { return n + 1 },
		func(one, other int) int { return one + other })
	source := run.Stats().Source
	fmt.Println(source.Position, "of", source.Total, source.Unit)
	// Output: 8 of 8 bytes
}

func ExampleBorrowed_Map() {
	initials, err := vimap.Lend(inMemory("one\ntwo\nthree\n")).
		Map(func(line []byte) string { return string(line[:1]) }). // a copy: the line is lent
		Ordered().
		To(context.Background(), testkit.Collect)
	fmt.Println(initials, err)
	// Output: [o t t] <nil>
}

func ExampleBorrowed_Try() {
	sum, err := vimap.Lend(inMemory("1\n2\nthree\n")).
		Try(func(line []byte) (int, error) { return strconv.Atoi(string(line)) }).
		Ordered().
		To(context.Background(), total)
	fmt.Println(sum)
	fmt.Println(err)
	// Output:
	// 3
	// vimap: stage "decode": item 2: strconv.Atoi: parsing "three": invalid syntax
}

func ExampleBorrowed_Filter() {
	lines := vimap.Lend(inMemory("# numbers\n1\n2\n")).
		Filter(func(line []byte) bool { return !bytes.HasPrefix(line, []byte{'#'}) }).
		Try(func(line []byte) (int, error) { return strconv.Atoi(string(line)) })
	fmt.Println(lines.To(context.Background(), total))
	// Output: 3 <nil>
}

func ExampleBorrowed_Aggregate() {
	// Each worker has a map of its own; a word is copied once for each.
	count := func(words map[string]int, line []byte) map[string]int {
		words[string(line)]++
		return words
	}
	merge := func(words, others map[string]int) map[string]int {
		for word, n := range others {
			words[word] += n
		}
		return words
	}
	words, err := vimap.Lend(inMemory("tick\ntock\ntick\n")).
		Aggregate(context.Background(), func() map[string]int { return map[string]int{} }, count, merge)
	fmt.Println(words, err)
	// Output: map[tick:2 tock:1] <nil>
}

// lengths adds up the lengths of lines.
func lengths(run *vimap.LentRun) int {
	return run.Aggregate(
		func() int { return 0 },
		func(sum int, line []byte) int { return sum + len(line) },
		func(one, other int) int { return one + other })
}

func ExampleBorrowed_Start() {
	run := vimap.Lend(inMemory("one\ntwo\nthree\n")).Start(context.Background())
	fmt.Println(lengths(run), run.Stats().Delivered, run.Err())
	// Output: 11 3 <nil>
}

func ExampleLentRun_Aggregate() {
	run := vimap.Lend(inMemory("one\ntwo\nthree\n")).Start(context.Background())
	first := run.Aggregate(
		func() string { return "" },
		func(least string, line []byte) string {
			if least == "" || string(line) < least {
				return string(line) // a copy: the line is lent
			}
			return least
		},
		func(one, other string) string { return min(one, other) })
	fmt.Println(first, run.Err())
	// Output: one <nil>
}

func ExampleLentRun_Err() {
	run := vimap.Lend(inMemory("1\n2\n\n")).Start(context.Background())
	run.Aggregate(
		func() int { return 0 },
		func(sum int, line []byte) int { return sum + int(line[0]-'0') },
		func(one, other int) int { return one + other })
	fmt.Println(run.Err())
	// Output: vimap: stage "aggregate": item 2: panic: runtime error: index out of range [0] with length 0
}

func ExampleLentRun_Stats() {
	long := func(line []byte) bool { return len(line) > 3 }
	run := vimap.Lend(inMemory("one\ntwo\nthree\n")).Filter(long).Start(context.Background())
	lengths(run)
	fmt.Println(run.Stats().Delivered, "added,", run.Stats().Filtered, "filtered", run.Err())
	// Output: 1 added, 2 filtered <nil>
}

func ExampleLentRun_Stop() {
	run := vimap.Lend(inMemory("one\ntwo\nthree\n")).Start(context.Background())
	run.Stop() // from any goroutine, and here before anything was read
	fmt.Println(lengths(run), run.Err())
	// Output: 0 <nil>
}
