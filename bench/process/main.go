// Process compares workers as goroutines, as child processes and as those of
// Python's multiprocessing: what it costs to give an item back.
//
//	go run ./process
package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
)

var echo = process.Define("echo").Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

// hang tells who it is and waits to be killed.
var hang = process.Define("hang").Func(func(_ context.Context, n int) (int, error) {
	if n == 0 {
		fmt.Println(os.Getpid())
		time.Sleep(time.Hour)
	}
	return n, nil
})

//go:embed imap.py
var imap string

const workers = 2

func main() {
	process.Init()
	ctx := context.Background()
	for _, size := range []int{100, 100_000} {
		n := 300_000
		if size > 1000 {
			n = 5_000
		}
		fmt.Printf("%d bytes, %d workers, the best of 3:\n", size, workers)
		row := func(name string, run func() float64) {
			best := min(run(), run(), run())
			fmt.Printf("  %-42s %10.0f ns/item %8.0f MB/s\n", name, best, float64(size)/best*1e3)
		}
		row("goroutines", func() float64 { return timed(ctx, echo.Goroutines().Workers(workers), size, n) })
		for _, inFlight := range []int{1, 16, 1024} {
			row(fmt.Sprintf("children, %d in flight", inFlight), func() float64 {
				return timed(ctx, echo.Children(process.Options{InFlight: inFlight}).Workers(workers), size, n/min(4, 1025-inFlight))
			})
		}
		for _, chunk := range []int{1, 64} {
			row(fmt.Sprintf("python3 imap_unordered, chunk %d", chunk), func() float64 { return python(ctx, size, n/10, chunk) })
		}
	}
	for _, spares := range []int{0, 1} {
		all := replacements(ctx, spares)
		slices.Sort(all)
		fmt.Printf("replacement after a kill, %d spares: median %v, worst of %d %v\n", spares, all[len(all)/2], len(all), all[len(all)-1])
	}
}

// timed returns the time of an item, without that of the start.
func timed(ctx context.Context, stage vimap.Stage[[]byte, []byte], size, n int) float64 {
	item := bytes.Repeat([]byte("x"), size)
	items := func(context.Context) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for range n + 1000 {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
	run := vimap.From(items).Via(stage).Start(ctx)
	seen, begun := 0, time.Now()
	for range run.Zip() {
		if seen++; seen == 1000 {
			begun = time.Now()
		}
	}
	took := time.Since(begun)
	if err := run.Err(); err != nil {
		panic(err)
	}
	return float64(took) / float64(n)
}

func python(ctx context.Context, size, n, chunk int) float64 {
	if _, err := exec.LookPath("python3"); err != nil {
		return 0
	}
	out, err := exec.CommandContext(ctx, "python3", "-c", imap,
		strconv.Itoa(size), strconv.Itoa(n), strconv.Itoa(chunk), strconv.Itoa(workers)).Output()
	if err != nil {
		panic(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		panic(err)
	}
	return ns
}

// replacements kills a child again and again, and returns how long it took each
// time until another was open.
func replacements(ctx context.Context, spares int) []time.Duration {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	stdout := os.Stdout
	os.Stdout = w // the children tell their pids there
	defer func() { os.Stdout = stdout; r.Close(); w.Close() }()
	const rounds = 50
	var killed time.Time
	var all []time.Duration
	stage := hang.Children(process.Options{Spares: spares, Stderr: io.Discard}).Hooks(vimap.Hooks{
		WorkerOpened: func(vimap.WorkerEvent) {
			if !killed.IsZero() {
				all = append(all, time.Since(killed))
			}
		},
	})
	items := func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range 2 * rounds {
				if !yield(i%2, nil) {
					return
				}
			}
		}
	}
	run := vimap.From(items).Via(stage).InFlight(1).Start(ctx)
	next := func() {
		buf := make([]byte, 20)
		n, err := r.Read(buf)
		if err != nil {
			panic(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
		if err != nil {
			panic(err)
		}
		time.Sleep(20 * time.Millisecond) // a spare has come as far as it has to
		killed = time.Now()
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	go func() {
		for range rounds {
			next()
		}
	}()
	for range run.Results() { // every other one was killed
	}
	return all
}
