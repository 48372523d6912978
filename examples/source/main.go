// Command source reads every .go file below a folder, several at once, and
// prints how many files and lines there are, the longest line and the
// identifiers that are used most.
//
//	go run ./examples/source [-workers 8] [-sequential] [FOLDER]
//
// Without a folder it reads the source of the Go toolchain that built it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/vimap-go/vimap/examples/source/count"
)

func main() {
	log.SetFlags(0)
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "files read at once")
	sequential := flag.Bool("sequential", false, "read one file after another, in a loop without vimap")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	folder := flag.Arg(0)
	if folder == "" {
		var err error
		if folder, err = toolchain(ctx); err != nil {
			log.Fatal(err)
		}
	}
	began := time.Now()
	var summary count.Summary
	var err error
	if *sequential {
		summary, err = count.Sequential(ctx, folder)
	} else {
		summary, err = count.Parallel(ctx, folder, *workers)
	}
	if err != nil {
		log.Fatal(err)
	}
	show(os.Stdout, folder, summary, time.Since(began))
}

// toolchain finds the root of the Go toolchain that built this program.
func toolchain(ctx context.Context) (string, error) {
	version, _, _ := strings.Cut(runtime.Version(), " ") // "go1.27.4 X:…" names experiments
	command := exec.CommandContext(ctx, "go", "env", "GOROOT")
	command.Env = append(os.Environ(), "GOTOOLCHAIN="+version)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w (name a folder instead)", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func show(w io.Writer, folder string, s count.Summary, elapsed time.Duration) {
	fmt.Fprintf(w, "folder        %s\n", folder)
	fmt.Fprintf(w, "files         %d  (regular files named *.go)\n", s.Files)
	fmt.Fprintf(w, "lines         %d  (newline characters, as wc -l counts)\n", s.Lines)
	fmt.Fprintf(w, "longest line  %s:%d  (%d bytes without its line end)\n", s.Longest.Path, s.Longest.Number, s.Longest.Length)
	fmt.Fprintf(w, "identifiers   most used, without keywords, comments and literals\n")
	for _, name := range s.Names {
		fmt.Fprintf(w, "  %9d   %s\n", name.Times, name.Name)
	}
	fmt.Fprintf(w, "elapsed       %v\n", elapsed.Round(time.Millisecond))
}
