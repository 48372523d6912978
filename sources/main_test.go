package sources_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
)

// examples is the folder for the files of the examples.
var examples string

func TestMain(m *testing.M) {
	var err error
	if examples, err = os.MkdirTemp("", "sources"); err != nil {
		panic(err)
	}
	// The first pipe opens the poller's own files, for good.
	if r, w, err := os.Pipe(); err == nil {
		closing(r)
		closing(w)
	}
	code := m.Run()
	_ = os.RemoveAll(examples)
	os.Exit(code)
}

// closing closes what a test needs no more.
func closing(c io.Closer) { _ = c.Close() }

// collect returns all outputs in source order.
func collect[In, Out any](t *testing.T, pipeline vimap.Pipeline[In, Out]) ([]Out, error) {
	t.Helper()
	return pipeline.Ordered().To(t.Context(), sinks.Collect)
}

// take returns the first n outputs and leaves the run.
func take[In, Out any](t *testing.T, n int, pipeline vimap.Pipeline[In, Out]) []Out {
	t.Helper()
	var outs []Out
	run := pipeline.Ordered().Start(t.Context())
	for _, out := range run.Zip() {
		if outs = append(outs, out); len(outs) == n {
			break
		}
	}
	require.NoError(t, run.Err())
	return outs
}

// quiet fails the test if it leaves a goroutine or an open file behind.
func quiet(t *testing.T) {
	t.Helper()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	t.Cleanup(func() {
		for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
			runtime.Gosched() // a goroutine that has said it is done may still be ending
		}
		if runtime.NumGoroutine() > goroutines {
			stacks := make([]byte, 1<<16)
			t.Errorf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
		require.LessOrEqual(t, openFiles(t), files, "files are left open")
	})
}

// openFiles counts them where the system tells.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// numbered returns n lines of about size bytes.
func numbered(n, size int) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), size))
		text.WriteByte('\n')
	}
	return text.String()
}

// A counter counts what is read from it.
type counter struct {
	text  string // over and over
	reads int
	bytes int
}

func (c *counter) Read(p []byte) (int, error) {
	c.reads++
	for n := 0; n < len(p); {
		m := copy(p[n:], c.text[c.bytes%len(c.text):])
		n, c.bytes = n+m, c.bytes+m
	}
	return len(p), nil
}
