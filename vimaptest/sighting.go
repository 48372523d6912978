package vimaptest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

var (
	goroutineID = regexp.MustCompile(`^goroutine \d+`)
	bubbleID    = regexp.MustCompile(`^goroutine \d+ [^\n]*(synctest bubble \d+)`)
)

// passive are what the goroutines are in that belong to the process or to
// other tests. They come with the first use of something and stay for good.
var passive = []string{
	"testing.tRunner(",
	"testing.(*M).",
	"testing.runTests(",
	"os/signal.loop(",
	"runtime.ensureSigM",
	"runtime/trace.Start",
	"runtime/pprof.profileWriter",
}

// goroutines returns the bubble of the calling goroutine, and the stacks of
// those that it could have left behind: in a bubble those of the bubble,
// outside those that are in none.
func goroutines() (bubble string, found map[string]string) {
	stacks := allStacks()
	bubble = bubbleOf(stacks[0])
	found = map[string]string{}
	for _, stack := range stacks[1:] {
		if bubbleOf(stack) == bubble && !isPassive(stack) {
			found[goroutineID.FindString(stack)] = stack
		}
	}
	return bubble, found
}

// allStacks returns the stacks of all goroutines, that of the caller first.
func allStacks() []string {
	for size := 1 << 18; ; size *= 4 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
	}
}

func bubbleOf(stack string) string {
	if m := bubbleID.FindStringSubmatch(stack); m != nil {
		return m[1]
	}
	return ""
}

func isPassive(stack string) bool {
	for _, function := range passive {
		if strings.Contains(stack, "\n"+function) {
			return true
		}
	}
	return false
}

// openFiles returns the open files of this process, where the system tells.
func openFiles() map[string]string {
	const folder = "/proc/self/fd"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(folder, entry.Name()))
		// One that is gone is the folder itself; the runtime's poller opens
		// files of its own with the first socket or pipe, for good.
		if err != nil || strings.HasPrefix(target, "anon_inode:[event") {
			continue
		}
		found[entry.Name()+" "+target] = fmt.Sprintf("file %s: %s", entry.Name(), target)
	}
	return found
}

// childProcesses returns the children of this process, where the system tells.
func childProcesses() map[string]string {
	found := map[string]string{}
	for _, pid := range childIDs() {
		text, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue // it has ended
		}
		// 4321 (name, which may hold anything) S 1234 …
		line := string(text)
		open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
		if open < 0 || end < open {
			continue
		}
		var state string
		var parent int
		if _, err := fmt.Sscan(line[end+1:], &state, &parent); err != nil || parent != os.Getpid() {
			continue
		}
		what := fmt.Sprintf("process %s: %s", pid, line[open+1:end])
		if state == "Z" {
			what += ", which has ended and was not waited for"
		}
		found[pid] = what
	}
	return found
}

// childIDs returns the numbers of processes, those of the children of this one
// among them. Where the kernel lists the children of each thread that is all,
// and a tenth of the time.
func childIDs() []string {
	lists, err := filepath.Glob("/proc/self/task/[0-9]*/children")
	if err != nil {
		return nil
	}
	var ids []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err == nil { // or the thread has ended
			ids = append(ids, strings.Fields(string(text))...)
		}
	}
	if len(lists) > 0 {
		return ids
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	for _, folder := range all {
		ids = append(ids, filepath.Base(folder))
	}
	return ids
}
