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
