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
func inMemory(text string) vimap.Lender {
	return vimap.Lender{
		Lines: func(_ context.Context, out *vimap.Emitter[[]byte]) error {
			for line := range strings.Lines(text) {
				if !out.One([]byte(strings.TrimSuffix(line, "\n"))) {
					break
				}
			}
			return nil
		},
		Blocks: func(_ context.Context, emit func(vimap.Block) bool) error {
			const size = 8
			all, end := strings.NewReader(text), int64(len(text))
			for from := int64(0); from < end; from += size {
				if !emit(vimap.Block{Text: all, From: from, To: min(from+size, end), Done: func() {}}) {
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
