// Package heap looks at how the use of memory rises while a stream goes by. It
// is for tests, which it gives a flag:
//
//	go test ./sinks ./sources ./web -run PeakMemory -gigabyte -v
package heap

import (
	"flag"
	"fmt"
	"runtime"
)

var gigabyte = flag.Bool("gigabyte", false, "measure the memory of streams of 1 GB, and print it")

// Size returns how many bytes a test should have go by: usual, or 1 GB if that
// was asked for.
func Size(usual int64) int64 {
	if *gigabyte {
		return 1 << 30
	}
	return usual
}

// InUse returns how many bytes are reachable.
func InUse() int64 {
	runtime.GC()
	runtime.GC() // goroutines that were ending have ended by now
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Watch looks ten times while items go by.
type Watch struct {
	every, seen, first, rise int64
}

// Over returns a Watch of so many items.
func Over(items int64) *Watch { return &Watch{every: max(1, items/10)} }

// See is called for each item, on one goroutine at a time.
func (w *Watch) See() {
	if w.seen++; w.seen%w.every != 0 {
		return
	}
	if use := InUse(); w.first == 0 {
		w.first = use
	} else {
		w.rise = max(w.rise, use-w.first)
	}
}

// Seen returns how many items went by.
func (w *Watch) Seen() int64 { return w.seen }

// Rise returns by how many bytes the use was at most above that behind the first
// tenth.
func (w *Watch) Rise() int64 { return w.rise }

// Tell prints what was seen, if 1 GB was asked for, and returns the rise.
func (w *Watch) Tell(what string) int64 {
	if *gigabyte {
		fmt.Printf("%s: %d items, %d KB more in use than after the first tenth\n", what, w.seen, w.rise>>10)
	}
	return w.rise
}
