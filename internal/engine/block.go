package engine

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Block is a part of a text: those of its lines that begin from From up to To,
// at most MostBlock bytes. What they are is read where it is worked on.
type Block struct {
	Text     io.ReaderAt // nil: Whole is all of it
	Whole    []byte      // the text from From on, which begins with a line
	From, To int64       // a block from 0 begins a text
	Place    func(n int64) string
	// Done is called once, when nothing of the block is used any more; if the run
	// ends before, not for a Whole.
	Done func()
}

// MostBlock is how many bytes a block may have: what claims can count.
const MostBlock = countMask

// Lender is a source of lines that hands out blocks of them.
type Lender struct {
	Blocks    func(context.Context, *BlockEmitter) error
	MaxLength int   // of a line; 0: any
	TooLong   error // for one that is longer
}

// BlockEmitter takes the blocks of a lender, from one goroutine.
type BlockEmitter struct {
	ledger *ledger
	out    *Emitter[*block]
}

// block is a Block on its way.
type block struct {
	Block
	open  atomic.Int32 // parts that are not finished
	users atomic.Int32 // of the text
	ready atomic.Bool  // lines is the number of its lines
	lines int64

	mu    sync.Mutex // the list of the parts
	first *part
}

// part is what one worker does of a block; a part can be divided.
type part struct {
	of       *block
	from, to int64
	next     *part

	lines  int64
	events []event
	err    error // of reading, behind these lines
}

// event is something in a part that the loop over the run is to see.
type event struct {
	line     int64 // in the part, of a failure
	fail     *Failure
	restores []func(slot int32) // give a slot back what the stores held for the item
	kept     int64              // outputs before it, since the event before
	filtered int64
	cell     any // what was made of these
}

// lending is a run whose workers cut blocks into lines.
type lending struct {
	*Lender
	seg    *Segment
	g      *Group
	ring   *Ring[*block]
	blocks *Store[*block] // by slot
	stores []growing      // what is kept for an item
	slots  []int32        // one for each worker, for the line in hand
	stride stride
	ledger ledger
	merges bool        // in order: a cell for each part
	fatal  atomic.Bool // a line has failed, and that ends the run
	broken atomic.Bool // a text can't be read: the lines before that are wanted
	folds  bool        // the lines themselves are what is added
	bring  func(cell any)
}

// Lend begins a chain with lines of a lender, of which a run uses either its
// blocks or lines. origins keeps those that travel.
func Lend(r *Run, lines func(context.Context, *Emitter[[]byte]) error, l Lender, origins bool) (*Flow[[]byte], *Store[[]byte]) {
	f, kept := Source(r, lines, origins)
	f = inline(f, func(do Handler[[]byte]) Handler[[]byte] {
		return func(x *Exec, line []byte) { do(x, slices.Clip(line)) } // or an append would write over the next
	})
	if r.lends() {
		f.bare = true
		f.fuse = func(mk maker[[]byte]) *lending { return lend(f.seg, &l, mk) }
	}
	return f, kept
}

// lends reports whether the workers may cut the blocks of a lender.
func (r *Run) lends() bool { return r.serial == nil && r.inFlight == 0 }

// lend has workers cut the blocks of l, in the place of the source of seg.
func lend(seg *Segment, l *Lender, mk maker[[]byte]) *lending {
	n, r := runtime.GOMAXPROCS(0), seg.run
	seg.numbers()
	lent := &lending{Lender: l, seg: seg, stores: slices.Clone(seg.stores), merges: r.ordered}
	lent.stride.size.Store(1)
	seg.own, seg.hard = n*blockSize, 3*n+2
	if r.ordered {
		seg.hard *= 2
	}
	g := newGroup(r, seg, Spec{Workers: n, Role: RoleLines, Node: -1}, false)
	lent.g, lent.ring, lent.blocks = g, newRing[*block](seg, &g.gate), addStore[*block](seg)
	g.first = lent.reserve
	g.build = func(x *Exec) {
		w := &cutting{x: x, lending: lent}
		x.task, x.pull, x.out, x.slot = plainTask{x}, w, w, lent.slots[x.number]
		w.do = mk(x)
	}
	h := &Head[*block]{run: r, seg: seg, ring: lent.ring, origins: lent.blocks, done: make(chan struct{})}
	h.emitter.h = h
	h.source = func(ctx context.Context, out *Emitter[*block]) error {
		return l.Blocks(ctx, &BlockEmitter{&lent.ledger, out})
	}
	r.heads = []anyHead{blockHead{h}}
	r.ends = append(r.ends, func(error) { lent.ledger.end() })
	return lent
}

// reserve gives each worker a slot for the line in hand: several may be at work
// on one block. None shares a cache line with that of another.
func (l *lending) reserve() {
	l.seg.mu.Lock()
	defer l.seg.mu.Unlock()
	for i := range l.g.spec.Workers * blockSize {
		if slot := l.seg.make(); i%blockSize == 0 {
			l.slots = append(l.slots, slot)
		}
	}
}

// blockHead counts lines, not blocks.
type blockHead struct{ *Head[*block] }

func (h blockHead) read() int64 { return h.run.stats.lines.Load() }

