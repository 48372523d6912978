package engine

import "time"

// Chunk begins a new segment, of one item for each n of those that come, and for
// the rest. It is made of the last of them; the others come to nothing. The last
// that came is held, with its credit, until there is another: it may be the last
// of all. In its own segment nothing waits behind it, whatever the order.
func Chunk[In, T, Next any](f *Flow[T], origins *Store[In], name string, n int, fn func([]T) Next, ordered bool) (*Flow[Next], *Store[In]) {
	f.seg.run.holding++
	f.seg.least++
	e := &expander[In, T, Next]{step: &Step{name}}
	var chunk []T
	var held int32
	end := func(x *Exec) {
		full := chunk
		chunk = nil
		x.slot, e.parent, e.made, e.holding = held, held, 0, true
		if e.one(Item[Next]{Val: fn(full), State: Live}, nil) || !e.seg.run.halted.Load() {
			e.done()
		}
	}
	e.take = func(x *Exec, v T) {
		if len(chunk) > 0 {
			e.parent = held
			e.done()
		}
		chunk, held, e.holding = append(chunk, v), x.slot, false
		if len(chunk) == n {
			end(x)
		}
	}
	e.last = func(x *Exec) {
		if len(chunk) > 0 {
			x.at = e.step
			end(x)
		}
	}
	return e.behind(f, origins, ordered)
}

// never and nothingToDo are for a single that does something at its end alone.
func never() time.Duration { return -1 }
func nothingToDo()         {}
