package bench_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/vimap-go/vimap/bench/internal/data"
)

// TestMain leaves no files of the benchmarks behind.
func TestMain(m *testing.M) {
	status := m.Run()
	if err := data.Remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}
