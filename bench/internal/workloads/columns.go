package workloads

import (
	"context"
	"iter"
	"slices"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sinks"
)

// fold adds a result to the sum a column returns.
type fold[R any] = func(sum uint64, y R) uint64

// Sums of which only the second depends on the order.
func add(sum uint64, y int) uint64        { return sum + uint64(y) }
func addInOrder(sum uint64, y int) uint64 { return sum*31 + uint64(y) }
func addHash(sum, y uint64) uint64        { return sum + y }

// folded is the sum of some results.
func folded[R any](f fold[R], ys []R) (sum uint64) {
	for _, y := range ys {
		sum = f(sum, y)
	}
	return sum
}

// column makes a column of a function that calls each with every result.
func column[R any](name string, f fold[R], run func(each func(R)) error) harness.Column {
	return harness.Column{Name: name, Run: func() (sum uint64, err error) {
		err = run(func(y R) { sum = f(sum, y) })
		return sum, err
	}}
}

// vimapColumn runs a pipeline into a sum.
func vimapColumn[In, Out any](name string, p vimap.Pipeline[In, Out], f fold[Out]) harness.Column {
	return harness.Column{Name: name, Run: func() (uint64, error) {
		return p.To(context.Background(), sinks.Fold(uint64(0), func(sum uint64, _ In, y Out) uint64 { return f(sum, y) }))
	}}
}

// pools are the peers' columns for one function over a stream, in any order.
func pools[T, R any](items iter.Seq[T], workers int, f func(T) R, sum fold[R]) []harness.Column {
	return poolColumns(items, workers, f, sum, []poolEntry[T, R]{
		{"sequential", peers.Sequential[T, R]},
		{"channels", peers.Channels[T, R](0)},
		{"chan 128", peers.Channels[T, R](128)},
		{"chan 128 ctx", peers.CancellableChannels[T, R](128)},
		{"limit", peers.Limit[T, R]},
		{"errgroup", peers.ErrGroup[T, R]},
		{"conc", peers.Conc[T, R]},
		{"pond", peers.Pond[T, R]},
		{"ants", peers.Ants[T, R]},
		{"workerpool", peers.WorkerPool[T, R]},
		{"ro", peers.Ro[T, R]},
	})
}

// orderedPools are the peers' columns for one function over a stream, in order.
func orderedPools[T, R any](items iter.Seq[T], workers int, f func(T) R, sum fold[R]) []harness.Column {
	return poolColumns(items, workers, f, sum, orderedEntries[T, R]())
}

func orderedEntries[T, R any]() []poolEntry[T, R] {
	return []poolEntry[T, R]{
		{"sequential", peers.Sequential[T, R]},
		{"channels", peers.OrderedChannels[T, R](0)},
		{"chan 128", peers.OrderedChannels[T, R](128)},
		{"chan 128 ctx", peers.CancellableOrderedChannels[T, R](128)},
		{"limit", peers.OrderedLimit[T, R]},
		{"errgroup", peers.OrderedErrGroup[T, R]},
		{"conc", peers.OrderedConc[T, R]},
		{"pond", peers.OrderedPond[T, R]},
		{"ants", peers.OrderedAnts[T, R]},
		{"workerpool", peers.OrderedWorkerPool[T, R]},
		{"ro", peers.Ro[T, R]},
	}
}

type poolEntry[T, R any] struct {
	name string
	pool peers.Pool[T, R]
}

func poolColumns[T, R any](items iter.Seq[T], workers int, f func(T) R, sum fold[R], entries []poolEntry[T, R]) []harness.Column {
	var columns []harness.Column
	for _, entry := range entries {
		columns = append(columns, column(entry.name, sum, func(each func(R)) error {
			return entry.pool(items, workers, f, each)
		}))
	}
	return columns
}

// stages are the peers' columns for three functions one after the other.
func stages[T any](items iter.Seq[T], workers int, f peers.Three[T], sum fold[T]) []harness.Column {
	var columns []harness.Column
	for _, entry := range []struct {
		name   string
		stages peers.Stages[T]
	}{
		{"sequential", peers.SequentialStages[T]},
		{"channels", peers.ChannelStages[T](0)},
		{"chan 128", peers.ChannelStages[T](128)},
		{"chan 128 ctx", peers.CancellableChannelStages[T](128)},
		{"limit", peers.LimitStages[T]},
		{"ro", peers.RoStages[T]},
	} {
		columns = append(columns, column(entry.name, sum, func(each func(T)) error {
			return entry.stages(items, workers, f, each)
		}))
	}
	return columns
}

// concIter is the column for one function over a slice.
func concIter[T, R any](items []T, workers int, f func(T) R, sum fold[R]) harness.Column {
	return column("conc.iter", sum, func(each func(R)) error { return peers.ConcIter(items, workers, f, each) })
}

// loParallel is the column for one function over a slice, with a goroutine for
// each item.
func loParallel[T, R any](items []T, f func(T) R, sum fold[R]) harness.Column {
	return column("lo.parallel", sum, func(each func(R)) error { return peers.LoParallel(items, f, each) })
}

// without leaves columns out by their names.
func without(columns []harness.Column, names ...string) []harness.Column {
	return slices.DeleteFunc(columns, func(c harness.Column) bool { return slices.Contains(names, c.Name) })
}

// takeTasks are the columns that need a task for each item rather than a
// stream: no one gives them millions.
var takeTasks = []string{"errgroup", "conc", "pond", "ants", "workerpool"}

// once marks a column to run in the first round only.
func once(c harness.Column) harness.Column {
	c.Once = true
	return c
}

// slow marks columns by their names, so that a quick run leaves them out.
func slow(columns []harness.Column, names ...string) []harness.Column {
	for i, c := range columns {
		columns[i].Slow = c.Slow || slices.Contains(names, c.Name)
	}
	return columns
}
