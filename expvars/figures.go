package expvars

import (
	"time"

	"github.com/vimap-go/vimap"
)

// figures are a run as JSON.
type figures struct {
	State   string     `json:"state"`
	Began   *time.Time `json:"began,omitempty"`
	Elapsed float64    `json:"elapsed"`

	Read       int64 `json:"read"`
	Extra      int64 `json:"extra"`
	Delivered  int64 `json:"delivered"`
	Failed     int64 `json:"failed"`
	Filtered   int64 `json:"filtered"`
	Unfinished int64 `json:"unfinished"`
	Retries    int64 `json:"retries"`
	Restarts   int64 `json:"restarts"`
	Stuck      int64 `json:"stuck"`
	Rescued    int64 `json:"rescued"`
	Lost       int   `json:"lost"`

	LookAhead  int     `json:"lookAhead"`
	Bottleneck string  `json:"bottleneck,omitempty"`
	Source     source  `json:"source"`
	Stages     []stage `json:"stages"`
	Sink       sink    `json:"sink"`
}

type source struct {
	Name     string  `json:"name"`
	Read     int64   `json:"read"`
	Total    int64   `json:"total,omitempty"`
	Position int64   `json:"position,omitempty"`
	Unit     string  `json:"unit,omitempty"`
	Working  float64 `json:"working"`
	Blocked  float64 `json:"blocked"`
	Ended    bool    `json:"ended"`
}

type stage struct {
	Name       string  `json:"name"`
	Role       string  `json:"role"`
	Size       int     `json:"size"`
	Started    int64   `json:"started"`
	Done       int64   `json:"done"`
	Failed     int64   `json:"failed"`
	Filtered   int64   `json:"filtered"`
	Retried    int64   `json:"retried"`
	Queue      int     `json:"queue"`
	BackingOff int     `json:"backingOff"`
	Opening    float64 `json:"opening"`
	Working    float64 `json:"working"`
	Waiting    float64 `json:"waiting"`
	Blocked    float64 `json:"blocked"`
	Latency    latency `json:"latency"`
}

type latency struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

type sink struct {
	Taken   int64   `json:"taken"`
	Queue   int     `json:"queue"`
	Working float64 `json:"working"`
	Waiting float64 `json:"waiting"`
}

func figuresOf(s vimap.Stats) figures {
	f := figures{
		State: stateOf(&s), Elapsed: s.Elapsed.Seconds(),
		Read: s.Read, Extra: s.Extra, Delivered: s.Delivered, Failed: s.Failed, Filtered: s.Filtered, Unfinished: s.Unfinished,
		Retries: s.Retries, Restarts: s.Restarts, Stuck: s.Stuck, Rescued: s.Rescued, Lost: len(s.Lost),
		LookAhead: s.LookAhead,
		Source: source{
			Name: s.Source.Name, Read: s.Source.Read, Total: s.Source.Total, Position: s.Source.Position, Unit: s.Source.Unit,
			Working: s.Source.Working.Seconds(), Blocked: s.Source.Blocked.Seconds(), Ended: s.Source.Ended,
		},
		Stages: make([]stage, 0, len(s.Stages)),
		Sink: sink{
			Taken: s.Sink.Taken, Queue: s.Sink.Queue, Working: s.Sink.Working.Seconds(), Waiting: s.Sink.Waiting.Seconds(),
		},
	}
	if !s.Began.IsZero() {
		f.Began = &s.Began
		if held := s.Bottleneck(); held.Kind != vimap.LimitedByNothing {
			f.Bottleneck = held.Text
		}
	}
	for i := range s.Stages {
		g := &s.Stages[i]
		f.Stages = append(f.Stages, stage{
			Name: g.Name, Role: string(g.Role), Size: g.Size,
			Started: g.Started, Done: g.Done, Failed: g.Failed, Filtered: g.Filtered, Retried: g.Retried,
			Queue: g.Queue, BackingOff: g.BackingOff,
			Opening: g.Opening.Seconds(), Working: g.Working.Seconds(), Waiting: g.Waiting.Seconds(), Blocked: g.Blocked.Seconds(),
			Latency: latency{
				Count: g.Latency.Count, Mean: g.Latency.Mean.Seconds(),
				P50: g.Latency.P50.Seconds(), P90: g.Latency.P90.Seconds(), P99: g.Latency.P99.Seconds(), Max: g.Latency.Max.Seconds(),
			},
		})
	}
	return f
}

// stateOf is where a run is on its way.
func stateOf(s *vimap.Stats) string {
	switch {
	case s.Began.IsZero():
		return "waiting"
	case s.Running && s.Stopped:
		return "stopping"
	case s.Running && s.Opening >= s.Elapsed:
		return "opening"
	case s.Running:
		return "running"
	case s.Stopped:
		return "stopped"
	}
	return "done"
}
