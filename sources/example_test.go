package sources_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleSlice() {
	ctx := context.Background()
	outs, err := sources.Slice([]int{1, 2, 3}).
		Map(func(n int) int { return n * n }).
		Ordered().
		To(ctx, sinks.Collect)
	fmt.Println(outs, err)
	// Output: [1 4 9] <nil>
}

func ExampleSeq() {
	ctx := context.Background()
	words := strings.FieldsSeq("one two three")
	outs, err := sources.Seq(words).
		Map(strings.ToUpper).
		Ordered().
		To(ctx, sinks.Collect)
	fmt.Println(outs, err)
	// Output: [ONE TWO THREE] <nil>
}

func ExampleSeq2() {
	ctx := context.Background()
	pages := func(yield func(string, error) bool) {
		_ = yield("page 1", nil) && yield("page 2", nil) && yield("", errors.New("server down"))
	}
	outs, err := sources.Seq2(pages).Ordered().To(ctx, sinks.Collect)
	fmt.Println(outs)
	fmt.Println(err)
	// Output:
	// [page 1 page 2]
	// vimap: source: server down
}

func ExampleChan() {
	ctx := context.Background()
	jobs := make(chan string)
	go func() {
		defer close(jobs)
		for i := range 3 {
			select {
			case jobs <- fmt.Sprint("job ", i):
			case <-ctx.Done():
				return
			}
		}
	}()
	outs, err := sources.Chan(jobs).Ordered().To(ctx, sinks.Collect)
	fmt.Println(outs, err)
	// Output: [job 0 job 1 job 2] <nil>
}

func ExampleLines() {
	ctx := context.Background()
	inFolder("numbers.txt", "1\n2\nthree\n")

	sum, err := sources.Lines("numbers.txt").
		Try(strconv.Atoi).
		Ordered().
		To(ctx, sinks.Fold(0, func(sum int, _ string, n int) int { return sum + n }))
	fmt.Println(sum)
	fmt.Println(err)
	// Output:
	// 3
	// vimap: stage "try": item 2 (numbers.txt:3): strconv.Atoi: parsing "three": invalid syntax
}

func ExampleLines_packed() {
	ctx := context.Background()
	var archive bytes.Buffer
	w := gzip.NewWriter(&archive)
	if _, err := w.Write([]byte("1\n2\nthree\n")); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	inFolder("numbers", archive.String()) // the name does not matter

	sum, err := sources.Lines("numbers").
		Try(strconv.Atoi).
		Ordered().
		To(ctx, sinks.Fold(0, func(sum int, _ string, n int) int { return sum + n }))
	fmt.Println(sum)
	fmt.Println(err)

	_, err = sources.Text{MaxUnpacked: 5}.Lines("numbers").To(ctx, sinks.Ignore)
	fmt.Println(err)
	// Output:
	// 3
	// vimap: stage "try": item 2 (numbers:3): strconv.Atoi: parsing "three": invalid syntax
	// vimap: source: numbers:3: too large when unpacked: more than 5 bytes
}

func ExampleReader() {
	ctx := context.Background()
	body := strings.NewReader("one\r\ntwo\r\n")

	lines, err := sources.Reader(body).Ordered().To(ctx, sinks.Collect)
	fmt.Printf("%q %v\n", lines, err)
	// Output: ["one" "two"] <nil>
}

func ExampleText_Lines() {
	ctx := context.Background()
	inFolder("upload.txt", "short\nfar too long for this\n")

	_, err := sources.Text{MaxLength: 10}.Lines("upload.txt").To(ctx, sinks.Ignore)
	fmt.Println(err)
	fmt.Println(errors.Is(err, sources.ErrLineTooLong))
	// Output:
	// vimap: source: upload.txt:2: line too long: more than 10 bytes
	// true
}

func ExampleText_Reader() {
	ctx := context.Background()
	_, err := sources.Text{MaxLength: 10}.Reader(strings.NewReader("far too long for this")).To(ctx, sinks.Ignore)
	fmt.Println(err)
	// Output: vimap: source: reader:1: line too long: more than 10 bytes
}

