package harness_test

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/harness"
)

// hungry has a column that needs 64 MB, and one that fails.
func hungry() harness.Workload {
	w := work(
		harness.Column{Name: "small", Run: func() (uint64, error) { return 7, nil }},
		harness.Column{Name: "large", Run: func() (uint64, error) {
			memory := make([]byte, 64<<20)
			for at := 0; at < len(memory); at += 4096 {
				memory[at] = 1
			}
			sum := 6 + uint64(memory[0])
			debug.FreeOSMemory() // it is the most that counts, not what is left
			return sum, nil
		}},
		harness.Column{Name: "failed", Run: func() (uint64, error) { return 7, errors.New("failure") }},
		harness.Column{Name: "foreign", Foreign: true, Run: func() (uint64, error) { return 7, nil }},
	)
	w.Peak = true
	return w
}

func TestMain(m *testing.M) {
	if status, ok := harness.Child([]harness.Workload{hungry()}); ok {
		os.Exit(status)
	}
	os.Exit(m.Run())
}

func TestPeakIsThatOfAColumnAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system does not tell")
	}
	// Were it that of this process, or inherited from it, the small one had it too.
	here := make([]byte, 128<<20)
	for at := 0; at < len(here); at += 4096 {
		here[at] = 1
	}
	small, err := harness.Peak(hungry(), "small", 1)
	require.NoError(t, err)
	large, err := harness.Peak(hungry(), "large", 1)
	require.NoError(t, err)
	runtime.KeepAlive(here)
	require.Less(t, small, uint64(64<<20))
	require.Greater(t, large, small+60<<20)

	_, err = harness.Peak(hungry(), "failed", 1)
	require.ErrorContains(t, err, "work/failed: failure")
	_, err = harness.Peak(hungry(), "absent", 1)
	require.ErrorContains(t, err, "there is no column work/absent")
}

func TestPeaksAreMeasuredForAllButForeignColumns(t *testing.T) {
	w := hungry()
	w.Build = func(int) (harness.Job, error) {
		job, err := hungry().Build(1)
		job.Columns = append(job.Columns[:2:2], job.Columns[3])
		return job, err
	}
	result, err := harness.Measure(w, harness.Options{Quick: true, Rounds: 2})
	require.NoError(t, err)
	if runtime.GOOS == "linux" {
		more, ok := result.Spread(harness.Minus(harness.PeakMB("large"), harness.PeakMB("small")))
		require.True(t, ok)
		require.Greater(t, more.Median, 60.0)
	}
	_, ok := result.Spread(harness.PeakMB("foreign"))
	require.False(t, ok)
	require.Contains(t, result.Table(), "peak MB")
}
