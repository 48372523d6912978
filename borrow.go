package vimap

import (
	"bytes"
	"slices"

	"github.com/vimap-go/vimap/internal/engine"
)

// Borrowed is lines that are lent: their memory is used again as soon as the
// function that was given one has returned. It is no Pipeline, so that none can
// get out of the call: Map and Try make items of them, which a Pipeline has, and
// Aggregate adds them up as they are, the quickest way. A function must neither
// keep the line nor change it; what it returns must not share its memory, so
// that a line that is wanted is copied, by string(line). A test under the race
// detector finds a function that keeps one: there the line is overwritten when
// the function has returned.
//
// # How it runs
//
// In [Borrowed.Aggregate], and in a chain of steps alone (Map, Try, Filter and a
// [Decode] behind them) that ends in [Run.Aggregate], without [Pipeline.InFlight], the lines are cut by the
// workers of the run, one for each processor (runtime.GOMAXPROCS): each reads a
// block of the text at a time, and a line costs little more than the functions
// called for it. Then what is in flight are blocks, three for each worker and
// two more, twice that if the run is ordered, with whatever lines they have. A
// worker that is held up by a line, or whose lines are slow while another idles,
// gives the rest of its block away. When the run is stopped, or has failed, a
// worker leaves what it has not begun: it goes on for about 50 µs, or until the
// line in hand is done with. With Ordered, the blocks in flight are finished;
// accumulators are made of pieces of the text and merged in their order in the
// goroutine of the loop: the result is that of a plain loop if merge is
// associative.
//
// In all other chains, and in a serial run, the lines travel one by one, each in
// memory of its own or in that of its text. Where the source hands out texts, by
// [EmitText], the workers of the first stage may cut them.
//
// [Stats] counts lines in both; as read those that a worker has come to. Index
// and place of a failure are those of its line.
type Borrowed struct {
	raw Pipeline[[]byte, []byte]
}

// Lend returns the lines of a lender.
func Lend(l Lender[[]byte]) Borrowed {
	l.check("Lend")
	return Borrowed{Pipeline[[]byte, []byte]{
		nodes: []PlanNode{{Kind: KindSource, Name: "lines"}},
		compile: func(p *plan[[]byte]) *engine.Flow[[]byte] {
			f, origins := engine.Lend(p.run, l.lines(), l.lender(), !p.decoded)
			p.origins = origins
			return f
		},
	}}
}

// Filter drops the lines for which keep is false; [Stats] counts them. keep may
// be called from several goroutines at once.
func (b Borrowed) Filter(keep func(line []byte) bool) Borrowed {
	notNil(b.raw.compile == nil, "Filter", "the source")
	notNil(keep == nil, "Filter", "keep")
	return Borrowed{b.raw.Filter(overwriting(keep))}
}

// Map makes an item of each line, as [Decode] does: what f returns is the item
// of the run. f may be called from several goroutines at once.
func (b Borrowed) Map[T any](f func(line []byte) T) Pipeline[T, T] {
	notNil(f == nil, "Map", "f")
	return b.items("Map", nil, overwriting(f))
}

// Try is [Borrowed.Map] for a function that may fail. Its error fails the item,
// at the step "decode", with the line as a string as [ItemError.Input].
func (b Borrowed) Try[T any](f func(line []byte) (T, error)) Pipeline[T, T] {
	notNil(f == nil, "Try", "f")
	type both struct {
		item T
		err  error
	}
	if overwrites {
		given := f
		once := overwriting(func(line []byte) both {
			item, err := given(line)
			return both{item, err}
		})
		f = func(line []byte) (T, error) {
			made := once(line)
			return made.item, made.err
		}
	}
	return b.items("Try", f, nil)
}

// items makes the items of the run of what decode makes of the lines.
func (b Borrowed) items[T any](method string, decode func([]byte) (T, error), never func([]byte) T) Pipeline[T, T] {
	notNil(b.raw.compile == nil, method, "the source")
	node := len(b.raw.nodes)
	return Pipeline[T, T]{
		nodes: append(slices.Clip(b.raw.nodes), PlanNode{Kind: KindDecode, Name: "decode"}),
		compile: func(p *plan[T]) *engine.Flow[T] {
			under := &plan[[]byte]{run: p.run, ordered: p.ordered, decoded: true, nodes: p.nodes}
			lines := engine.At(b.raw.compile(under), node)
			f, origins := engine.Decode(lines, p.name(), decode, never, !p.decoded)
			p.origins = origins
			return f
		},
	}
}

// overwriting has f work on a copy of its line that is overwritten when f has
// returned, so that a test sees if it was kept; without the race detector it is
// f itself.
func overwriting[T any](f func(line []byte) T) func(line []byte) T {
	if !overwrites {
		return f
	}
	return func(line []byte) T {
		line = bytes.Clone(line)
		defer func() {
			for i := range line {
				line[i] = '\xff'
			}
		}()
		return f(line)
	}
}
