package workloads

import (
	"bufio"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/sources"
)

func length(line string) int { return len(line) }

// Lines adds up the lengths of the lines of a file. Peers read them with
// bufio.Scanner, as strings.
func Lines() harness.Workload {
	return harness.Workload{
		Name:  "lines",
		About: "lines of 60 bytes of a file → length → sum, 2 workers, any order",
		Full:  5_000_000, Quick: 500_000, Test: 2_000,
		Build: func(n int) (harness.Job, error) {
			text := strings.Repeat("the quick brown fox jumps over the lazy dog ", 2)
			var want uint64
			path, remove, err := tempFile("lines.txt", func(w *bufio.Writer) error {
				for i := range n {
					line := text[:50+i%19] // 59 on average, and the newline
					want += uint64(len(line))
					if _, err := w.WriteString(line + "\n"); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return harness.Job{}, err
			}
			columns := append(
				without(pools(scan(path), 2, length, add), "errgroup", "conc", "pond", "ants"), // they take tasks, not streams
				vimapColumn("vimap", sources.Lines(path).Via(vimap.Func(step(length)).Workers(2)), add),
				vimapColumn("vimap inline", sources.Lines(path).Map(length), add))
			return harness.Job{Want: want, Columns: columns, Close: remove}, nil
		},
	}
}
