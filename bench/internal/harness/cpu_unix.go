//go:build unix

package harness

import (
	"syscall"
	"time"
)

// cpuTime returns what the process, and those it started that have ended, have
// used of all cores, in user and system mode.
func cpuTime() (used time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if syscall.Getrusage(who, &usage) != nil {
			return 0
		}
		used += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return used
}
