package workloads

import (
	"iter"
	"os"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sources"
)

// Large has items of 10 MB and nothing set: whoever looks far ahead needs a
// large machine. The peers with a buffer or a queue of more than one item for
// each worker are missing, for they would need 1 to 10 GB.
func Large() harness.Workload {
	return harness.Workload{
		Name:  "large",
		About: "items of 10 MB, 5 ms of waiting, 4 workers: look at the memory",
		Full:  1_000, Quick: 100, Test: 8,
		Peak: true,
		Build: func(n int) (harness.Job, error) {
			const (
				workers = 4
				size    = 10 << 20
			)
			page := os.Getpagesize()
			items := iter.Seq[[]byte](func(yield func([]byte) bool) {
				for i := range n {
					item := make([]byte, size)
					for at := 0; at < size; at += page { // memory that nobody touched is none
						item[at] = byte(i)
					}
					if !yield(item) {
						return
					}
				}
			})
			work := func(item []byte) int {
				time.Sleep(5 * time.Millisecond)
				return len(item) + int(item[size-page])
			}
			var want uint64
			for i := range n {
				want += size + uint64(byte(i))
			}
			columns := append(slow(poolColumns(items, workers, work, add, []poolEntry[[]byte, int]{
				{"channels", peers.Channels[[]byte, int](0)},
				{"errgroup", peers.ErrGroup[[]byte, int]},
				{"conc", peers.Conc[[]byte, int]},
				{"ants", peers.Ants[[]byte, int]},
			}), takeTasks...), vimapColumn("vimap", sources.Seq(items).Via(vimap.Func(step(work)).Workers(workers)), add))
			return harness.Job{Want: want, Columns: columns}, nil
		},
	}
}
