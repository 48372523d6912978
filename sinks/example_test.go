package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleCollect() {
	lengths, err := sources.Slice([]string{"one", "three"}).
		Map(func(word string) int { return len(word) }).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(lengths, err)
	// Output: [3 5] <nil>
}

func ExampleZip() {
	pairs, err := sources.Slice([]string{"1", "2"}).
		Try(strconv.Atoi).
		Ordered().
		To(context.Background(), sinks.Zip)
	if err != nil {
		log.Fatal(err)
	}
	for _, pair := range pairs {
		fmt.Printf("%q is %d\n", pair.In, pair.Out)
	}
	// Output:
	// "1" is 1
	// "2" is 2
}

func ExampleIgnore() {
	outputs, err := sources.Slice([]int{1, 2, 3, 4}).
		Filter(func(n int) bool { return n%2 == 0 }).
		To(context.Background(), sinks.Ignore)
	fmt.Println(outputs, err)
	// Output: 2 <nil>
}

func ExampleEach() {
	errEnough := errors.New("enough")
	taken, err := sources.Slice([]int{1, 2, 3}).
		Map(func(n int) int { return n * n }).
		Ordered().
		To(context.Background(), sinks.Each(func(in, out int) error {
			if in == 3 {
				return errEnough
			}
			fmt.Println(in, out)
			return nil
		}))
	fmt.Println(taken, err)
	// Output:
	// 1 1
	// 2 4
	// 2 enough
}

func ExampleFold() {
	sum, err := sources.Slice([]string{"1", "2", "3"}).
		Try(strconv.Atoi).
		To(context.Background(), sinks.Fold(0, func(sum int, _ string, n int) int { return sum + n }))
	fmt.Println(sum, err)
	// Output: 6 <nil>
}

func ExampleChan() {
	squares := make(chan int)
	ended := make(chan error, 1)
	go func() {
		defer close(squares)
		_, err := sources.Slice([]int{1, 2, 3}).
			Map(func(n int) int { return n * n }).
			Ordered().
			To(context.Background(), sinks.Chan(squares).Outputs)
		ended <- err
	}()
	for square := range squares {
		fmt.Println(square)
	}
	fmt.Println(<-ended)
	// Output:
	// 1
	// 4
	// 9
	// <nil>
}

func ExampleChannel_Outputs() {
	ch := make(chan string, 2)
	sent, err := sources.Slice([]string{"a", "b"}).Ordered().To(context.Background(), sinks.Chan(ch).Outputs)
	fmt.Println(sent, err, <-ch, <-ch)
	// Output: 2 <nil> a b
}

func ExampleLines() {
	folder, err := os.MkdirTemp("", "lines")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "lengths.txt")

	lines, err := sources.Slice([]string{"one", "three"}).
		Map(func(word string) int { return len(word) }).
		Ordered().
		To(context.Background(), sinks.Lines(path).Outputs)
	if err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(path)
	fmt.Printf("%d %q %v\n", lines, content, err)
	// Output: 2 "3\n5\n" <nil>
}

func ExampleLines_packed() {
	folder, err := os.MkdirTemp("", "lines")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "numbers.txt.gz")

	_, err = sources.Slice([]int{1, 2, 3}).Ordered().To(context.Background(), sinks.Lines(path).Outputs)
	if err != nil {
		log.Fatal(err)
	}
	lines, err := sources.Lines(path).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(lines, err)
	// Output: [1 2 3] <nil>
}

func ExampleLinesTo() {
	_, err := sources.Slice([]string{"one", "three"}).
		Map(func(word string) int { return len(word) }).
		Ordered().
		To(context.Background(), sinks.LinesTo(os.Stdout).Outputs)
	fmt.Println(err)
	// Output:
	// 3
	// 5
	// <nil>
}

// An output that holds a newline would be read back as two.
func ExampleText_Outputs() {
	lines, err := sources.Slice([]string{"one", "t\nwo"}).
		Ordered().
		To(context.Background(), sinks.LinesTo(os.Stdout).Outputs)
	fmt.Println(lines, err)
	// Output:
	// one
	// 1 sinks: LinesTo: line 2: output "t\nwo" holds a newline, but one line is one output: escape it, or write JSONLines
}

func ExampleText_Pairs() {
	_, err := sources.Slice([]int{1, 2, 3}).
		Map(func(n int) string { return fmt.Sprintf("%b", n) }).
		Ordered().
		To(context.Background(), sinks.LinesTo(os.Stdout).Pairs)
	fmt.Println(err)
	// Output:
	// 1	1
	// 2	10
	// 3	11
	// <nil>
}

func ExampleJSONLines() {
	folder, err := os.MkdirTemp("", "jsonlines")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "lengths.jsonl")

	// The run fails, so the file does not appear.
	_, err = sources.Slice([]string{"1", "two"}).
		Try(strconv.Atoi).
		To(context.Background(), sinks.JSONLines(path).Pairs)
	_, missing := os.Stat(path)
	fmt.Println(err != nil, errors.Is(missing, os.ErrNotExist))
	// Output: true true
}

func ExampleJSONLinesTo() {
	type point struct {
		X int `json:"x"`
		Y int `json:"y"`
	}
	lines, err := sources.Slice([]point{{1, 2}, {3, 4}}).
		Ordered().
		To(context.Background(), sinks.JSONLinesTo(os.Stdout).Outputs)
	fmt.Println(lines, err)
	// Output:
	// {"x":1,"y":2}
	// {"x":3,"y":4}
	// 2 <nil>
}

func ExampleJSON_Outputs() {
	_, err := sources.Slice([]string{"a b", "c"}).
		Map(func(line string) map[string]int { return map[string]int{"length": len(line)} }).
		Ordered().
		To(context.Background(), sinks.JSONLinesTo(os.Stdout).Outputs)
	fmt.Println(err)
	// Output:
	// {"length":3}
	// {"length":1}
	// <nil>
}

func ExampleJSON_Pairs() {
	_, err := sources.Slice([]string{"a b", "c"}).
		Map(func(line string) int { return len(line) }).
		Ordered().
		To(context.Background(), sinks.JSONLinesTo(os.Stdout).Pairs)
	fmt.Println(err)
	// Output:
	// {"in":"a b","out":3}
	// {"in":"c","out":1}
	// <nil>
}

func ExampleJSON_Results() {
	half := func(n int) (int, error) {
		if n%2 == 1 {
			return 0, errors.New("odd number")
		}
		return n / 2, nil
	}
	lines, err := sources.Slice([]int{2, 3, 4}).
		Try(half).
		Ordered().
		To(context.Background(), sinks.JSONLinesTo(os.Stdout).Results)
	fmt.Println(lines, err)
	// Output:
	// {"in":2,"out":1}
	// {"in":3,"error":"vimap: stage \"try\": item 1: odd number"}
	// {"in":4,"out":2}
	// 3 <nil>
}

func ExampleJSON_DeadLetters() {
	odd := errors.New("an odd number")
	sum, err := sources.Slice([]int{1, 2, 4}).
		Try(func(n int) (int, error) {
			if n%2 == 1 {
				return 0, odd
			}
			return n, nil
		}).
		DeadLetters(sinks.JSONLinesTo(os.Stdout).DeadLetters).
		To(context.Background(), sinks.Fold(0, func(sum, _, n int) int { return sum + n }))
	fmt.Println(sum, err)
	// Output:
	// {"in":1,"index":0,"stage":"try","attempts":1,"error":"an odd number"}
	// 6 <nil>
}
