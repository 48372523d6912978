package testkit

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, and fails if they leave a goroutine behind.
func Main(m *testing.M) {
	debug.SetGCPercent(400) // the tests make a lot of garbage, and those that measure memory collect it themselves
	goleak.VerifyTestMain(m)
}

// Quiet fails t when a goroutine that works for the module is left at its end.
// It is the first line of every test that runs a pipeline outside a bubble.
// Tests that use it are not parallel: they would see each other's goroutines.
func Quiet(t *testing.T) {
	t.Helper()
	before := Ours()
	t.Cleanup(func() {
		if left := LeftSince(before); left != "" {
			t.Errorf("goroutines are left behind:\n%s", left)
		}
	})
}

// Bubble runs f in fake time and fails t when f returns before everything it
// started has ended. What is only asleep counts as left behind.
func Bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		before := Ours()
		f(t)
		synctest.Wait()
		if left := LeftSince(before); left != "" {
			t.Errorf("goroutines are left behind:\n%s", left)
		}
	})
}

var (
	goroutineID = regexp.MustCompile(`^goroutine (\d+)`)
	starter     = regexp.MustCompile(`(?m)^created by .*`)
)

// Ours returns the goroutines of the module, without the one that asks.
func Ours() map[string]string {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := strings.Split(string(buf), "\n\n")
	found := map[string]string{}
	for _, stack := range stacks[1:] {
		if strings.Contains(stack, "vimap-go/vimap") || strings.Contains(starter.FindString(stack), "sourcegraph/conc") {
			found[goroutineID.FindString(stack)] = stack
		}
	}
	return found
}

// LeftSince returns the stacks of the goroutines that are new since before. A
// goroutine that has done its work may still need a moment to end.
func LeftSince(before map[string]string) string { return leftAfter(2_000, before) }

// leftAfter is leftSince for a number of tries.
func leftAfter(tries int, before map[string]string) string {
	var left strings.Builder
	for try := range tries {
		left.Reset()
		for id, stack := range Ours() {
			if _, old := before[id]; !old {
				fmt.Fprintf(&left, "%s\n\n", stack)
			}
		}
		if left.Len() == 0 {
			break
		}
		for range 1 + try/10 {
			runtime.Gosched()
		}
	}
	return left.String()
}
