//go:build !linux

package harness

// peakMemory returns 0: it is known on Linux only.
func peakMemory() uint64 { return 0 }
