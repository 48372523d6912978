// Package harness runs the columns of a workload alternately, checks what they
// return, and prints what they cost.
package harness

import "time"

// Base is the column the ratios of a table refer to where a workload does not
// name another: the worker pool on unbuffered channels that a Go programmer
// writes first.
const Base = "channels"

// Workload is one piece of work that every column does in its own way.
type Workload struct {
	Name  string
	About string
	// Full, Quick and Test are the numbers of items of an ordinary run, of one
	// with -quick, and of the tests. Zero leaves the workload out.
	Full, Quick, Test int
	// Item says what an item is if it is not an item of a stream, such as "run".
	Item string
	// Base names the column the ratios refer to. Defaults to [Base].
	Base string
	// Build prepares the work for n items: outside the time that is measured.
	Build func(n int) (Job, error)
}

// Job is a workload made ready for a number of items.
type Job struct {
	// Want is what each column must return.
	Want    uint64
	Columns []Column
	// Latencies hands over and forgets what the last column measured for each
	// item. Nil: the workload measures no latencies.
	Latencies func() []time.Duration
	// Close removes what Build made. Nil: nothing to remove.
	Close func() error
}

// Column is one way to do the work.
type Column struct {
	Name string
	// Slow columns are left out of a quick run.
	Slow bool
	// Run does all of the work once and returns a sum over the results; where
	// order is asked for, one that depends on it.
	Run func() (uint64, error)
}
