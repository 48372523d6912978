package engine

import (
	"sync/atomic"
	"time"
)

// Counts are numbers of inputs.
type Counts struct {
	Started, Done, Failed, Filtered, Retried int64
}

// tally is what one worker did and does. The worker counts in fields of its own
// and tells others once for each chunk or job, so that counting is nearly free.
type tally struct {
	// Of the worker alone.
	begun    int64 // inputs it took, with those that only came by
	passed   int64 // of these, those that had failed or been filtered before
	handed   int64 // items it handed on, in whatever state
	failed   int64
	filtered int64
	retried  int64
	away     bool // the input in hand is with another worker by now
	told     Counts
	size     int   // of what is in hand, as told
	which    int64 // index of it, as told
	worked   time.Duration
	paid     time.Duration // of that, as told
	bucket   int           // of the latencies, where pending belongs
	pending  int64         // attempts that are not counted there yet
	untold   int           // chunks and jobs since others were told

	resting bool // it waits for an input, and whoever holds mu of the group may tell for it; under that

	// For everybody.
	started, done, failures, drops, retries atomic.Int64

	since   atomic.Int64 // when what is in hand was taken, in ns of the run; 0: nothing is
	items   atomic.Int64 // how many that are
	index   atomic.Int64 // which one, if it is one; -1 if it is not known
	input   atomic.Pointer[any]
	working atomic.Int64 // ns
	opening atomic.Int64
	blocked atomic.Int64 // of a FlatMap: how long it had waited for room before what it has in hand
	born    atomic.Int64
	ended   atomic.Int64 // 0: not yet
	opens   atomic.Int64 // since when it is being opened or closed; 0: it is not
	closing atomic.Bool
	comings atomic.Int64 // restarts
}

// take says what the worker has in hand from now on.
func (t *tally) take(now time.Duration, items int, index int64) {
	t.away = false
	if items != t.size {
		t.size = items
		t.items.Store(int64(items))
	}
	t.names(index)
	t.since.Store(int64(now))
}

// names says which input is in hand.
func (t *tally) names(index int64) {
	if index != t.which {
		t.which = index
		t.index.Store(index)
	}
}

// gets counts inputs that come together, as a job.
func (t *tally) gets(n int) {
	t.begun += int64(n)
	t.size = n
	t.items.Store(int64(n))
}

// show lets others see what is in hand.
func (t *tally) show(in any) { t.input.Store(&in) }

// settle says that it has nothing in hand any more.
func (t *tally) settle(took time.Duration) {
	t.worked += took
	t.since.Store(0)
	if t.input.Load() != nil {
		t.input.Store(nil)
	}
}

const (
	// quickWork is how long a chunk or job takes at most that is not told of at
	// once: to tell costs as much as it says.
	quickWork = 2 * time.Microsecond
	// mostUntold is how many are not, then.
	mostUntold = 15
)

// later reports whether what was just done, in so much time, is told of later:
// with the next, or when somebody asks while the worker rests.
func (t *tally) later(took time.Duration) bool {
	if took >= quickWork || t.untold >= mostUntold || t.input.Load() != nil {
		return false
	}
	t.worked += took
	t.untold++
	return true
}

// catchUp tells of what was left for later. Nothing is in hand.
func (t *tally) catchUp(l *latencies) {
	if t.untold > 0 {
		t.untold = 0
		t.since.Store(0)
	}
	t.flush(l)
	t.tell()
}

// attempts counts attempts that took so long each.
func (t *tally) attempts(l *latencies, n int, each time.Duration) {
	b := bucket(each)
	if b != t.bucket {
		t.flush(l)
		t.bucket = b
	}
	t.pending += int64(n)
}

func (t *tally) flush(l *latencies) {
	if t.pending > 0 {
		l.buckets[t.bucket].Add(t.pending)
		t.pending = 0
	}
}

// tell makes known what was counted.
func (t *tally) tell() {
	if t.worked != t.paid {
		t.working.Add(int64(t.worked - t.paid))
		t.paid = t.worked
	}
	c := t.counts()
	if c == t.told {
		return
	}
	tell(&t.started, c.Started, t.told.Started)
	tell(&t.done, c.Done, t.told.Done)
	tell(&t.failures, c.Failed, t.told.Failed)
	tell(&t.drops, c.Filtered, t.told.Filtered)
	tell(&t.retries, c.Retried, t.told.Retried)
	t.told = c
}

func tell(to *atomic.Int64, now, before int64) {
	if now != before {
		to.Store(now)
	}
}

// counts is for the worker alone.
func (t *tally) counts() Counts {
	return Counts{
		Started:  t.begun - t.passed,
		Done:     t.handed - t.passed - t.failed - t.filtered,
		Failed:   t.failed,
		Filtered: t.filtered,
		Retried:  t.retried,
	}
}

// outcomes is what has been told of the inputs that were begun.
func (t *tally) outcomes() Counts {
	return Counts{Done: t.done.Load(), Failed: t.failures.Load(), Filtered: t.drops.Load(), Retried: t.retries.Load()}
}

// inherit has t go on where another left off, whose goroutine is abandoned with
// some inputs in hand and some items not handed on by itself.
func (t *tally) inherit(from *tally, now time.Duration, begun, handed int) {
	t.begun, t.passed, t.handed = from.begun+int64(begun), from.passed, from.handed+int64(handed)
	t.failed, t.filtered, t.retried = from.failed, from.filtered, from.retried
	t.worked, t.bucket, t.pending = from.worked, from.bucket, from.pending
	if since := from.since.Load(); since != 0 {
		t.worked += now - time.Duration(since)
	}
	t.opening.Store(from.opening.Load())
	if since := from.opens.Load(); since != 0 {
		t.opening.Add(int64(now) - since)
	}
	t.born.Store(from.born.Load())
	t.comings.Store(from.comings.Load())
	t.tell()
}

// drop ends the way of the item in hand, which comes to nothing.
func (x *Exec) drop() { x.dropped(x.slot) }

func (x *Exec) dropped(slot int32) {
	x.tally.filtered++
	x.out.pass(slot, Filtered)
}

// setsUp says that the worker is being opened or closed, or waits to be.
func (x *Exec) setsUp() {
	if x.tally.opens.Load() == 0 {
		x.tally.opens.Store(int64(x.g.run.now()))
	}
}

// isUp ends what setsUp began.
func (x *Exec) isUp() {
	if since := x.tally.opens.Swap(0); since != 0 {
		x.tally.opening.Add(int64(x.g.run.now()) - since)
	}
}
