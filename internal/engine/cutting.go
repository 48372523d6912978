package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// strideMost is how many bytes a worker claims of a block at most.
	strideMost = 64 << 10
	strideSpan = 256 << 10 // how many bytes the mean cost looks back over
	// worthSharing is how much work a worker has left when it gives half of it to
	// one that idles.
	worthSharing = 2 * chunkTime
	page         = 4 << 10
	overlap      = 4 << 10 // bytes behind a block, where its last line ends
	largestKept  = 1 << 20 // a larger buffer was for one long line
)

// cutting is a worker that cuts blocks into lines and runs the steps behind on
// each: its puller and its outbox. The claims of its Exec count bytes
// of the part in hand. All lines have the slot of the worker, not of the block.
type cutting struct {
	_ [64]byte // what is written for every line shares no cache line with others
	x *Exec
	*lending
	do      Handler[[]byte]
	push    func(slot int32) // hands the block in slot to the outlet
	leave   func(slot int32) // ends the stay of one that the outlet need not see
	renew   func()           // begins a new cell, in a run that merges
	one     [1]Item[*block]
	part    *part
	slot    int32 // of its block
	buf     []byte
	text    []byte // what is known of the text around the part
	off     int64  // where text begins
	base    int    // of the part, in text
	at      int    // of the line in hand, in text
	pos     int    // of the next line, in text
	till    int    // lines that begin before it are claimed
	whole   bool   // nothing comes behind text
	failed  error  // of reading behind text
	ended   bool   // no further line begins in the part
	in      bool   // what is kept for an item is that of the line in hand
	lines   int64
	left    int64 // lines of the part that nobody works on
	events  []event
	kept    int64 // outputs since the last event
	passed  int64 // lines that were filtered since
	cell    any
	shared  shared
	since   time.Duration // of the last claim
	claimed int           // bytes of it
	// each, if not nil, works off the lines that are claimed, in place of eachLine.
	each func(w *cutting) (more bool)
	_    [64]byte
}

// stride chooses how many bytes a worker claims at once, from what they cost.
type stride struct{ size, bytes, spent atomic.Int64 }

func (s *stride) observe(length int, d time.Duration) {
	n, ns := s.bytes.Add(int64(length)), s.spent.Add(int64(d))
	now := s.size.Load()
	want := int64(strideMost)
	if ns > 0 {
		want = min(want, int64(chunkTime)*n/ns)
	}
	if want = max(1, min(want, 2*now)); want != now {
		s.size.Store(want)
	}
	if n > strideSpan && s.bytes.CompareAndSwap(n, n-n/2) {
		s.spent.Add(-ns / 2)
	}
}

// cost is about what so many bytes will cost.
func (s *stride) cost(length int) time.Duration {
	return time.Duration(int64(length) * s.spent.Load() / max(1, s.bytes.Load()))
}

// serve works until the run is over; after a crash it goes on behind the line
// that was in hand.
func (w *cutting) serve() {
	w.x.atGate()
	for w.part != nil || w.take() {
		w.cut()
		w.finish()
	}
}

// take waits for a part and begins it; false means that the run is over.
func (w *cutting) take() bool {
	g, x := w.g, w.x
	g.mu.Lock()
	for !g.over {
		if job := g.jobs.pop(); job != nil {
			g.unlockAndWake(w.more())
			job(x)
			w.begin()
			return true
		}
		if w.ring.takeLocked(w.one[:]) > 0 {
			g.unlockAndWake(w.more())
			it := w.one[0]
			w.one[0] = Item[*block]{}
			w.part, w.slot = it.Val.first, it.Slot
			w.begin()
			return true
		}
		g.rest(&x.waiter)
		if w.more() {
			g.unrest(&x.waiter)
			continue
		}
		g.mu.Unlock()
		w.idle()
		x.waiter.park(-1)
		g.mu.Lock()
		g.arrived()
	}
	g.mu.Unlock()
	return false
}

// more reports whether there is work for another worker. The caller holds mu.
func (w *cutting) more() bool { return w.g.jobs.len() > 0 || w.ring.more() }

// begin reads the part in hand and finds its first line.
func (w *cutting) begin() {
	p, b := w.part, w.part.of
	w.lines, w.left, w.events, w.kept, w.passed, w.till, w.ended = 0, 0, nil, 0, 0, 0, false
	w.claimed, w.failed = 0, nil
	w.x.tally.take(w.g.run.now(), 0, -1)
	// From here on the rest may be taken from it.
	w.x.claims.Store(uint64(p.to-p.from) * oneItem)
	w.g.run.watch()
	if w.g.run.halted.Load() {
		w.x.cut()
	}
	w.whole = b.Text == nil
	if w.whole {
		w.text, w.off = b.Whole, b.From
	} else {
		w.off = max(0, p.from-1)
		w.text = w.room(int(p.to-w.off) + overlap)[:0]
		w.read(int(p.to-w.off) + overlap)
	}
	w.base = int(p.from - w.off)
	w.pos = w.base
	if p.from > b.From || b.Text != nil && p.from > 0 {
		w.pos = len(w.text) // where no line begins
		if i := bytes.IndexByte(w.text[min(w.base-1, len(w.text)):], '\n'); i >= 0 {
			w.pos = w.base + i
		}
	}
}

