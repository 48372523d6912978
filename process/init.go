package process

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
)

const (
	// envWorker names the worker that a child is to be.
	envWorker = "VIMAP_PROCESS_WORKER"
	// envDepth is how many ancestors of a process are parents to its like.
	envDepth = "VIMAP_PROCESS_DEPTH"
	// mostDepth ends what would go on for ever: children whose workers have
	// children whose workers have children.
	mostDepth = 8
)

// started says that Init was called.
var started atomic.Bool

// Init makes this process the worker that it was started to be, if it is a
// child; then it never returns. It must be the first line of main, and of
// TestMain in the tests of a package that uses children: what stands before it
// runs in each child too.
//
//	func main() {
//		process.Init()
//		…
//	}
//
// Without it nothing is started: opening a child is an error that says so.
func Init() {
	name, isChild := os.LookupEnv(envWorker)
	if !isChild {
		started.Store(true)
		return
	}
	// So that what the worker starts is not taken for a worker.
	_ = os.Unsetenv(envWorker)
	started.Store(true)
	os.Exit(beChild(name))
}

// ready says why no child may be started.
func ready(name string) error {
	misuse := func(format string, values ...any) error {
		return &Error{Kind: Misused, Worker: name, Text: fmt.Sprintf(format, values...)}
	}
	if !started.Load() {
		if flag.Lookup("test.v") != nil {
			return misuse("process.Init was not called; add to the tests of the package: " +
				"func TestMain(m *testing.M) { process.Init(); os.Exit(m.Run()) }")
		}
		return misuse("process.Init was not called; add as the first line of main: process.Init()")
	}
	if depth() >= mostDepth {
		return misuse("it is the child of a child of a child, %d deep: a worker must not start a stage of its own kind", depth())
	}
	return nil
}

func depth() int {
	n, _ := strconv.Atoi(os.Getenv(envDepth))
	return n
}
