package harness

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/vimap-go/vimap/bench/internal/data"
)

// patience is how long one run of a column may take before the program gives
// up and shows where its goroutines are.
const patience = 3 * time.Minute

// Options say how a workload is measured.
type Options struct {
	Quick  bool
	Rounds int
	// Progress hears of each column that begins. Nil: no one.
	Progress func(workload, column string, round int)
}

// Sample is what one run of one column cost.
type Sample struct {
	Wall, CPU time.Duration
	Allocs    uint64
	P50, P99  time.Duration
	Late      int    // items that were later than [Workload.Late]
	Peak      uint64 // bytes of memory, 0 if it was not measured
}

// Round has one sample for each column, taken right after each other.
type Round struct {
	Items int
	// Cores is how many were free for this process when the round began.
	Cores   float64
	Samples map[string]Sample
}

// Result has the rounds of a workload.
type Result struct {
	Workload  Workload
	Items     int
	Columns   []string
	Rounds    []Round
	Latencies bool
}

// Measure runs the columns of w alternately: A B C, A B C and so on.
// A round of warming up, which is not counted, comes before an ordinary run.
// The first column that returns a wrong sum is the error.
func Measure(w Workload, o Options) (Result, error) {
	items, first := w.Full, -1
	if o.Quick {
		items, first = w.Quick, 0
	}
	job, err := w.Build(items)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", w.Name, err)
	}
	if o.Quick {
		job.Columns = slices.DeleteFunc(slices.Clone(job.Columns), func(c Column) bool { return c.Slow })
	}
	result := Result{Workload: w, Items: items, Latencies: job.Latencies != nil}
	for _, column := range job.Columns {
		result.Columns = append(result.Columns, column.Name)
	}
	for n := first; n < o.Rounds*cmp.Or(w.Often, 1); n++ {
		round := Round{Items: items, Cores: freeCores(), Samples: map[string]Sample{}}
		for _, column := range job.Columns {
			if column.Once && n != 0 {
				continue
			}
			if o.Progress != nil {
				o.Progress(w.Name, column.Name, n+1)
			}
			sample, err := once(w, job, column)
			if err != nil {
				return Result{}, err
			}
			round.Samples[column.Name] = sample
		}
		if n >= 0 {
			result.Rounds = append(result.Rounds, round)
		}
	}
	if w.Peak {
		return result, result.measurePeaks(job, o)
	}
	return result, nil
}

// measurePeaks adds the peak memory to some of the rounds.
func (r Result) measurePeaks(job Job, o Options) error {
	most := peakRounds
	if o.Quick {
		most = 1
	}
	for n, round := range r.Rounds[:min(most, len(r.Rounds))] {
		for _, column := range job.Columns {
			sample, ok := round.Samples[column.Name]
			if !ok || column.Foreign {
				continue
			}
			if o.Progress != nil {
				o.Progress(r.Workload.Name, column.Name+" (memory)", n+1)
			}
			var err error
			if sample.Peak, err = Peak(r.Workload, column.Name, r.Items); err != nil {
				return err
			}
			round.Samples[column.Name] = sample
		}
	}
	return nil
}

// Check runs a column once and returns an error unless its sum is right.
func Check(w Workload, job Job, column Column) error {
	_, err := once(w, job, column)
	return err
}

func once(w Workload, job Job, column Column) (Sample, error) {
	name := w.Name + "/" + column.Name
	watchdog := time.AfterFunc(patience, func() {
		fmt.Fprintf(os.Stderr, "\n%s has not ended after %v; its goroutines:\n", name, patience)
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
		data.Exit(2)
	})
	defer watchdog.Stop()

	runtime.GC() // what the last column left is not this one's to collect
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	sum, err := column.Run()
	sample := Sample{Wall: time.Since(start), CPU: cpuTime() - cpu}
	runtime.ReadMemStats(&after)
	sample.Allocs = after.Mallocs - before.Mallocs

	if err == nil && job.Sum != nil {
		sum, err = job.Sum()
	}
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", name, err)
	}
	if sum != job.Want {
		return Sample{}, fmt.Errorf("%s: the sum is %d, want %d", name, sum, job.Want)
	}
	if job.Latencies != nil {
		latencies := job.Latencies()
		slices.Sort(latencies)
		if n := len(latencies); n > 0 {
			sample.P50, sample.P99 = latencies[n/2], latencies[n*99/100]
		}
		if w.Late > 0 {
			onTime, _ := slices.BinarySearch(latencies, w.Late+1)
			sample.Late = len(latencies) - onTime
		}
	}
	return sample, nil
}
