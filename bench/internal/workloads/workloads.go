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