type user struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

func ExampleJSONLines() {
	ctx := context.Background()
	inFolder("users.jsonl", `{"name":"Ada","age":36}`+"\n"+`{"name":"Alan","age":41,"city":"Wilmslow"}`+"\n")

	users, err := sources.JSONLines[user]("users.jsonl").Ordered().To(ctx, sinks.Collect)
	fmt.Println(users, err)
	// Output: [{Ada 36} {Alan 41}] <nil>
}

func ExampleText_JSONLines() {
	ctx := context.Background()
	inFolder("users.jsonl", `{"nam":"Ada"}`+"\n")

	strict := sources.Text{JSON: json.RejectUnknownMembers(true)}
	_, err := strict.JSONLines[user]("users.jsonl").To(ctx, sinks.Ignore)
	if item, ok := errors.AsType[*vimap.ItemError](err); ok {
		fmt.Println(item.Place, errors.Is(err, json.ErrUnknownName))
	}
	// Output: users.jsonl:1 true
}

func ExampleFiles() {
	ctx := context.Background()
	inFolder("logs/b/2.log", "", "logs/b/notes.txt", "", "logs/1.log", "", "logs/c.log", "")

	paths, err := sources.Files("logs/**/*.log").Ordered().To(ctx, sinks.Collect)
	for _, path := range paths {
		fmt.Println(filepath.ToSlash(path))
	}
	fmt.Println(err)
	// Output:
	// logs/1.log
	// logs/b/2.log
	// logs/c.log
	// <nil>
}

func ExampleFiles_missing() {
	ctx := context.Background()
	inFolder("inbox/readme.txt", "")

	// A folder in which nothing matches is empty; a file that is not there is an error.
	n, err := sources.Files("inbox/*.json").To(ctx, sinks.Ignore)
	fmt.Println(n, err)
	_, err = sources.Files("inbox/a.json").To(ctx, sinks.Ignore)
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// 0 <nil>
	// true
}

func ExampleWalk() {
	ctx := context.Background()
	embedded := fstest.MapFS{
		"pages/index.html":    {},
		"pages/faq/work.html": {},
		"style.css":           {},
	}
	paths, err := sources.Walk(embedded, "pages/**/*.html").Ordered().To(ctx, sinks.Collect)
	fmt.Println(paths, err)
	paths, err = sources.Walk(embedded).Ordered().To(ctx, sinks.Collect)
	fmt.Println(paths, err)
	// Output:
	// [pages/faq/work.html pages/index.html] <nil>
	// [pages/faq/work.html pages/index.html style.css] <nil>
}

func ExampleConcat() {
	ctx := context.Background()
	inFolder("names.txt", "Ada\nAlan\n")

	length := vimap.Func(func(_ context.Context, name string) (int, error) { return len(name), nil })
	outs, err := sources.Concat(
		sources.Slice([]string{"Grace"}).Via(length),
		sources.Lines("names.txt").Via(length).Ordered(),
	).Map(strconv.Itoa).Ordered().To(ctx, sinks.Collect)
	fmt.Println(outs, err)
	// Output: [5 3 4] <nil>
}

// inFolder goes to a new folder and writes files there: name, text, name, text.
func inFolder(files ...string) {
	folder, err := os.MkdirTemp(examples, "")
	if err != nil {
		panic(err)
	}
	if err := os.Chdir(folder); err != nil {
		panic(err)
	}
	for file := range slices.Chunk(files, 2) {
		name, text := file[0], file[1]
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			panic(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
}

func ExampleMerge() {
	sum, err := sources.Merge(
		sources.Slice([]int{1, 2, 3}),
		sources.Slice([]int{10, 20}),
	).To(context.Background(), sinks.Fold(0, func(sum, _, n int) int { return sum + n }))
	fmt.Println(sum, err)
	// Output: 36 <nil>
}
