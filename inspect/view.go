package inspect

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/vimap-go/vimap"
)

const (
	mostRows    = 100 // runs in the list
	mostWorkers = 64  // of a stage
)

// seconds is a duration that JSON gives in seconds.
type seconds time.Duration

// MarshalJSON gives a number of seconds.
func (s seconds) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).Seconds()) }

// view is all that a page shows, in HTML or as JSON.
type view struct {
	Title    string    `json:"title"`
	Now      time.Time `json:"now"`
	Runs     []row     `json:"runs"` // the newest first, those that are over last
	Unlisted int       `json:"unlisted"`
	Run      *detail   `json:"run,omitempty"`
	Missing  bool      `json:"missing,omitempty"` // the run that was asked for is not there

	nonce string
}

// Nonce allows the page's own script and style.
func (v *view) Nonce() string { return v.nonce }

// row is a run in the list.
type row struct {
	ID         int       `json:"id"`
	Name       string    `json:"name"`
	State      string    `json:"state"` // waiting, opening, running, stopping, done or stopped
	Began      time.Time `json:"began,omitzero"`
	Elapsed    seconds   `json:"elapsed"`
	Rate       float64   `json:"rate"` // outcomes for each second, lately or, when it is over, as a whole
	Read       int64     `json:"read"`
	Total      int64     `json:"total,omitempty"`
	Position   int64     `json:"position,omitempty"`
	Unit       string    `json:"unit,omitempty"`
	Delivered  int64     `json:"delivered"`
	Failed     int64     `json:"failed"`
	Filtered   int64     `json:"filtered"`
	Unfinished int64     `json:"unfinished"`
	Retries    int64     `json:"retries"`
	Restarts   int64     `json:"restarts"`
	Stuck      int64     `json:"stuck"`
	Rescued    int64     `json:"rescued"`
	Lost       int       `json:"lost"`
	Shown      bool      `json:"-"`
}

// Over says that the run has ended.
func (r row) Over() bool { return r.State == "done" || r.State == "stopped" }

// Share is how much of the source was read, in percent; 0 if it is not known.
func (r row) Share() float64 {
	if r.Total <= 0 {
		return 0
	}
	return min(100, 100*float64(r.Position)/float64(r.Total))
}

// detail is the run that the page is about.
type detail struct {
	row
	LookAhead  int64     `json:"lookAhead"`
	Settings   []string  `json:"settings,omitempty"`
	Conclusion string    `json:"conclusion"`
	Parts      []part    `json:"parts"`
	Slowest    []slow    `json:"slowest,omitempty"`
	Failures   []failure `json:"failures,omitempty"`
	FailedSeen int64     `json:"failuresSeen"` // how many there were, of which Failures are the latest
	Told       bool      `json:"-"`            // hooks tell of failures
	Drawing    drawing   `json:"-"`
	Chart      chart     `json:"throughput"`
}

// HasWorkers says that a stage has begun.
func (d *detail) HasWorkers() bool {
	return slices.ContainsFunc(d.Parts, func(p part) bool { return len(p.Workers) > 0 })
}

// Cut says that there were more failures.
func (d *detail) Cut() bool { return d.FailedSeen > int64(len(d.Failures)) }

// part is the source, a stage, or the sink.
type part struct {
	Name       string   `json:"name"`
	Role       string   `json:"role"`
	Size       int      `json:"size,omitempty"`
	Rate       float64  `json:"rate"`
	Started    int64    `json:"started"`
	Done       int64    `json:"done"`
	Failed     int64    `json:"failed"`
	Filtered   int64    `json:"filtered"`
	Retried    int64    `json:"retried"`
	Busy       float64  `json:"busy"`     // lately
	MeanBusy   float64  `json:"meanBusy"` // over the whole run
	Queue      int      `json:"queue"`
	Bound      int      `json:"bound,omitempty"`
	BackingOff int      `json:"backingOff,omitempty"`
	Mean       seconds  `json:"mean"`
	P50        seconds  `json:"p50"`
	P99        seconds  `json:"p99"`
	Max        seconds  `json:"max"`
	Measured   bool     `json:"-"`
	Workers    []worker `json:"workers,omitempty"`
	Unlisted   int      `json:"unlistedWorkers,omitempty"`

	node int
}

