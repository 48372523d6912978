package workloads_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/vimap-go/vimap/bench/internal/data"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/workloads"
)

func TestMain(m *testing.M) {
	if status, ok := harness.Child(workloads.All()); ok {
		os.Exit(status)
	}
	status := m.Run()
	if err := data.Remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}
