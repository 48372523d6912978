package process_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// The workers of the examples are variables of the package; Init is called by
// TestMain.
var (
	shout = process.Define("shout").Func(func(_ context.Context, s string) (string, error) {
		if s == "boom" {
			os.Exit(7)
		}
		return strings.ToUpper(s), nil
	})

	// counting has a state that is closed at the end.
	counting = process.Define("counting").
			Open(func(context.Context) (*int, error) { return new(int), nil }).
			Close(func(calls *int) error {
			fmt.Println("closed after", *calls, "calls")
			return nil
		}).
		Do(func(calls *int, _ context.Context, s string) (string, error) {
			*calls++
			return fmt.Sprint(s, *calls), nil
		})

	greeting = process.Define("greeting").
			OpenWith(func(_ context.Context, word string) (string, error) { return word, nil }).
			Close(func(word string) error { fmt.Println("no more", word); return nil }).
			Do(func(word string, _ context.Context, name string) (string, error) { return word + " " + name, nil })

	adding = process.Define("adding").Loop(func(feed *vimap.Feed[int, int], add int) error {
		for _, n := range feed.All() {
			feed.Yield(n+add, nil)
		}
		return nil
	})

	summing = process.Define("summing").LoopFunc(func(feed *vimap.Feed[int, int]) error {
		sum := 0
		for _, n := range feed.All() {
			sum += n
			feed.Yield(sum, nil)
		}
		return nil
	})

	gobbed = process.Define("gobbed").Codec(gobCodec{}).Func(func(_ context.Context, n int) (int, error) { return -n, nil })
)

// gobCodec has values travel by encoding/gob.
type gobCodec struct{}

func (gobCodec) Append(buf []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(buf)
	err := gob.NewEncoder(b).Encode(v)
	return b.Bytes(), err
}

func (gobCodec) Decode(data []byte, v any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(v)
}

func ExampleInit() {
	process.Init() // the first line of main; in the parent it does little but remember
	// Output:
}

func ExampleDefine() {
	// It is defined as a variable of the package, see above.
	outs, err := sources.Slice([]string{"a", "b"}).Via(shout.Children(process.Options{})).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [A B] <nil>
}

func ExampleDefinition_Func() {
	stage := shout.Children(process.Options{}).Workers(2)
	outs, err := sources.Slice([]string{"a", "b"}).Via(stage).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [A B] <nil>
}

func ExampleDefinition_Codec() {
	outs, err := sources.Slice([]int{1, 2}).Via(gobbed.Children(process.Options{})).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [-1 -2] <nil>
}

func ExampleDefinition_Open() {
	outs, err := sources.Slice([]string{"a", "b"}).Via(counting.Children(process.Options{})).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output:
	// closed after 2 calls
	// [a1 b2] <nil>
}

func ExampleOpener_Close() {
	// What a child prints goes to the standard output that it has from its parent.
	_, err := sources.Slice([]string{"a"}).Via(counting.Children(process.Options{})).To(context.Background(), sinks.Collect)
	fmt.Println(err)
	// Output:
	// closed after 1 calls
	// <nil>
}

func ExampleOpener_Do() {
	outs, err := sources.Slice([]string{"x"}).Via(counting.Goroutines()).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output:
	// closed after 1 calls
	// [x1] <nil>
}

func ExampleDefinition_OpenWith() {
	stage := greeting.Children(process.Options{}).Each("hello")
	outs, err := sources.Slice([]string{"Ann"}).Via(stage).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output:
	// no more hello
	// [hello Ann] <nil>
}

func ExampleOpenerWith_Close() {
	stage := greeting.Children(process.Options{}).Each("bye")
	outs, err := sources.Slice([]string{"Ann"}).Via(stage).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output:
	// no more bye
	// [bye Ann] <nil>
}

func ExampleOpenerWith_Do() {
	stage := greeting.Goroutines().Each("hey")
	outs, err := sources.Slice([]string{"Bob"}).Via(stage).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output:
	// no more hey
	// [hey Bob] <nil>
}

func ExampleDefinition_Loop() {
	outs, err := sources.Slice([]int{1, 2}).Via(adding.Children(process.Options{}).Each(10)).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [11 12] <nil>
}

func ExampleDefinition_LoopFunc() {
	outs, err := sources.Slice([]int{1, 2, 3}).Via(summing.Children(process.Options{})).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [1 3 6] <nil>
}

func ExampleWorker_Children() {
	stage := shout.Children(process.Options{Stderr: os.Stdout})
	for result := range sources.Slice([]string{"a", "boom", "b"}).Via(stage).Ordered().Start(context.Background()).Results() {
		var e *process.Error
		if errors.As(result.Err, &e) {
			fmt.Println(result.In, e.Kind, e.Status)
			continue
		}
		fmt.Println(result.In, result.Out)
	}
	// Output:
	// a A
	// boom crash exit status 7
	// b B
}

func ExampleWorker_Goroutines() {
	// The same worker, and nothing else of the program changed.
	outs, err := sources.Slice([]string{"a", "b"}).Via(shout.Goroutines().Workers(2)).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [A B] <nil>
}

func ExampleWorkerWith_Children() {
	stage := adding.Children(process.Options{InFlight: 1}).Each(1, 1)
	outs, err := sources.Slice([]int{1, 2, 3}).Via(stage).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [2 3 4] <nil>
}

func ExampleWorkerWith_Goroutines() {
	outs, err := sources.Slice([]int{1, 2, 3}).Via(adding.Goroutines().Each(1, 1)).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [2 3 4] <nil>
}

func ExampleKinds() {
	// A crash is tried again, in another child; an error that is returned is not.
	stage := shout.Children(process.Options{}).Retry(retry.Fixed(0).Attempts(2).If(process.Kinds(process.Crashed)))
	_, err := sources.Slice([]string{"boom"}).Via(stage).To(context.Background(), sinks.Collect)
	var item *vimap.ItemError
	fmt.Println(errors.As(err, &item), item.Attempts)
	// Output: true 2
}

func ExampleCommand() {
	outs, err := sources.Slice([]string{"a", "b"}).Via(process.Command("cat").Lines()).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [a b] <nil>
}

func ExampleProgram_Lines() {
	upper := process.Command("sh", "-c", `while read -r line; do echo "<$line>"; done`).Lines()
	outs, err := sources.Slice([]string{"a", "b"}).Via(upper).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [<a> <b>] <nil>
}

func ExampleProgram_JSON() {
	type point struct{ X, Y int }
	same := process.Command("cat").JSON[point, point]()
	outs, err := sources.Slice([]point{{1, 2}}).Via(same).To(context.Background(), sinks.Collect)
	fmt.Println(outs, err)
	// Output: [{1 2}] <nil>
}

func ExampleProgram_Once() {
	sorted := process.Command("sort").Once()
	outs, err := sources.Slice([][]byte{[]byte("b\na\n")}).Via(sorted).To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", outs, err)
	// Output: ["a\nb\n"] <nil>
}

func ExampleProgram_With() {
	// A program that is replaced after 1,000 inputs, in a folder of its own.
	stage := process.Command("pwd").With(process.Options{Dir: "/", Recycle: 1000}).Once()
	outs, err := sources.Slice([][]byte{nil}).Via(stage).To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", outs, err)
	// Output: ["/\n"] <nil>
}