// room returns the part of the buffer for text from off on. It begins as far
// into a page as that: where memory is as much aligned as what is copied to it,
// a system copies several times as fast.
func (w *cutting) room(length int) []byte {
	start := int(w.off & (page - 1))
	if len(w.buf) < start+length {
		w.buf = make([]byte, page+length)
	}
	return w.buf[start:]
}

// read reads the text up to a length, if it has that.
func (w *cutting) read(length int) {
	buf := w.room(length)
	for len(w.text) < length && !w.whole {
		n, err := w.readAt(buf[len(w.text):length], w.off+int64(len(w.text)))
		w.text = buf[:len(w.text)+n]
		switch {
		case errors.Is(err, io.EOF):
			w.whole = true
		case err != nil:
			w.whole, w.failed = true, err
		}
	}
}

func (w *cutting) readAt(buf []byte, off int64) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, w.g.run.caught(v)
		}
	}()
	return w.part.of.Text.ReadAt(buf, off)
}

// cut works off the lines of the part that nobody else has claimed.
func (w *cutting) cut() {
	if w.each != nil {
		for w.each(w) && !w.ended && w.claim() {
		}
		return
	}
	for w.eachLine() && !w.ended && w.claim() {
	}
}

// eachLine works off the lines that are claimed; false means that no further one
// is to be worked on.
func (w *cutting) eachLine() bool {
	x, text := w.x, w.text
	for w.pos < w.till {
		i := bytes.IndexByte(text[w.pos:], '\n')
		if i < 0 {
			if !w.last() {
				return false
			}
			text = w.text
			continue
		}
		line := text[w.pos : w.pos+i : w.pos+i]
		if i > 0 && line[i-1] == '\r' {
			line = line[: i-1 : i-1]
		}
		if w.MaxLength > 0 && len(line) > w.MaxLength {
			w.refuse()
			return false
		}
		w.at = w.pos
		w.pos += i + 1
		w.lines++
		w.in = false
		w.do(x, line)
	}
	return true
}

// last takes a line whose end is not in the text that is known. It reports
// whether to look again.
func (w *cutting) last() bool {
	rest := w.text[w.pos:]
	if start := bytes.TrimSuffix(rest, []byte{'\r'}); w.MaxLength > 0 && (len(start) > w.MaxLength || w.whole && len(rest) > w.MaxLength) {
		w.refuse()
		return false
	}
	if !w.whole {
		w.further(len(rest))
		return true
	}
	w.ended = true
	if w.failed != nil && !w.g.run.halted.Load() { // else the text may have been closed
		w.part.err = w.failed
	}
	if len(rest) == 0 || w.failed != nil { // a line that was cut short is none
		return false
	}
	w.at, w.pos = w.pos, len(w.text)
	w.lines++
	w.in = false
	w.do(w.x, slices.Clip(rest))
	return false
}

// further reads on behind the beginning of a line, as much again.
func (w *cutting) further(have int) {
	length := have + max(overlap, have)
	w.off += int64(w.pos)
	to := w.room(length)[:have]
	copy(to, w.text[w.pos:])
	w.text = to
	w.base -= w.pos
	w.till -= w.pos
	w.pos = 0
	w.read(length)
}

// line is the one in hand, found again.
func (w *cutting) line() []byte {
	text := w.text[:w.pos]
	text, whole := bytes.CutSuffix(text, []byte{'\n'})
	text = text[bytes.LastIndexByte(text, '\n')+1:]
	if whole {
		text = bytes.TrimSuffix(text, []byte{'\r'})
	}
	return text
}

func (w *cutting) refuse() {
	w.part.err = fmt.Errorf("%w: more than %d bytes", w.TooLong, w.MaxLength)
	w.ended = true
}

// claim claims the next bytes of the part; false means that there are none.
func (w *cutting) claim() bool {
	x := w.x
	now := w.g.run.now()
	if w.claimed > 0 {
		w.stride.observe(w.claimed, now-w.since)
	}
	w.since = now
	size := int(w.stride.size.Load())
	for {
		c := claims(x.claims.Load())
		left := c.items() - c.begun()
		if left <= 0 {
			if c.isCut() {
				x.awaitRelief()
			}
			return false
		}
		if w.dropped() {
			if x.claims.CompareAndSwap(uint64(c), uint64(c)+uint64(left)*oneBegun) {
				w.leaveOut(w.base + c.items())
				return false
			}
			continue
		}
		if w.g.open.Load() && w.stride.cost(left) > worthSharing && w.share(c) {
			continue
		}
		// At least as far as the next line begins.
		n := min(left, max(size, w.pos-w.base-c.begun()+1))
		if x.claims.CompareAndSwap(uint64(c), uint64(c)+uint64(n)*oneBegun) {
			w.claimed, w.till = n, w.base+c.begun()+n
			return true
		}
	}
}

