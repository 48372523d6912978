//go:build unix

package harness

import (
	"syscall"
	"time"
)

// cpuTime returns what the process has used of all cores, in user and system mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
