package vimaptest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/vimap-go/vimap/vimaptest"
)

// fakeT stands in for a *testing.T: in examples, and where a test that uses the
// kit is to fail. It writes what fails.
type fakeT struct {
	name   string
	writer io.Writer
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	errors   []string
	cleanups []func()
	failed   []string // names of subtests
}

func newFakeT(name string, w io.Writer) *fakeT {
	t := &fakeT{name: name, writer: w}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// inTest calls f as a test would be, and writes what it reports.
func inTest(f func(t *fakeT)) {
	t := newFakeT("Test", os.Stdout)
	defer t.end()
	f(t)
}

func (t *fakeT) Helper()                  {}
func (t *fakeT) Context() context.Context { return t.ctx }

func (t *fakeT) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

func (t *fakeT) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors = append(t.errors, fmt.Sprintf(format, args...))
	fmt.Fprintf(t.writer, "%s: %s\n", t.name, t.errors[len(t.errors)-1])
}

// Run is what makes it a [vimaptest.Runner].
func (t *fakeT) Run(name string, f func(*fakeT)) bool {
	sub := newFakeT(name, t.writer)
	f(sub)
	sub.end()
	if len(sub.errors) > 0 {
		t.failed = append(t.failed, name)
		t.errors = append(t.errors, sub.errors...)
	}
	return len(sub.errors) == 0
}

// end is what happens at the end of a test.
func (t *fakeT) end() {
	t.cancel()
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
	t.cleanups = nil
}

// bubble runs f in fake time, and fails t if it leaves anything behind.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vimaptest.NoLeaks(t)
		f(t)
	})
}