type worker struct {
	Worker   int     `json:"worker"`
	Config   string  `json:"config,omitempty"`
	State    string  `json:"state"`
	Items    int     `json:"items"` // in hand
	Index    int64   `json:"index"` // -1 unless there is just one
	Age      seconds `json:"age"`
	Input    string  `json:"input,omitempty"`
	Done     int64   `json:"done"`
	Failed   int64   `json:"failed"`
	Restarts int64   `json:"restarts"`
	Busy     float64 `json:"busy"` // over its life
}

// Old says that the worker has had its item for long, so that it is seen.
func (w worker) Old() bool { return time.Duration(w.Age) > 5*time.Second }

type slow struct {
	Took   seconds `json:"took"`
	Stage  string  `json:"stage"`
	Index  int64   `json:"index"`
	Place  string  `json:"place,omitempty"`
	Items  int     `json:"items"`
	Worker int     `json:"worker"`
	Input  string  `json:"input,omitempty"`
}

// view makes the page about the run of that number; 0: the newest that runs.
func (p *Page) view(id int) *view {
	v := &view{Title: p.line(cmp.Or(p.Title, "vimap")), Now: time.Now(), Runs: []row{}}
	all := p.look()
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b *glance) int { return rank(a) - rank(b) })
	var shown *glance
	for _, g := range all {
		if g.id == id || id == 0 && shown == nil {
			shown = g
		}
	}
	for i, g := range all {
		if i == mostRows {
			v.Unlisted = len(all) - i
			break
		}
		r := p.row(g)
		r.Shown = g == shown
		v.Runs = append(v.Runs, r)
	}
	if shown != nil {
		v.Run = p.detail(shown)
	}
	v.Missing = id != 0 && shown == nil
	return v
}

func rank(g *glance) int {
	switch {
	case g.over():
		return 2
	case !g.begun():
		return 1
	}
	return 0
}

func (p *Page) row(g *glance) row {
	s := &g.stats
	r := row{
		ID: g.id, Name: p.line(g.name), Began: s.Began, Elapsed: seconds(s.Elapsed), Rate: g.perSecond(g.now.taken, g.before.taken),
		Read: s.Read, Total: s.Source.Total, Position: s.Source.Position, Unit: p.line(s.Source.Unit),
		Delivered: s.Delivered, Failed: s.Failed, Filtered: s.Filtered, Unfinished: s.Unfinished, Retries: s.Retries,
		Restarts: s.Restarts, Stuck: s.Stuck, Rescued: s.Rescued, Lost: len(s.Lost),
	}
	if r.Name == "" {
		r.Name = "run"
	}
	switch {
	case !g.begun():
		r.State = "waiting"
	case g.over() && s.Stopped:
		r.State = "stopped"
	case g.over():
		r.State = "done"
	case s.Stopped:
		r.State = "stopping"
	case s.Opening >= s.Elapsed:
		r.State = "opening"
	default:
		r.State = "running"
	}
	return r
}

func (p *Page) detail(g *glance) *detail {
	s := &g.stats
	d := &detail{row: p.row(g), LookAhead: int64(s.LookAhead), Told: g.failures != nil, Chart: chartOf(g)}
	for _, setting := range s.Plan.Settings {
		d.Settings = append(d.Settings, p.line(setting))
	}
	if g.begun() {
		d.Conclusion = cut(oneLine(s.Bottleneck().Text, 1000), 1000)
	}
	d.Parts = p.parts(g)
	d.Slowest = p.slowest(s)
	d.Failures, d.FailedSeen = g.failures.latest()
	if !d.Told {
		for _, err := range slices.Concat(s.StuckCalls, s.Lost) {
			d.Failures = append(d.Failures, failure{Index: -1, What: "worker", Err: p.err(err), Stack: p.stack(err)})
		}
		d.FailedSeen = int64(len(d.Failures))
	}
	d.Drawing = p.draw(g, d.Parts)
	return d
}

