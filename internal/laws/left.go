package laws

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
)

var (
	goroutineID = regexp.MustCompile(`^goroutine (\d+)`)
	starter     = regexp.MustCompile(`(?m)^created by .*`)
	buffer      = make([]byte, 1<<20)
)

// goroutines returns those of the module, without the one that asks.
func goroutines() map[string]string {
	n := runtime.Stack(buffer, true)
	for n == len(buffer) {
		buffer = make([]byte, 2*len(buffer))
		n = runtime.Stack(buffer, true)
	}
	found := map[string]string{}
	for i, stack := range strings.Split(string(buffer[:n]), "\n\n") {
		if i > 0 && (strings.Contains(stack, "vimap-go/vimap") || strings.Contains(starter.FindString(stack), "sourcegraph/conc")) {
			found[goroutineID.FindString(stack)] = stack
		}
	}
	return found
}

// leftSince returns the stacks of the goroutines that are new since before. A
// goroutine that has done its work may still need a moment to end.
func leftSince(before map[string]string) string {
	var left strings.Builder
	for try := range 1_000 {
		left.Reset()
		for id, stack := range goroutines() {
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
