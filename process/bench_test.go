package process_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// BenchmarkEcho has children give their inputs back. An operation is an item.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{100, 100_000} {
		for _, inFlight := range []int{1, 16, 1024} {
			for _, workers := range []int{1, 4} {
				b.Run(fmt.Sprintf("%d-bytes/%d-in-flight/%d-children", size, inFlight, workers), func(b *testing.B) {
					items := make([][]byte, b.N)
					item := bytes.Repeat([]byte("x"), size)
					for i := range items {
						items[i] = item
					}
					stage := echo.Children(process.Options{InFlight: inFlight}).Workers(workers)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					_, err := sources.Slice(items).Via(stage).To(b.Context(), sinks.Ignore)
					if err != nil {
						b.Fatal(err)
					}
				})
			}
		}
	}
}

// BenchmarkReplacement has a child end by each input, so that every one waits
// for another child: an operation is an input.
func BenchmarkReplacement(b *testing.B) {
	for _, spares := range []int{0, 1} {
		b.Run(fmt.Sprintf("%d-spares", spares), func(b *testing.B) {
			ins := make([]string, b.N)
			for i := range ins {
				ins[i] = "exit 0"
			}
			o := silent
			o.Spares, o.InFlight = spares, 1
			for result := range sources.Slice(ins).Via(moody.Children(o)).Start(b.Context()).Results() {
				if result.Err == nil {
					b.Fatal("it did not end")
				}
			}
		})
	}
}
