package sources_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleBytes() {
	path := filepath.Join(examples, "weather.txt")
	if err := os.WriteFile(path, []byte("Oslo;-3\nRome;14\nOslo;5\n"), 0o600); err != nil {
		panic(err)
	}
	type reading struct {
		degrees int
		of      string
	}
	read := func(line []byte) (reading, error) {
		station, degrees, _ := bytes.Cut(line, []byte{';'})
		n, err := strconv.Atoi(string(degrees))
		return reading{n, string(station)}, err
	}
	warmest, err := sources.Bytes(path).
		Try(read).
		To(context.Background(), sinks.Aggregate(
			func() map[string]int { return map[string]int{} },
			func(most map[string]int, _, r reading) map[string]int {
				if known, ok := most[r.of]; !ok || r.degrees > known {
					most[r.of] = r.degrees
				}
				return most
			},
			func(most, others map[string]int) map[string]int {
				for station, degrees := range others {
					if known, ok := most[station]; !ok || degrees > known {
						most[station] = degrees
					}
				}
				return most
			}))
	fmt.Println(warmest, err)
	// Output: map[Oslo:5 Rome:14] <nil>
}

func ExampleText_Bytes() {
	path := filepath.Join(examples, "upload.txt")
	if err := os.WriteFile(path, []byte("short\nmuch too long\n"), 0o600); err != nil {
		panic(err)
	}
	lengths, err := sources.Text{MaxLength: 5}.Bytes(path).
		Map(func(line []byte) int { return len(line) }).
		To(context.Background(), sinks.Collect)
	fmt.Println(lengths)
	fmt.Println(filepath.Base(err.Error()))
	// Output:
	// [5]
	// upload.txt:2: line too long: more than 5 bytes
}