// dropped reports whether nobody wants the lines that are not claimed: the run
// was stopped, or has failed. In order those before a failure are wanted.
func (l *lending) dropped() bool {
	return !l.merges && (l.fatal.Load() || l.g.run.stopped.Load() && !l.broken.Load())
}

// leaveOut counts the lines that begin before till and are worked on by nobody:
// those behind them keep their numbers.
func (w *cutting) leaveOut(till int) {
	if till = min(till, len(w.text)); w.pos < till {
		w.left = 1 + int64(bytes.Count(w.text[w.pos:till-1], []byte{'\n'}))
		w.g.run.parts.left.Store(true)
	}
}

// share gives the second half of what is not claimed to a worker that idles.
func (w *cutting) share(c claims) bool {
	w.g.mu.Lock()
	more := w.more() || w.g.over
	w.g.mu.Unlock()
	if more { // it will find something
		return false
	}
	// Who relieves the worker may find what is cut off here, but the part as it
	// was: it would take the rest as well.
	w.x.mu.Lock()
	defer w.x.mu.Unlock()
	mid := c.items() - (c.items()-c.begun())/2
	cut := c&^(countMask<<itemsPos) | claims(mid)<<itemsPos
	if !w.x.claims.CompareAndSwap(uint64(c), uint64(cut)) {
		return true
	}
	w.divide(mid)
	return true
}

// divide makes a job of the part in hand from at on.
func (w *cutting) divide(at int) {
	p, b := w.part, w.part.of
	b.open.Add(1)
	b.mu.Lock()
	rest := &part{of: b, from: p.from + int64(at), to: p.to, next: p.next}
	p.next, p.to = rest, rest.from
	b.mu.Unlock()
	slot := w.slot
	w.g.add(func(x *Exec) {
		other := x.pull.(*cutting)
		other.part, other.slot = rest, slot
	})
}

// relieve takes from a worker that is held up what it has not claimed. Others
// call it.
func (w *cutting) relieve() {
	x := w.x
	x.mu.Lock()
	defer x.mu.Unlock()
	c := claims(x.claims.Load())
	if c.begun() == 0 || c.begun() >= c.items() || !c.relievable() {
		return
	}
	if x.claims.CompareAndSwap(uint64(c), uint64(c.cutHere())) {
		w.divide(c.begun())
	}
}

func (w *cutting) release() {}

// finish ends the part in hand.
func (w *cutting) finish() {
	if claims(w.x.claims.Swap(0)).isCut() {
		w.x.awaitRelief()
	}
	p, b, slot := w.part, w.part.of, w.slot
	w.part, w.text = nil, nil
	w.shared = shared{}
	w.x.tally.settle(max(0, w.g.run.now()-time.Duration(w.x.tally.since.Load())))
	if len(w.buf) > largestKept {
		w.buf = nil
	}
	stats := &w.g.run.stats
	stats.lines.Add(w.lines)
	if w.merges {
		w.seal(nil)
	} else {
		if w.each != nil {
			w.kept = w.lines - int64(len(w.events)) // all but those that failed
		}
		stats.absorbed.Add(w.kept)
		stats.filtered.Add(w.passed)
	}
	p.lines, p.events = w.lines+w.left, w.events
	w.events = nil
	if b.open.Add(-1) == 0 {
		w.complete(b, slot)
	}
}

// complete takes a block whose parts are all finished.
func (w *cutting) complete(b *block, slot int32) {
	shows := w.merges
	for p := b.first; p != nil; p = p.next {
		b.lines += p.lines
		shows = shows || p.err != nil || len(p.events) > 0
	}
	b.ready.Store(true)
	b.letGo()
	if shows {
		w.push(slot)
		return
	}
	w.ledger.left(b)
	w.leave(slot)
}

// The rest is the outbox of the worker.

// pass takes the line in hand that has failed or was filtered.
func (w *cutting) pass(slot int32, s State) {
	if s == Filtered {
		w.passed++
		return
	}
	its := w.seg.failure(slot)
	f := *its
	*its = nil
	if w.g.run.breaks {
		w.fatal.Store(true)
	}
	if w.folds && !f.HasInput {
		f.Input, f.HasInput = string(w.line()), true
	}
	w.seal(f)
}

// seal notes a failure, or the end of the part, with what came before it.
func (w *cutting) seal(f *Failure) {
	e := event{line: w.lines - 1, fail: f}
	if f != nil && w.in {
		for _, st := range w.stores {
			e.restores = append(e.restores, st.keep(w.x.slot))
		}
	}
	if w.merges {
		e.kept, e.filtered, e.cell = w.kept, w.passed, w.cell
		w.kept, w.passed, w.cell = 0, 0, nil
		w.renew()
	}
	if f != nil || e.kept > 0 || e.filtered > 0 {
		w.events = append(w.events, e)
	}
}

func (w *cutting) reserve(int)        {}
func (w *cutting) flush()             {}
func (w *cutting) flushUpTo(int) bool { return false }
func (w *cutting) held() int          { return 0 }
func (w *cutting) holds(int) bool     { return false }
func (w *cutting) idle()              { w.seg.nudge() }
