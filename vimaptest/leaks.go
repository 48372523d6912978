package vimaptest

import (
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"
)

// settleTime is how long what has done its work may take to be gone.
const settleTime = 2 * time.Second

// NoLeaks fails t if the test leaves something behind that was not there when
// NoLeaks was called: a goroutine of a run, or one that was started by a
// function in it or by the test itself, an open file, a child process that runs
// or was not waited for. It is the first line of a test, so that what the test
// itself cleans up is gone when it looks.
//
// In a testing/synctest bubble, where it gets the t of the bubble, only the
// goroutines of the bubble count, and one that is asleep is left behind.
// Outside of one, goroutines get two seconds to be gone.
//
// Files and processes are looked for on Linux only, and belong to the whole
// process, as goroutines do outside of bubbles: a test that calls NoLeaks must
// not be parallel to others.
func NoLeaks(t TB) {
	t.Helper()
	before := look()
	t.Cleanup(func() {
		t.Helper()
		if left := before.leftBehind(); left != "" {
			t.Errorf("vimaptest: the test leaves something behind:\n%s", left)
		}
	})
}

// A sighting is all that a test could leave behind: what it is, by what tells
// it from others.
type sighting struct {
	bubble     string // that it was seen from; "" outside
	goroutines map[string]string
	files      map[string]string
	children   map[string]string
}

func look() sighting {
	s := sighting{files: openFiles(), children: childProcesses()}
	s.bubble, s.goroutines = goroutines()
	return s
}

// leftBehind returns what is new since s and does not go away.
func (s sighting) leftBehind() string {
	if s.bubble != "" {
		synctest.Wait()
		return look().since(s) // more waiting would show the same
	}
	wait := time.Microsecond
	for begin := time.Now(); ; wait = min(2*wait, 20*time.Millisecond) {
		left := look().since(s)
		if left == "" || time.Since(begin) > settleTime {
			return left
		}
		time.Sleep(wait)
	}
}

// since describes what is in s and not in before.
func (s sighting) since(before sighting) string {
	var b strings.Builder
	for _, kind := range []struct {
		title       string
		now, before map[string]string
	}{
		{"goroutines", s.goroutines, before.goroutines},
		{"open files", s.files, before.files},
		{"child processes", s.children, before.children},
	} {
		var left []string
		for id, what := range kind.now {
			if _, old := kind.before[id]; !old {
				left = append(left, what)
			}
		}
		if len(left) > 0 {
			slices.Sort(left)
			fmt.Fprintf(&b, "%s:\n%s\n", kind.title, strings.Join(left, "\n"))
		}
	}
	return b.String()
}
