package progress_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hinshun/vt10x"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is a terminal, and a display on it.
type screen struct {
	*progress.Display
	vt     vt10x.Terminal
	mu     sync.Mutex
	all    strings.Builder
	writes int
}

func newScreen(columns, rows int) *screen {
	s := &screen{vt: vt10x.New(vt10x.WithSize(columns, rows))}
	s.Display = &progress.Display{To: terminal{s}, Mode: progress.Bar, Width: func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		columns, _ := s.vt.Size()
		return columns
	}}
	return s
}

// resize cuts what does not fit, as some terminals do.
func (s *screen) resize(columns int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, rows := s.vt.Size()
	s.vt.Resize(columns, rows)
}

type terminal struct{ s *screen }

// Write does what the system does for a terminal.
func (t terminal) Write(p []byte) (int, error) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.s.writes++
	t.s.all.Write(p)
	_, err := t.s.vt.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

// lines are what is on the screen.
func (s *screen) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for line := range strings.Lines(s.vt.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// at has the lines of the screen taken in a while, and returns what waits for them.
func (s *screen) at(after time.Duration) func() []string {
	var lines []string
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(after)
		synctest.Wait()
		lines = s.lines()
	})
	return func() []string {
		wg.Wait()
		return lines
	}
}

// bubble runs f in fake time; what f leaves behind keeps it from ending.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// steady is a stage with one worker, which takes a time for each item.
func steady(each time.Duration) vimap.Stage[int, int] {
	return vimap.Func(func(ctx context.Context, n int) (int, error) {
		select {
		case <-time.After(each):
			return n, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
}

func numbers(n int) vimap.Pipeline[int, int] {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return sources.Slice(all)
}

// shownAfter drives a run for a time and returns what is on the screen then;
// after that it is cancelled.
func shownAfter(t *testing.T, s *screen, after time.Duration, p vimap.Pipeline[int, int], name string) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	at := s.at(after)
	time.AfterFunc(after+time.Millisecond, cancel)
	run := p.Start(s.Show(ctx, name))
	for range run.Results() {
	}
	require.Error(t, run.Err())
	return at()
}
