package vimap

import "github.com/vimap-go/vimap/internal/engine"

// Stats are the accounts of a run. Once it is over they add up:
//
//	Read + Extra == Delivered + Failed + Filtered + Unfinished
type Stats struct {
	Read       int64   // items that the source produced
	Extra      int64   // outputs of FlatMap beyond the first of each item
	Delivered  int64   // outputs that the sink took
	Failed     int64   // failures that the sink took, or that ended the run
	Filtered   int64   // items that Filter dropped or FlatMap made nothing of
	Unfinished int64   // items that the end of the run met on their way; in flight, while it runs
	Retries    int64   // attempts after the first of an item
	Restarts   int64   // openings of workers after their first
	Stuck      int64   // calls that were abandoned
	StuckCalls []error // the first 16 of these, as *[StuckError]
	Rescued    int64   // failures that Rescue made outputs of
	Lost       []error // workers that were given up, as *[WorkerError]; the others did their work
}

// Stats returns the accounts. While the run goes on, from any goroutine, they
// are as of a moment ago.
func (r *Run[In, Out]) Stats() Stats {
	r = r.root()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.engine == nil {
		return r.final
	}
	return statsOf(r.engine.Stats())
}

func statsOf(s engine.Stats) Stats {
	return Stats{
		Read: s.Read, Extra: s.Extra, Delivered: s.Delivered, Failed: s.Failed, Filtered: s.Filtered,
		Unfinished: s.Read + s.Extra - s.Delivered - s.Failed - s.Filtered,
		Retries:    s.Retries, Restarts: s.Restarts, Stuck: s.Stuck, Rescued: s.Rescued, StuckCalls: s.StuckCalls, Lost: s.Lost,
	}
}
