package sources_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// perItem runs f for n items a round and reports what one costs.
func perItem(b *testing.B, n int, unit string, f func() int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if got := f(); got != n {
			b.Fatalf("%d items, want %d", got, n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/"+unit)
}

func drain[In, Out any](b *testing.B, pipeline vimap.Pipeline[In, Out]) func() int {
	b.Helper()
	return func() int {
		n, err := pipeline.To(b.Context(), sinks.Ignore)
		if err != nil {
			b.Fatal(err)
		}
		return int(n)
	}
}

// text returns lines of 20 to 99 characters.
func text(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var text bytes.Buffer
	for text.Len() < size {
		for range 20 + random.IntN(80) {
			text.WriteByte(byte('a' + random.IntN(26)))
		}
		text.WriteByte('\n')
	}
	return text.Bytes()
}

func BenchmarkLines(b *testing.B) {
	data := text(32 << 20)
	lines := bytes.Count(data, []byte{'\n'})
	path := filepath.Join(b.TempDir(), "lines.txt")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	b.Run("Lines", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		perItem(b, lines, "line", drain(b, sources.Lines(path)))
	})
	b.Run("Scanner", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		perItem(b, lines, "line", func() (n int) {
			file, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer closing(file)
			scanner := bufio.NewScanner(file)
			for scanner.Scan() {
				n += min(1, len(scanner.Text()))
			}
			return n
		})
	})
}

// BenchmarkSharing cuts text into strings that share memory to a varying
// extent; 1 byte is a piece of memory for each line.
func BenchmarkSharing(b *testing.B) {
	data := text(32 << 20)
	lines := bytes.Count(data, []byte{'\n'})
	batch := make([]string, 0, 512)
	cut := func(block []byte, shared int) (n int) {
		for len(block) > 0 {
			end := bytes.LastIndexByte(block[:min(shared, len(block))], '\n') + 1
			if end == 0 {
				end = bytes.IndexByte(block, '\n') + 1
			}
			text := string(block[:end])
			block = block[end:]
			for text != "" {
				i := strings.IndexByte(text, '\n')
				batch = append(batch, text[:i])
				text = text[i+1:]
				n++
				if len(batch) == cap(batch) {
					clear(batch)
					batch = batch[:0]
				}
			}
		}
		return n
	}
	for _, shared := range []int{1, 1 << 10, 2 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10} {
		b.Run(fmt.Sprintf("%d bytes", shared), func(b *testing.B) {
			perItem(b, lines, "line", func() (n int) {
				for rest := data; len(rest) > 0; {
					end := bytes.LastIndexByte(rest[:min(256<<10, len(rest))], '\n') + 1
					n += cut(rest[:end], shared)
					rest = rest[end:]
				}
				return n
			})
		})
	}
}

func BenchmarkShortFiles(b *testing.B) {
	path := filepath.Join(b.TempDir(), "short.txt")
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	perItem(b, 2, "line", drain(b, sources.Lines(path)))
}

func BenchmarkJSONLines(b *testing.B) {
	const lines = 100_000
	path := filepath.Join(b.TempDir(), "lines.jsonl")
	line := `{"uri":"/some/path/of/an/item","data":{"one":1,"two":2,"three":3}}` + "\n"
	if err := os.WriteFile(path, []byte(strings.Repeat(line, lines)), 0o600); err != nil {
		b.Fatal(err)
	}
	perItem(b, lines, "line", drain(b, sources.JSONLines[request](path)))
}

func BenchmarkItems(b *testing.B) {
	numbers := make([]int, 1_000_000)
	b.Run("Slice", func(b *testing.B) { perItem(b, len(numbers), "item", drain(b, sources.Slice(numbers))) })
	b.Run("Seq", func(b *testing.B) {
		perItem(b, len(numbers), "item", drain(b, sources.Seq(slices.Values(numbers))))
	})
	b.Run("Concat", func(b *testing.B) {
		perItem(b, len(numbers), "item", drain(b, sources.Concat(sources.Slice(numbers[:10]), sources.Slice(numbers[10:]))))
	})
	b.Run("Chan", func(b *testing.B) {
		perItem(b, len(numbers), "item", func() int {
			ch := make(chan int, 128)
			go func() {
				defer close(ch)
				for _, n := range numbers {
					ch <- n
				}
			}()
			return drain(b, sources.Chan(ch))()
		})
	})
}
