// Command follow reads a log as it is written, across its rotations, and counts
// its entries by level. It writes the log itself, and ends when all was read.
//
//	follow [-entries n]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vimap-go/vimap/sources"
)

func main() {
	log.SetFlags(0)
	entries := flag.Int("entries", 30_000, "how many entries to write")
	flag.Parse()
	folder, err := os.MkdirTemp("", "follow")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := run(context.Background(), os.Stdout, filepath.Join(folder, "app.log"), *entries); err != nil {
		log.Fatal(err)
	}
}

// run writes entries to the log at path, and counts them while it does.
func run(ctx context.Context, report io.Writer, path string, entries int) error {
	following := sources.Tail{FromStart: true}.Follow(path).Try(level).Ordered().Start(ctx)
	w := writer{path: path, seen: sync.NewCond(new(sync.Mutex))}
	var writing sync.WaitGroup
	var failed error
	writing.Go(func() {
		if failed = w.write(entries); failed != nil {
			following.Stop()
		}
	})
	counts := map[string]int{}
	for _, level := range following.Zip() {
		counts[level]++
		if w.read(); level == "END" {
			break
		}
	}
	w.leave()
	writing.Wait()
	if err := errors.Join(failed, following.Err()); err != nil {
		return err
	}
	for _, level := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(report, "%-5s %6d\n", level, counts[level])
	}
	fmt.Fprintf(report, "%d rotations\n", w.rotations)
	return nil
}

// level returns the first word of an entry.
func level(line string) (string, error) {
	level, _, ok := strings.Cut(line, " ")
	if !ok {
		return "", fmt.Errorf("no level in %q", line)
	}
	return level, nil
}