// parts are the rows of the table: the source, the stages and the sink.
func (p *Page) parts(g *glance) []part {
	s := &g.stats
	span := g.stats.Elapsed - s.Opening - s.Closing
	mean := func(d time.Duration, workers int) float64 {
		if span <= 0 || workers < 1 {
			return 0
		}
		return min(1, float64(d)/float64(span)/float64(workers))
	}
	parts := []part{{
		Name: p.line(s.Source.Name), Role: "source", Started: s.Read, Done: s.Read,
		Rate: g.perSecond(g.now.read, g.before.read), Busy: g.busy(g.now.source, g.before.source, 1), MeanBusy: mean(s.Source.Working, 1),
	}}
	for i := range s.Stages {
		st := &s.Stages[i]
		l := st.Latency
		row := part{
			Name: p.line(st.Name), Role: string(st.Role), Size: st.Size,
			Started: st.Started, Done: st.Done, Failed: st.Failed, Filtered: st.Filtered, Retried: st.Retried,
			MeanBusy: mean(st.Working, st.Size), Queue: st.Queue, Bound: st.Bound, BackingOff: st.BackingOff,
			Mean: seconds(l.Mean), P50: seconds(l.P50), P99: seconds(l.P99), Max: seconds(l.Max), Measured: l.Count > 0,
			node: st.Node,
		}
		now, before := g.now.stages[i], g.before.stages[i]
		row.Rate = g.perSecond(now.started, before.started)
		row.Busy = g.busy(now.working, before.working, st.Size)
		row.Workers, row.Unlisted = p.workers(st.Workers)
		parts = append(parts, row)
	}
	return append(parts, part{
		Name: "sink", Role: "sink", Started: s.Sink.Taken, Done: s.Delivered, Failed: s.Failed, Queue: s.Sink.Queue,
		Rate: g.perSecond(g.now.taken, g.before.taken), Busy: g.busy(g.now.sink, g.before.sink, 1), MeanBusy: mean(s.Sink.Working, 1),
		node: -1,
	})
}

// workers are those of a stage; if they are many, those that have had their
// item for the longest time.
func (p *Page) workers(all []vimap.WorkerStats) (shown []worker, unlisted int) {
	if len(all) > mostWorkers {
		unlisted = len(all) - mostWorkers
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(a, b vimap.WorkerStats) int { return cmp.Compare(b.Hand.Age, a.Hand.Age) })
		all = all[:mostWorkers]
		slices.SortStableFunc(all, func(a, b vimap.WorkerStats) int { return cmp.Compare(a.Worker, b.Worker) })
	}
	for i := range all {
		w := &all[i]
		made := worker{
			Worker: w.Worker, Config: p.config(w.Config), State: string(w.State), Done: w.Done, Failed: w.Failed, Restarts: w.Restarts,
			Items: w.Hand.Items, Index: -1,
		}
		if w.Hand.Items > 0 {
			made.Index, made.Age, made.Input = w.Hand.Index, seconds(w.Hand.Age), p.input(w.Hand.Input)
		}
		if w.Open > 0 {
			made.Busy = min(1, float64(w.Working)/float64(w.Open))
		}
		shown = append(shown, made)
	}
	return shown, unlisted
}

// slowest are the items that took longest, of all stages.
func (p *Page) slowest(s *vimap.Stats) []slow {
	const most = 10
	var all []slow
	for i := range s.Stages {
		for _, item := range s.Stages[i].Slowest {
			all = append(all, slow{
				Took: seconds(item.Took), Stage: p.line(s.Stages[i].Name), Index: item.Index, Place: p.line(item.Place),
				Items: item.Items, Worker: item.Worker, Input: p.input(item.Input),
			})
		}
	}
	slices.SortStableFunc(all, func(a, b slow) int { return cmp.Compare(b.Took, a.Took) })
	return all[:min(len(all), most)]
}
