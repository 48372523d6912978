package workloads

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sources"
)

type order struct {
	ID       int      `json:"id"`
	Customer string   `json:"customer"`
	Amount   float64  `json:"amount"`
	Tags     []string `json:"tags"`
}

func parseOrder(line string) (o order, err error) {
	err = json.Unmarshal([]byte(line), &o)
	return o, err
}

func large(o order) bool { return o.ID%4 != 0 }

func encodeOrder(_ context.Context, o order) ([]byte, error) {
	o.Amount *= 1.19
	return json.Marshal(o)
}

// convert is all three for the peers, with nothing for an order that is not
// large. It panics where vimap's columns return an error.
func convert(line string) []byte {
	o, err := parseOrder(line)
	if err != nil {
		panic(err)
	}
	if !large(o) {
		return nil
	}
	out, err := encodeOrder(context.Background(), o)
	if err != nil {
		panic(err)
	}
	return out
}

// checksum depends on the order.
func checksum(sum uint64, out []byte) uint64 {
	return uint64(crc32.Update(uint32(sum), crc32.IEEETable, out))
}

// JSONLines parses the lines of a file, drops one in four and encodes the
// others, in order.
func JSONLines() harness.Workload {
	return harness.Workload{
		Name:  "jsonlines",
		About: "JSON lines of a file: parse, filter, encode, 2 workers, in order",
		Full:  200_000, Quick: 15_000, Test: 500,
		Build: func(n int) (harness.Job, error) {
			path, remove, err := tempFile("orders.jsonl", func(w *bufio.Writer) error {
				for i := range n {
					_, err := fmt.Fprintf(w, `{"id":%d,"customer":"customer %d","amount":%d.25,"tags":["a","tag%d"]}`+"\n", i, i%977, i%313, i%7)
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return harness.Job{}, err
			}
			var want uint64
			for line := range scan(path) {
				want = checksum(want, convert(line))
			}
			columns := append(orderedPools(scan(path), 2, convert, checksum),
				column("conc.iter", checksum, func(each func([]byte)) error {
					return peers.ConcIter(slices.Collect(scan(path)), 2, convert, each)
				}),
				vimapColumn("vimap", sources.Lines(path).Try(parseOrder).Filter(large).
					Via(vimap.Func(encodeOrder).Workers(2)).Ordered(), checksum))
			return harness.Job{Want: want, Columns: columns, Close: remove}, nil
		},
	}
}
