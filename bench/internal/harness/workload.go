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
	// Often is how many times as many rounds as others the workload has: for
	// work so short that it costs nothing to look at it more often. Zero means 1.
	Often int
	// Late is from which latency on an item counts as late. Zero: none does.
	Late time.Duration
	// Peak has the peak memory of each column measured, see [Peak].
	Peak bool
	// Build prepares the work for n items: outside the time that is measured. It
	// is called in the process of each column whose peak memory is measured, too,
	// and takes what is costly to make from a file that is made once.
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
	// Sum takes a sum over what the last column left behind, in place of the one
	// that it returned: outside the time that is measured. Nil: that is the one.
	Sum func() (uint64, error)
}

// Column is one way to do the work.
type Column struct {
	Name string
	// Slow columns are left out of a quick run.
	Slow bool
	// Once columns run in the first round only: they would take most of the time.
	Once bool
	// Foreign columns have another program do the work, whose allocations and
	// memory are not seen.
	Foreign bool
	// Run does all of the work once and returns a sum over the results; where
	// order is asked for, one that depends on it.
	Run func() (uint64, error)
}
