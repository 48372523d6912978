// Package workloads has the work that vimap and its peers are measured with, a
// file for each, and the targets vimap holds itself to.
package workloads

import "github.com/vimap-go/vimap/bench/internal/harness"

// All are the workloads in the order they are run.
func All() []harness.Workload {
	return []harness.Workload{
		Trivial(2),
		Trivial(8),
		Trivial(64),
		Ordered(2),
		ThreeStages(),
		Inline(),
		Hash(),
		Sleep(),
		SleepOrdered(),
		SleepManyWorkers(),
		Skew(),
		Rare(),
		Late(),
		Trickle(),
		BuildAndRun(),
		Lines(),
		LinesAsBytes(),
		JSONLines(),
		Rows(),
		Large(),
		Source(),
	}
}

// Chart takes the few results that a picture has room for, two and two beside
// each other.
func Chart(all []harness.Result) (charted []harness.Result) {
	for _, name := range []string{"trivial-2", "ordered-2", "stages-3x2", "lines", "hash-1us", "jsonlines"} {
		for i := range all {
			if all[i].Workload.Name == name {
				charted = append(charted, all[i])
			}
		}
	}
	return charted
}
