package workloads

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/vimap-go/vimap/bench/internal/data"
	"github.com/vimap-go/vimap/bench/internal/harness"
)

// scan yields the lines of a file as [bufio.Scanner] finds them. A file that
// cannot be read is a panic: it is one that the workload wrote.
func scan(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range scanBytes(path) {
			if !yield(string(line)) {
				return
			}
		}
	}
}

// scanBytes is [scan] with lines that are valid until the next.
func scanBytes(path string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		file, err := os.Open(path)
		if err != nil {
			data.Panic(err)
		}
		defer func() { _ = file.Close() }() // it was only read
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if !yield(lines.Bytes()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			data.Panic(err)
		}
	}
}

// textFile has n lines of 60 bytes on average with their newlines; the sum is
// that of their lengths without.
func textFile(n int) (path string, want uint64, err error) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog ", 2)
	var sum uint64
	return data.File(fmt.Sprintf("lines-%d.txt", n), func(w *bufio.Writer) error {
		for i := range n {
			line := text[:50+i%19]
			sum += uint64(len(line))
			if _, err := w.WriteString(line + "\n"); err != nil {
				return err
			}
		}
		return nil
	}, func(string) (uint64, error) { return sum, nil })
}

// wc is the column of the program wc, which counts newlines and nothing else;
// none where there is no such program. It returns sum if it counts n of them.
func wc(path string, n int, sum uint64) []harness.Column {
	program, err := exec.LookPath("wc")
	if err != nil {
		return nil
	}
	return []harness.Column{{Name: "wc -l", Foreign: true, Run: func() (uint64, error) {
		out, err := exec.CommandContext(context.Background(), program, "-l", path).Output()
		if err != nil {
			return 0, err
		}
		count, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte(" "))
		if lines, err := strconv.Atoi(string(count)); err != nil || lines != n {
			return 0, fmt.Errorf("wc counts %q lines, want %d", count, n)
		}
		return sum, nil
	}}}
}
