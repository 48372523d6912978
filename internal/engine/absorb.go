package engine

import "sync"

// Cell holds what one worker has made of its outputs. It shares no cache line
// with that of another, for it is written for every item.
type Cell[A any] struct {
	_   [64]byte
	Val A
	Is  bool // it was begun
	_   [64]byte
}

// Cells are those of all workers of a run.
type Cells[A any] struct {
	mu  sync.Mutex
	all []*Cell[A]
}

// New returns a cell for one worker, or whoever else adds from one goroutine.
func (c *Cells[A]) New() *Cell[A] {
	c.mu.Lock()
	defer c.mu.Unlock()
	cell := new(Cell[A])
	c.all = append(c.all, cell)
	return cell
}

// All returns the cells. The run must be over.
func (c *Cells[A]) All() []*Cell[A] { return c.all }

// Absorber says what becomes of the outputs of a run whose workers keep them.
type Absorber[In, Out, A any] struct {
	Name  string // of the step, for errors
	Begin func() A
	Add   func(A, In, Out) A
	Cells Cells[A]
	Part  *Cell[A] // what the outlet brings, made of the next lines; nil: an output
}

// Into adds an output to cell.
func (a *Absorber[In, Out, A]) Into(cell *Cell[A], in In, out Out) {
	if !cell.Is {
		cell.Val = a.Begin()
		cell.Is = true
	}
	cell.Val = a.Add(cell.Val, in, out)
}

// Absorb ends the chain in its last workers: each adds its outputs to a cell of
// its own, and only what has failed or was filtered comes to the outlet. Where
// there are no such workers, or the order matters, the outputs come there, too.
func Absorb[T, In, A any](f *Flow[T], origins *Store[In], a *Absorber[In, T, A]) *Outlet[T] {
	run := f.seg.run
	if f.fuse != nil {
		return absorbLines(f, origins, a)
	}
	if run.serial != nil || run.ordered || f.last != nil {
		return End(f, run.ordered)
	}
	g := new(gate)
	run.gates = append(run.gates, g)
	r := newRing[T](f.seg, g)
	step := &Step{a.Name}
	r.upstream = f.end(func(x *Exec) Handler[T] {
		o := &absorbing[T]{x: x, ring: r}
		x.out = o
		cell := a.Cells.New()
		return func(x *Exec, v T) {
			x.at = step
			a.Into(cell, *origins.At(x.slot), v)
			o.keep(x.slot)
		}
	})
	return newOutlet(run, r, g, false)
}

// absorbing is the outbox of a worker that keeps its outputs.
type absorbing[T any] struct {
	outbox[T]
	gone  []int32
	going []Item[T]
}

// keep notes that the worker has kept the output of the item in slot.
func (o *absorbing[T]) keep(slot int32) {
	o.add(Item[T]{Slot: slot, State: Absorbed})
}

func (o *absorbing[T]) flush() {
	o.x.woke = o.flushUpTo(o.n) || o.x.woke
	o.x.tally.handed += int64(o.n)
	clear(o.buf[:o.n])
	o.n, o.sent = 0, 0
}

// flushUpTo ends the stay of the items that were kept and hands on the others.
func (o *absorbing[T]) flushUpTo(n int) (woke bool) {
	if n <= o.sent {
		return false
	}
	o.gone, o.going = o.gone[:0], o.going[:0]
	for _, it := range o.buf[o.sent:n] {
		if it.State == Absorbed {
			o.gone = append(o.gone, it.Slot)
		} else {
			o.going = append(o.going, it)
		}
	}
	o.sent = n
	kept := int64(len(o.gone))
	o.ring.seg.run.stats.absorbed.Add(kept)
	o.ring.seg.leave(o.gone)
	woke = o.ring.pushAll(o.going)
	if kept > 0 {
		o.ring.gone.Add(kept)
		o.ring.recheck()
	}
	return woke
}

// idle wakes the head for whatever room there is: nobody else may come by who
// does, since the outlet sleeps.
func (o *absorbing[T]) idle() {
	for s := o.ring.seg; s != nil; s = s.parent {
		s.nudge()
	}
}
