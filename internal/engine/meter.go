package engine

import (
	"sync/atomic"
	"time"
)

// The clocks of a run: what a worker has in hand is measured as a whole, a chunk
// or a job, so that a cheap item costs no look at the time.

// begin takes a chunk of n items in hand.
func (p *puller[T]) begin(n int) {
	x := p.x
	index := int64(-1)
	if n == 1 {
		slot := p.batch[0].Slot
		index, p.place = x.g.seg.index(slot), x.g.seg.placeOf(slot)
		if x.g.run.parts.showInputs && p.batch[0].State == Live {
			x.tally.show(p.batch[0].Val)
		}
	}
	p.taken = n
	x.tally.take(x.g.run.now(), n, index)
}

// beginJob takes a job in hand. It begins where the work before it ended, if the
// worker did not wait.
func (p *puller[T]) beginJob() {
	if p.jobs++; p.jobs > 1 {
		p.x.tally.away = false
		return
	}
	if p.last == 0 {
		p.last = p.x.g.run.now()
	}
	p.taken = 0
	p.x.tally.take(p.last, 1, -1)
}

// endJob closes the accounts of a job, of quick ones those of a few at once.
func (p *puller[T]) endJob() {
	if !p.quick || p.jobs >= jobsAtOnce {
		p.settle(0)
	}
}

// jobsAtOnce is how many quick jobs are measured together, as a chunk is.
const jobsAtOnce = 4

// settle closes the accounts of what was in hand: the chunk that c stands for,
// or a job if it has no items. If nothing was, it does nothing.
func (p *puller[T]) settle(c claims) { p.settleAt(c, p.x.g.run.now()) }

// settleAt is settle for what was done at a time.
func (p *puller[T]) settleAt(c claims, now time.Duration) {
	x, t := p.x, &p.x.tally
	since := time.Duration(t.since.Load())
	if since == 0 {
		return
	}
	took := max(0, now-since)
	items, n, first, calls := c.taken(), t.size, 0, 1
	each, mean := took, time.Duration(0)
	if c.isCut() {
		mean = x.g.pace.mean()
	}
	if p.jobs > 0 {
		if calls = p.jobs; calls > 1 {
			n, each = calls, took/time.Duration(calls)
		}
		p.jobs, p.quick = 0, each < quickWork/jobsAtOnce
	}
	if items > 0 {
		t.begun += int64(items)
		if p.taken > 0 {
			x.g.pace.observe(p.taken, took)
		}
		n, calls = items, items
		if items > 1 {
			each = took / time.Duration(items)
		}
		if c.isCut() && items > 1 { // the last one held it up
			before := min(took, mean*time.Duration(items-1))
			if last := took - before; last > each { // or it was no slower than the others
				t.attempts(&x.g.latencies, items-1, before/time.Duration(items-1))
				each, n, first, calls = last, 1, items-1, 1
			}
		}
	}
	if slow := &x.g.latencies.slow; slow.wants(each) { // before it is counted: what is counted is no longer than the slowest
		p.slow(Slow{Took: each, Index: t.which, Items: n, Worker: x.number}, items, first)
	}
	t.attempts(&x.g.latencies, calls, each)
	p.last = now
	if p.taken != 1 && now-p.turn >= turnTime {
		p.turn, p.yield, x.woke = now, true, false
	}
	if !t.later(took) {
		t.untold = 0
		t.settle(took)
	}
}

// slow keeps an input that took long; first is where it stands in the chunk, if
// that has any items.
func (p *puller[T]) slow(s Slow, items, first int) {
	x := p.x
	switch {
	case p.taken == 1: // it may have left
		s.Place = p.place
	case items > 0 && !x.tally.away && x.out.holds(first):
		m := x.g.seg.meta(p.batch[first].Slot)
		s.Index, s.Place = m.Index, m.Place
	}
	switch in := x.tally.input.Load(); {
	case !x.g.run.parts.showInputs:
	case in != nil:
		s.Input = *in
	case items > 0 && p.batch[first].State == Live:
		s.Input = p.batch[first].Val
	}
	x.g.latencies.slow.keep(s)
}

// mean is what an item of the group costs, as far as is known.
func (p *pace) mean() time.Duration {
	if n := p.items.Load(); n > 0 {
		return time.Duration(p.spent.Load() / n)
	}
	return 0
}

// meter measures a worker that takes items one by one from an outlet. The nil
// meter measures nothing.
type meter struct{ x *Exec }

// got takes a chunk of n items in hand.
func (m *meter) got(n int) {
	if m == nil {
		return
	}
	if makes := m.x.g.makes; makes != nil {
		m.x.tally.blocked.Store(makes.rests.spent.Load())
	}
	m.x.tally.take(m.x.g.run.now(), n, -1)
}

// done closes the accounts of a chunk of n items.
func (m *meter) done(n int) {
	if m == nil || n == 0 {
		return
	}
	t := &m.x.tally
	took := m.x.g.run.now() - time.Duration(t.since.Load())
	if makes := m.x.g.makes; makes != nil {
		took -= time.Duration(makes.rests.spent.Load() - t.blocked.Load())
	}
	took = max(0, took)
	t.begun += int64(n)
	each := took / time.Duration(n)
	if slow := &m.x.g.latencies.slow; slow.wants(each) {
		slow.keep(Slow{Took: each, Index: -1, Items: n, Worker: m.x.number})
	}
	m.x.g.latencies.add(n, each)
	t.settle(took)
	t.tell()
}

const (
	// quickRest is the time between rests of a goroutine under which not each
	// of them is measured, for that would cost more than it says.
	quickRest = 10 * time.Microsecond
	// restsSkipped is how many are not, then: they are taken to be as long as
	// the next one that is.
	restsSkipped = 31
	restsInRow   = 8 // that are measured before the first are skipped
)

// rests measures how long a goroutine that works without chunks, the head of a
// segment or the loop over the run, is parked.
type rests struct {
	run     *Run
	left    int           // to be skipped
	skipped int           // before the next one that is measured
	row     int           // measured, one after another
	mark    time.Duration // when the last of those were over that were looked at together
	last    time.Duration // when the last one that was measured ended

	spent atomic.Int64 // ns
	since atomic.Int64 // when the one that is measured now began; 0: none is
}

// park has w park, see waiter.park.
func (r *rests) park(w *waiter, wait time.Duration) bool {
	return r.during(func() bool { return w.park(wait) })
}

// during measures how long f takes, which waits, and returns what it returns.
func (r *rests) during(f func() bool) bool {
	if r.left > 0 {
		r.left--
		r.skipped++
		return f()
	}
	began := r.run.now()
	r.since.Store(int64(began))
	woken := f()
	ended := r.run.now()
	n := int64(r.skipped + 1)
	r.spent.Add(min(int64(ended-began)*n, int64(ended-r.last)))
	r.since.Store(0)
	r.last = ended
	r.row += int(n)
	if r.row < restsInRow {
		return woken // a few in a row say nothing: they come in bursts
	}
	if (ended-r.mark)/time.Duration(r.row) < quickRest {
		r.left = restsSkipped
	}
	r.mark, r.row, r.skipped = ended, 0, 0
	return woken
}

// stated returns how long it was parked, and whether it is.
func (r *rests) stated(clock int64) (spent time.Duration, now bool) {
	spent = time.Duration(r.spent.Load())
	if since := r.since.Load(); since != 0 {
		return spent + time.Duration(max(0, clock-since)), true
	}
	return spent, false
}
