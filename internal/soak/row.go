package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// row is what is measured every so often.
type row struct {
	elapsed       time.Duration
	programs      int
	items, faults int64
	goroutines    int
	files         int     // open; -1 where the system does not say
	memory        float64 // MB resident; 0 where the system does not say
	violations    int
}

const header = "   elapsed  programs       items    faults  goroutines  files  memory MB  violations"

// String is a line under header.
func (r row) String() string {
	return fmt.Sprintf("%10v %9d %11d %9d %11d %6d %10.1f %11d",
		r.elapsed.Round(time.Second), r.programs, r.items, r.faults, r.goroutines, r.files, r.memory, r.violations)
}

// measure fills in what the process holds, after a collection.
func measure(r row) row {
	runtime.GC()
	r.goroutines, r.files = runtime.NumGoroutine(), -1
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.files = len(entries)
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if text, found := strings.CutPrefix(line, "VmRSS:"); found {
				var kB float64
				if _, err := fmt.Sscan(text, &kB); err == nil {
					r.memory = kB / 1024
				}
			}
		}
	}
	return r
}

const (
	// warm is how long the process may grow.
	warm = 2 * time.Minute
	// mostGrowth and moreMB are how much more memory may be resident in the
	// later half than in the earlier, where each is the mean of its rows.
	mostGrowth = 0.10
	moreMB     = 4
)

// verdict says whether the rows are flat, and what that means. From minute 2
// on, or of a short soak from its third part on, no row may have more
// goroutines or files than the first has, and the mean memory of the later half
// may exceed that of the earlier by a tenth or 4 MB.
func verdict(rows []row) (text string, well bool) {
	last := rows[len(rows)-1]
	from := min(warm, last.elapsed/3)
	var settled []row
	for _, r := range rows {
		if r.elapsed >= from {
			settled = append(settled, r)
		}
	}
	first := settled[0]
	goroutines, files := 0, 0
	for _, r := range settled {
		goroutines, files = max(goroutines, r.goroutines-first.goroutines), max(files, r.files-first.files)
	}
	earlier, later := mean(settled[:(len(settled)+1)/2]), mean(settled[len(settled)/2:])
	flat := later <= earlier*(1+mostGrowth) || later <= earlier+moreMB
	well = goroutines == 0 && files == 0 && flat && last.violations == 0
	word := "PASS"
	if !well {
		word = "FAIL"
	}
	return fmt.Sprintf("%s: %d programs, %d items, %d faults, %d violations; from %v on %d more goroutines, %d more files (0 may be), "+
		"memory %.1f MB in the earlier half and %.1f MB in the later (a tenth or 4 MB more may be)",
		word, last.programs, last.items, last.faults, last.violations, first.elapsed.Round(time.Second), goroutines, files, earlier, later), well
}

func mean(rows []row) (mean float64) {
	for _, r := range rows {
		mean += r.memory / float64(len(rows))
	}
	return mean
}
