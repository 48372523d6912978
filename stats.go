package vimap

import (
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

// Accounts are the fates of the items of a run, and what happened besides. Once
// the run is over they add up:
//
//	Read + Extra == Delivered + Failed + Filtered + Unfinished
type Accounts struct {
	Read       int64   `json:"read"`       // items that the source produced
	Extra      int64   `json:"extra"`      // outputs of FlatMap beyond the first of each item
	Delivered  int64   `json:"delivered"`  // outputs that the sink took
	Failed     int64   `json:"failed"`     // failures that the sink took, or that ended the run
	Filtered   int64   `json:"filtered"`   // items that Filter dropped or FlatMap made nothing of
	Unfinished int64   `json:"unfinished"` // items that the end of the run met on their way; in flight, while it runs
	Retries    int64   `json:"retries"`    // attempts after the first of an item
	Restarts   int64   `json:"restarts"`   // openings of workers after their first
	Stuck      int64   `json:"stuck"`      // calls that were abandoned
	StuckCalls []error `json:"-"`          // the first 16 of these, as *[StuckError]
	Rescued    int64   `json:"rescued"`    // failures that Rescue made outputs of
	Lost       []error `json:"-"`          // workers that were given up, as *[WorkerError]; the others did their work
}

// Stats say how a run went, or how it is going: its accounts, and for each of
// its parts what it did, how long it worked and waited, and what is waiting for
// it. [Stats.String] is a table of it, [Stats.Bottleneck] the conclusion.
//
// What is counted costs a run a few nanoseconds for each chunk of items that a
// worker takes at once, that is for about 50 µs of work. Nothing is measured
// for single items of a chunk: see [Latency].
type Stats struct {
	Accounts

	Began     time.Time     `json:"began,omitzero"`  // when the loop over the run began; zero before
	Elapsed   time.Duration `json:"elapsed_seconds"` // since then, up to now or to the end
	Opening   time.Duration `json:"opening_seconds"` // of that, before the source was read: each stage had yet to open a worker
	Closing   time.Duration `json:"closing_seconds"` // of that, after the work: workers were closing
	Running   bool          `json:"running"`         // the loop has begun and not ended
	Stopped   bool          `json:"stopped"`         // Run.Stop, or the stop of its context, came before all was read
	LookAhead int           `json:"look_ahead"`      // how many items may be in flight, as it is now

	Plan   Plan         `json:"plan"`
	Source SourceStats  `json:"source"`
	Stages []StageStats `json:"stages"` // in the order of the chain
	Sink   SinkStats    `json:"sink"`
}

// Stats returns what is known of the run. While it goes on, from any goroutine,
// that is as of a moment ago, and its numbers need not add up; once it is over
// they do. The zero value stands for a run that has not begun, but for its Plan.
func (r *Run[In, Out]) Stats() Stats {
	r = r.root()
	plan := r.pipeline.Plan()
	r.mu.Lock()
	final, ended, running := r.final, r.ended, r.engine
	r.mu.Unlock()
	switch {
	case running != nil:
		return statsOf(running.Stats(), plan)
	case ended:
		return statsOf(final, plan)
	}
	return Stats{Plan: plan}
}

// nameOf asks a source for the name of a place. It is a function of the user's:
// a panic in it leaves the place without a name.
func nameOf(place *engine.Place, index int64) (name string) {
	if place != nil && index >= 0 {
		_ = engine.Contain(faults, func() error {
			name = place.Name(index - place.First)
			return nil
		})
	}
	return name
}

func accountsOf(s engine.Stats) Accounts {
	return Accounts{
		Read: s.Read, Extra: s.Extra, Delivered: s.Delivered, Failed: s.Failed, Filtered: s.Filtered,
		Unfinished: s.Read + s.Extra - s.Delivered - s.Failed - s.Filtered,
		Retries:    s.Retries, Restarts: s.Restarts, Stuck: s.Stuck, Rescued: s.Rescued, StuckCalls: s.StuckCalls, Lost: s.Lost,
	}
}

func statsOf(s engine.Stats, plan Plan) Stats {
	stats := Stats{
		Accounts: accountsOf(s),
		Began:    s.Began, Elapsed: s.Elapsed, Opening: s.Opening, Closing: s.Closing, Running: s.Running, Stopped: s.Stopped, LookAhead: s.Ahead,
		Plan: plan,
		Source: SourceStats{
			Read: s.Read, Total: s.Source.Total, Position: s.Source.Position, Unit: s.Source.Unit,
			Working: s.Source.Working, Blocked: s.Source.Blocked, IsBlocked: s.Source.IsBlocked, Ended: s.Source.Ended,
		},
		Sink: SinkStats{
			Taken: s.Delivered + s.Failed, Working: s.Sink.Working, Waiting: s.Sink.Waiting, Queue: s.Sink.Queue,
		},
	}
	if stats.Source.Unit == "items" {
		stats.Source.Position = s.Read
	}
	if len(plan.Nodes) > 0 {
		stats.Source.Name = plan.Nodes[0].Name
	}
	steps := plan.steps()
	for i := range s.Groups {
		g := stageStats(&s.Groups[i])
		switch {
		case g.Role != RoleSteps:
		case len(steps) > 0:
			g.Name, steps = steps[0], steps[1:]
		default: // it cuts lines, which no step comes after
			g.Name = stats.Source.Name
		}
		stats.Stages = append(stats.Stages, g)
	}
	return stats
}
