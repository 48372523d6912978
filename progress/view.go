package progress

import (
	"math"
	"time"

	"github.com/vimap-go/vimap"
)

const (
	rateOver = 5 * time.Second  // what the rate is the mean of, the present weighing most
	etaOver  = 30 * time.Second // at the least; a quarter of the time of a long run
	etaAfter = time.Second      // an estimate has so much to go by
)

// view is what is known of a run.
type view struct {
	seen  bool
	stats vimap.Stats
	items int64   // of the source that have their fate
	total int64   // in unit; 0 if it is not known
	unit  string  // of total
	done  float64 // of 1
	rate  pace    // of items
	way   pace    // of done
}

// note takes in how a run is now.
func (v *view) note(s *vimap.Stats) {
	before := v.stats
	v.seen, v.stats = true, *s

	// Of what was read, a part is still on its way. Outputs of FlatMap count
	// along: an item that has brought some is done in part.
	finished := 1.
	if all := s.Read + s.Extra; all > 0 {
		finished = float64(all-s.Unfinished) / float64(all)
	}
	finished = min(1, max(0, finished))
	v.items = int64(math.Round(finished * float64(s.Read)))

	position := s.Source.Position
	v.total, v.unit = s.Source.Total, s.Source.Unit
	switch {
	case !s.Source.Ended || s.Stopped && v.total > 0:
	case v.total > 0:
		position = v.total
	default: // only now it is known
		v.total, v.unit, position = s.Read, "items", s.Read
	}
	v.done = 0
	if v.total > 0 {
		v.done = min(1, float64(position)/float64(v.total)*finished)
	}

	if s.Read == 0 { // workers are opened, or the source has nothing yet
		return
	}
	over := s.Elapsed - max(before.Elapsed, min(s.Opening, s.Elapsed))
	v.rate.note(over, rateOver, float64(v.items))
	v.way.note(over, max(etaOver, s.Elapsed/4), v.done)
}

// eta is how long the rest will take; 0 if nobody knows.
func (v *view) eta() time.Duration {
	if v.done <= 0 || v.done >= 1 || v.stats.Stopped || v.way.seen < etaAfter {
		return 0
	}
	seconds := (1 - v.done) / v.way.perSecond()
	if !(seconds < 1e8) { // three years; or nothing moves
		return 0
	}
	return max(time.Second, time.Duration(seconds*float64(time.Second)))
}

// pace is how fast a figure grows: a mean over time in which what is long ago
// counts for less and less. It begins as the mean of all there is.
type pace struct {
	last         float64
	grown, weigh float64
	seen         time.Duration
}

func (p *pace) note(span, over time.Duration, now float64) {
	if span <= 0 {
		return
	}
	fade := math.Exp(-span.Seconds() / over.Seconds())
	p.grown = p.grown*fade + now - p.last
	p.weigh = p.weigh*fade + span.Seconds()
	p.last = now
	p.seen += span
}

func (p *pace) perSecond() float64 {
	if p.weigh == 0 {
		return 0
	}
	return max(0, p.grown/p.weigh)
}
