package sinks_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// show prints the files of a folder.
func show(folder string) {
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		fmt.Printf("%s: %q %v\n", filepath.Base(path), content, err)
	}
}

// folder makes one for an example.
func folder() (path string, remove func()) {
	path, err := os.MkdirTemp("", "split")
	if err != nil {
		log.Fatal(err)
	}
	return path, func() { os.RemoveAll(path) }
}

func byLength(word string, n int) string { return fmt.Sprint(n, ".txt") }

func length(word string) int { return len(word) }

func ExampleSplit() {
	dir, remove := folder()
	defer remove()
	lines, err := sources.Slice([]string{"one", "three", "two"}).
		Map(length).
		Ordered().
		To(context.Background(), sinks.Split(dir, byLength).Lines().Pairs)
	fmt.Println(lines, err)
	show(dir)
	// Output:
	// 3 <nil>
	// 3.txt: "one\t3\ntwo\t3\n" <nil>
	// 5.txt: "three\t5\n" <nil>
}

// A key that leads out of the folder ends the run, and nothing appears.
func ExampleFolder_Lines() {
	dir, remove := folder()
	defer remove()
	_, err := sources.Slice([]string{"one", "../../etc/passwd"}).
		Ordered().
		To(context.Background(), sinks.Split(dir, func(name, _ string) string { return name }).Lines().Outputs)
	fmt.Println(err)
	show(dir)
	// Output: sinks: Split: key "../../etc/passwd": is no path below the folder, in UTF-8 and in its shortest form
}

func ExampleFolder_JSONLines() {
	dir, remove := folder()
	defer remove()
	_, err := sources.Slice([]string{"one", "three"}).
		Map(length).
		To(context.Background(), sinks.Split(dir, byLength).JSONLines().Pairs)
	fmt.Println(err)
	show(dir)
	// Output:
	// <nil>
	// 3.txt: "{\"in\":\"one\",\"out\":3}\n" <nil>
	// 5.txt: "{\"in\":\"three\",\"out\":5}\n" <nil>
}

func ExampleFolder_MaxOpen() {
	dir, remove := folder()
	defer remove()
	split := sinks.Split(dir, byLength).MaxOpen(1) // the files are closed and opened in turn
	_, err := sources.Slice([]string{"one", "three", "two"}).
		Map(length).
		Ordered().
		To(context.Background(), split.Lines().Outputs)
	fmt.Println(err)
	show(dir)
	// Output:
	// <nil>
	// 3.txt: "3\n3\n" <nil>
	// 5.txt: "5\n" <nil>
}

func ExampleTextFolder_Outputs() {
	dir, remove := folder()
	defer remove()
	_, err := sources.Slice([]string{"one"}).Map(length).
		To(context.Background(), sinks.Split(dir, byLength).Lines().Outputs)
	fmt.Println(err)
	show(dir)
	// Output:
	// <nil>
	// 3.txt: "3\n" <nil>
}

func ExampleTextFolder_Pairs() {
	dir, remove := folder()
	defer remove()
	_, err := sources.Slice([]string{"one"}).Map(length).
		To(context.Background(), sinks.Split(dir, byLength).Lines().Pairs)
	fmt.Println(err)
	show(dir)
	// Output:
	// <nil>
	// 3.txt: "one\t3\n" <nil>
}

func ExampleJSONFolder_Outputs() {
	dir, remove := folder()
	defer remove()
	_, err := sources.Slice([]string{"one"}).Map(length).
		To(context.Background(), sinks.Split(dir, byLength).JSONLines().Outputs)
	fmt.Println(err)
	show(dir)
	// Output:
	// <nil>
	// 3.txt: "3\n" <nil>
}

func ExampleJSONFolder_Pairs() {
	dir, remove := folder()
	defer remove()
	_, err := sources.Slice([]string{"one"}).Map(length).
		To(context.Background(), sinks.Split(dir, byLength).JSONLines().Pairs)
	fmt.Println(err)
	show(dir)
	// Output:
	// <nil>
	// 3.txt: "{\"in\":\"one\",\"out\":3}\n" <nil>
}