// One hands a block to the run; false means that the source is to return.
func (e *BlockEmitter) One(given Block) bool {
	b := &block{Block: given}
	b.open.Store(1)
	b.users.Store(1)
	b.first = &part{of: b, from: b.From, to: b.To}
	return e.ledger.add(b) && e.out.One(b)
}

// Total is [Emitter.Total].
func (e *BlockEmitter) Total(n int64, unit string) { e.out.Total(n, unit) }

// Advance is [Emitter.Advance].
func (e *BlockEmitter) Advance(n int64) { e.out.Advance(n) }

// hold has the text of a block stay; false: it is gone, and its lines are known.
func (b *block) hold() bool {
	for {
		n := b.users.Load()
		if n <= 0 {
			return false
		}
		if b.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (b *block) letGo() {
	if b.users.Add(-1) == 0 {
		b.Done()
	}
}

// count returns the number of lines, if need be by reading the block.
func (b *block) count() (n int64) {
	if b.ready.Load() || !b.hold() {
		return b.lines
	}
	defer b.letGo()
	newline := []byte{'\n'}
	if b.Text == nil {
		whole := b.Whole
		n = int64(bytes.Count(whole, newline))
		if whole[len(whole)-1] != '\n' {
			n++
		}
		return n
	}
	from := b.From
	if from == 0 {
		n = 1 // a text begins with a line
	} else {
		from--
	}
	buf := make([]byte, 64<<10)
	for end := b.To - 1; from < end; {
		got, err := b.Text.ReadAt(buf[:min(int64(len(buf)), end-from)], from)
		n += int64(bytes.Count(buf[:got], newline))
		from += int64(got)
		if err != nil {
			break
		}
	}
	return n
}

// ledger knows the blocks in their order, to number lines.
type ledger struct {
	mu    sync.Mutex
	all   []entry
	ended bool
	lines int64 // of the blocks before these
	text  int64 // of those, in the text that the last of them is of
}

type entry struct {
	block *block // nil: it has left
	lines int64
	first bool // of its text
}

// add takes the block that follows; false means that the run is over.
func (l *ledger) add(b *block) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		b.letGo()
		return false
	}
	l.all = append(l.all, entry{block: b, first: b.From == 0})
	return true
}

// left says that b need not be found any more.
func (l *ledger) left(b *block) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.all) - 1; i >= 0; i-- { // most are near the end, if one at the beginning is slow
		if e := &l.all[i]; e.block == b {
			e.block, e.lines = nil, b.lines
			break
		}
	}
	n := 0
	for n < len(l.all) && l.all[n].block == nil {
		l.pass(&l.lines, &l.text, l.all[n])
		n++
	}
	l.all = slices.Delete(l.all, 0, n)
}

// pass adds a block to the numbers of lines.
func (*ledger) pass(lines, text *int64, e entry) {
	if e.first {
		*text = 0
	}
	*lines += e.lines
	*text += e.lines
}

// before returns how many lines there are before b, and how many of its text.
func (l *ledger) before(b *block) (lines, text int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines, text = l.lines, l.text
	for i := range l.all {
		e := &l.all[i]
		if e.block == b {
			if e.first {
				text = 0
			}
			break
		}
		if e.block != nil && e.lines == 0 {
			e.lines = e.block.count()
		}
		l.pass(&lines, &text, *e)
	}
	return lines, text
}

// end lets go of the texts of a run that is over.
func (l *ledger) end() {
	l.mu.Lock()
	l.ended = true
	all := l.all
	l.all = nil
	l.mu.Unlock()
	for _, e := range all {
		// Memory stays with who still reads it, while a file can be closed.
		if b := e.block; b != nil && b.Text != nil && b.users.Swap(0) > 0 {
			b.Done()
		}
	}
}

// Decode makes items of lines, as Try and Originate do; a failure has a copy of
// its line. In place of fn it may have never, which can't fail.
// origins keeps what it makes as the items of the run.
func Decode[T any](f *Flow[[]byte], name string, fn func([]byte) (T, error), never func([]byte) T, origins bool) (*Flow[T], *Store[T]) {
	step := &Step{name}
	if fn == nil {
		fn = func(line []byte) (T, error) { return never(line), nil } //nolint:unparam // it can't fail
	}
	failed := func(x *Exec, line []byte, err error) {
		x.fail(&Failure{Stage: name, Input: string(line), HasInput: true, Attempts: 1, Err: err})
	}
	decoded := inline(f, func(do Handler[T]) Handler[[]byte] {
		return func(x *Exec, line []byte) {
			x.at = step
			item, err := fn(line)
			if err != nil {
				failed(x, line, err)
				return
			}
			do(x, item)
		}
	})
	if !origins {
		return decoded, nil
	}
	next, kept := Originate(decoded)
	if f.fuse == nil {
		return next, kept
	}
	next.fuse = func(mk maker[T]) *lending {
		return f.fuse(func(x *Exec) Handler[[]byte] {
			w, do, origin := x.pull.(*cutting), mk(x), kept.At(x.slot)
			if never != nil {
				return func(x *Exec, line []byte) {
					x.at = step
					item := never(line)
					*origin, w.in = item, true
					do(x, item)
				}
			}
			return func(x *Exec, line []byte) {
				x.at = step
				item, err := fn(line)
				if err != nil {
					failed(x, line, err)
					return
				}
				*origin, w.in = item, true
				do(x, item)
			}
		})
	}
	return next, kept
}
