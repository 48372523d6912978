package workloads

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func length(line string) int { return len(line) }

// Lines adds up the lengths of the lines of a file. Peers read them with
// bufio.Scanner, as strings.
func Lines() harness.Workload {
	return harness.Workload{
		Name:  "lines",
		About: "lines of 60 bytes of a file, as strings → length → sum, 2 workers, any order",
		Full:  5_000_000, Quick: 500_000, Test: 20_000,
		Peak: true,
		Build: func(n int) (harness.Job, error) {
			path, want, err := textFile(n)
			if err != nil {
				return harness.Job{}, err
			}
			columns := append(
				without(pools(scan(path), 2, length, add), takeTasks...),
				vimapColumn("vimap", sources.Lines(path).Via(vimap.Func(step(length)).Workers(2)), add),
				vimapColumn("vimap inline", sources.Lines(path).Map(length), add),
				aggregated("vimap aggregate", sources.Lines(path).Map(length)))
			return harness.Job{Want: want, Columns: columns}, nil
		},
	}
}

// aggregated is the column of a pipeline whose outputs are added up in its
// workers, each with a sum of its own.
func aggregated[In any](name string, p vimap.Pipeline[In, int]) harness.Column {
	return harness.Column{Name: name, Run: func() (uint64, error) {
		return p.To(context.Background(), sinks.Aggregate(
			func() uint64 { return 0 },
			func(sum uint64, _ In, n int) uint64 { return sum + uint64(n) },
			func(a, b uint64) uint64 { return a + b }))
	}}
}

// LinesAsBytes is [Lines] for those that need no line for longer than a
// moment. The column "hand-written" is the loop one would write for two cores,
// and wc, which has only one, the program that is known to be fast. The worker
// pool has strings, and is there to compare the memory.
func LinesAsBytes() harness.Workload {
	return harness.Workload{
		Name:  "lines-bytes",
		About: "the same lines as borrowed bytes → length → sum, inline",
		Full:  5_000_000, Quick: 500_000, Test: 20_000,
		Base: "wc -l",
		Peak: true,
		Build: func(n int) (harness.Job, error) {
			path, want, err := textFile(n)
			if err != nil {
				return harness.Job{}, err
			}
			columns := append([]harness.Column{
				{Name: "sequential", Run: func() (sum uint64, err error) {
					for line := range scanBytes(path) {
						sum += uint64(len(line))
					}
					return sum, nil
				}},
				{Name: "hand-written", Run: func() (uint64, error) { return lengths(path) }},
				{Name: "vimap", Run: func() (uint64, error) { return lentLengths(path) }},
				aggregated("vimap map", sources.Bytes(path).Map(func(line []byte) int { return len(line) })),
				once(column("channels", add, func(each func(int)) error {
					return peers.Channels[string, int](0)(scan(path), 2, length, each)
				})),
			}, wc(path, n, want)...)
			return harness.Job{Want: want, Columns: columns}, nil
		},
	}
}

// lentLengths adds up the lengths of lent lines.
func lentLengths(path string) (uint64, error) {
	return sources.Bytes(path).Aggregate(context.Background(),
		func() uint64 { return 0 },
		func(sum uint64, line []byte) uint64 { return sum + uint64(len(line)) },
		func(a, b uint64) uint64 { return a + b })
}

// lengths adds up the lengths of a file's lines in two workers.
func lengths(path string) (uint64, error) {
	var total atomic.Uint64
	err := peers.Pieces(path, 2, func(_ int, lines []byte) {
		var sum uint64
		for len(lines) > 0 {
			end := bytes.IndexByte(lines, '\n')
			sum += uint64(end)
			lines = lines[end+1:]
		}
		total.Add(sum)
	})
	return total.Load(), err
}
