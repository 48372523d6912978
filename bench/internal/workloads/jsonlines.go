package workloads

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/data"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sinks"
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

// JSONLines parses the lines of a file, drops one in four and encodes the
// others to a file, in order. The file of the column "vimap whole" appears
// when it is whole and on the disk; nobody else waits for that.
func JSONLines() harness.Workload {
	return harness.Workload{
		Name:  "jsonlines",
		About: "JSON lines of a file: parse, filter, encode to a file, 2 workers, in order",
		Full:  200_000, Quick: 15_000, Test: 500,
		Peak: true,
		Build: func(n int) (harness.Job, error) {
			path, want, err := orderFile(n)
			if err != nil {
				return harness.Job{}, err
			}
			out := path + ".out"
			converted := sources.Lines(path).Try(parseOrder).Filter(large).
				Via(vimap.Func(encodeOrder).Workers(2)).Ordered()
			columns := writing(out, orderedEntries[string, []byte](), path)
			columns = append(columns,
				writingColumn("conc.iter", out, func(each func([]byte)) error {
					return peers.ConcIter(slices.Collect(scan(path)), 2, convert, each)
				}),
				harness.Column{Name: "vimap", Run: func() (uint64, error) {
					file, err := os.Create(out)
					if err != nil {
						return 0, err
					}
					_, err = converted.To(context.Background(), sinks.LinesTo(file).Outputs)
					return 0, errors.Join(err, file.Close())
				}},
				harness.Column{Name: "vimap whole", Run: func() (uint64, error) {
					_, err := converted.To(context.Background(), sinks.Lines(out).Outputs)
					return 0, err
				}})
			return harness.Job{Want: want, Columns: columns, Sum: func() (uint64, error) { return checksum(out) }}, nil
		},
	}
}

// orderFile has n orders; the sum is the checksum of what a loop makes of them.
func orderFile(n int) (path string, want uint64, err error) {
	return data.File(fmt.Sprintf("orders-%d.jsonl", n), func(w *bufio.Writer) error {
		for i := range n {
			_, err := fmt.Fprintf(w, `{"id":%d,"customer":"customer %d","amount":%d.25,"tags":["a","tag%d"]}`+"\n", i, i%977, i%313, i%7)
			if err != nil {
				return err
			}
		}
		return nil
	}, func(path string) (uint64, error) {
		var sum uint32
		for line := range scan(path) {
			if text := convert(line); text != nil {
				sum = crc32.Update(sum, crc32.IEEETable, append(text, '\n'))
			}
		}
		return uint64(sum), nil
	})
}

// checksum reads a file that a column wrote, and removes it: the next column
// is to write its own.
func checksum(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return uint64(crc32.ChecksumIEEE(text)), os.Remove(path)
}

// writing are the columns of pools that convert the lines of a file and write
// what is left to another.
func writing(out string, entries []poolEntry[string, []byte], path string) []harness.Column {
	var columns []harness.Column
	for _, entry := range entries {
		columns = append(columns, writingColumn(entry.name, out, func(each func([]byte)) error {
			return entry.pool(scan(path), 2, convert, each)
		}))
	}
	return columns
}

func writingColumn(name, out string, run func(each func([]byte)) error) harness.Column {
	return harness.Column{Name: name, Run: func() (uint64, error) {
		file, err := os.Create(out)
		if err != nil {
			return 0, err
		}
		w := bufio.NewWriterSize(file, 64<<10)
		err = run(func(text []byte) {
			if text != nil { // an error of w is that of Flush
				_, _ = w.Write(text)
				_ = w.WriteByte('\n')
			}
		})
		return 0, errors.Join(err, w.Flush(), file.Close())
	}}
}
