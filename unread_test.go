package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

// logbook is a handler that keeps what is logged, one line a record.
type logbook struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	line := fmt.Sprint(r.Level, " ", r.Message)
	r.Attrs(func(a slog.Attr) bool { line += fmt.Sprintf(" %s=%v", a.Key, a.Value); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return nil
}

// with returns the lines that hold text; runs of other tests may be logged too.
func (l *logbook) with(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// logged has everything logged to a logbook until the end of the test.
func logged(t *testing.T) *logbook {
	l := &logbook{}
	before, flags := slog.Default(), log.Flags()
	slog.SetDefault(slog.New(l))
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(os.Stderr) // SetDefault took it
		log.SetFlags(flags)
	})
	return l
}

// unread runs p and drops the run, whose error nobody looks at.
//
//go:noinline
func unread(ctx context.Context, p vimap.Pipeline[int, int], look bool) {
	run := p.Start(ctx)
	for range run.Zip() {
	}
	if look {
		_ = run.Err()
	}
}

func TestAFailureTheCallerNeverLooksAtIsLoggedOnceWithItsStack(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	l := logged(t)
	stage := func(work func()) vimap.Pipeline[int, int] {
		return testkit.Given(1).Via(vimap.Func(func(_ context.Context, n int) (int, error) { work(); return n, nil }))
	}
	unread(t.Context(), stage(func() { explodeAloud("seen") }), true)
	unread(t.Context(), stage(func() { explodeAloud("unseen") }), false)
	unread(t.Context(), testkit.Given(1).Try(func(int) (int, error) { return 0, errors.New("a plain one, unseen") }), false)
	for range 1_000 {
		if len(l.with("unseen")) == 2 {
			break
		}
		runtime.GC()
		runtime.Gosched()
	}
	for range 5 { // time enough to log it again
		runtime.GC()
		runtime.Gosched()
	}
	panicked := l.with("panic: unseen")
	require.Len(t, panicked, 1)
	require.True(t, strings.HasPrefix(panicked[0], "ERROR vimap: a run failed and nobody read its error"), panicked[0])
	require.Contains(t, panicked[0], "vimap_test.explodeAloud", "the stack shows where")
	require.Len(t, l.with("a plain one, unseen"), 1)
	require.Empty(t, l.with("panic: seen"), "what was read is not logged")
}

//go:noinline
func explodeAloud(what string) { panic(what) }
