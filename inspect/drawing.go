package inspect

import (
	"fmt"
	"math"
	"strings"
)

// drawing is the plan with its figures, laid out from left to right.
type drawing struct {
	Width, Height int
	Boxes         []box
	Edges         []edge
	Unlisted      int // parts that are not drawn
}

// box is a part of the chain.
type box struct {
	X, Y, W, H   int
	Class        string // source, stage, step or sink
	Hot          bool   // it holds the run back
	Kind, Name   string
	Label        string   // the name, as short as the box
	Lines        []string // under the name
	HasBar       bool
	Bar          int // how much of it is filled, of BarW
	BarX, BarW   int
	Level        string // of the bar: low, mid or high
	Full         string // what is shown where the mouse rests
	MidX         int
	KindY, NameY int
	BarY         int
	Figures      []label // Lines at their places
}

type label struct {
	X, Y int
	Text string
}

// edge is the way from one part to the next.
type edge struct {
	X1, X2, Y, MidX     int
	TailX, RateY, WaitY int
	Rate, Wait          string
	Width               int
}

const (
	boxW, boxH   = 148, 92
	stepW, stepH = 104, 54
	fullGap      = 86 // before a part, with figures
	bareGap      = 34
	margin       = 12
	mostBoxes    = 40
)

func (p *Page) draw(g *glance, parts []part) drawing {
	nodes := g.stats.Plan.Nodes
	hot := g.stats.Bottleneck()
	d := drawing{Height: boxH + 2*margin}
	x, mid := margin, margin+boxH/2
	add := func(b box, e *edge) {
		if e != nil {
			gap := bareGap
			if e.Rate != "" {
				gap = fullGap
			}
			x += gap
			e.X1, e.X2, e.Y = x-gap, x, mid
			e.MidX, e.TailX = x-gap/2, x-8
			e.Width = max(e.Width, 2)
			e.RateY, e.WaitY = mid-8-e.Width/2, mid+15+e.Width/2
			d.Edges = append(d.Edges, *e)
		}
		b.X, b.Y = x, mid-b.H/2
		b.MidX, b.KindY, b.NameY = b.X+b.W/2, b.Y+18, b.Y+35
		b.BarX, b.BarW, b.BarY = b.X+12, b.W-24, b.Y+b.H-14
		for i, line := range b.Lines {
			b.Figures = append(b.Figures, label{b.MidX, b.Y + 52 + 15*i, line})
		}
		b.Label = cut(b.Name, b.W/8)
		d.Boxes = append(d.Boxes, b)
		x += b.W
		d.Width = x + margin
	}
	for i, node := range nodes {
		if i == mostBoxes {
			d.Unlisted = len(nodes) - i
			break
		}
		b := box{Kind: string(node.Kind), Name: p.line(node.Name), Class: "stage", W: boxW, H: boxH, Hot: hot.Node == i && hot.Kind != ""}
		b.Full = strings.TrimSpace(b.Kind + " " + b.Name)
		for _, option := range node.Options {
			b.Full += ", " + p.line(option)
		}
		e := &edge{}
		var own []part // the source and the sink come first and last
		for j := range parts[1 : len(parts)-1] {
			if parts[j+1].node == i {
				own = append(own, parts[j+1])
			}
		}
		switch {
		case i == 0:
			b.Class, e = "source", nil
			b.bar(parts[0].Busy)
			b.Lines = []string{grouped(parts[0].Started) + " read"}
		case len(own) > 0:
			b.stage(own, e)
		case node.Workers == 0 || node.RunsIn != i:
			b.Class, b.W, b.H = "step", stepW, stepH
		}
		if i == 1 && e.Rate == "" && g.begun() { // a step; what comes to it is what is read
			e.Rate = rate(parts[0].Rate) + "/s"
		}
		add(b, e)
	}
	sink := parts[len(parts)-1]
	b := box{Kind: "sink", Name: "outcomes", Class: "sink", W: boxW, H: boxH, Full: "the loop over the run", Hot: hot.Kind == "sink"}
	e := &edge{}
	if g.begun() {
		b.Lines = []string{grouped(sink.Done) + " delivered"}
		if sink.Failed > 0 {
			b.Lines = append(b.Lines, grouped(sink.Failed)+" failed")
		}
		b.bar(sink.Busy)
		e.load(sink)
	}
	if len(nodes) == 0 {
		e = nil
	}
	add(b, e)
	return d
}

// stage fills the box of a stage from the figures of its workers.
func (b *box) stage(own []part, e *edge) {
	main := own[len(own)-1]
	e.load(own[0])
	for i := range own {
		if own[i].Role == "stage" || own[i].Role == "flatmap" || own[i].Role == "turn" {
			main = own[i]
		}
	}
	if main.Size > 0 {
		b.Lines = append(b.Lines, count(main.Size, "worker"))
	}
	line := grouped(main.Done) + " done"
	if main.Failed > 0 {
		line += ", " + grouped(main.Failed) + " failed"
	}
	b.Lines = append(b.Lines, line)
	if main.Role != "pool" {
		b.bar(main.Busy)
	}
}

// bar says how busy a part is.
func (b *box) bar(busy float64) {
	b.HasBar = true
	b.Bar = int(math.Round(busy * float64(b.W-24)))
	b.Level = level(busy)
	b.Full += fmt.Sprintf(", %.0f %% busy", 100*busy)
}

func level(busy float64) string {
	switch {
	case busy >= 0.7:
		return "high"
	case busy >= 0.35:
		return "mid"
	}
	return "low"
}

// load says what moves along an edge, and what waits at its end.
func (e *edge) load(p part) {
	e.Rate = rate(p.Rate) + "/s"
	e.Width = 2
	waiting := p.Queue + p.BackingOff
	if waiting == 0 {
		return
	}
	e.Wait = grouped(int64(waiting)) + " wait"
	if p.Bound > 0 {
		e.Width += int(math.Round(6 * min(1, float64(waiting)/float64(p.Bound))))
	}
}

// chart is the throughput over time.
type chart struct {
	Points []point `json:"points,omitempty"`
	Top    float64 `json:"-"` // the rate at its upper edge
	Line   string  `json:"-"`
	Area   string  `json:"-"`
	Failed string  `json:"-"`
	From   seconds `json:"-"`
	To     seconds `json:"-"`
}

// point is the rate in the stretch that ends At, since the run began.
type point struct {
	At     seconds `json:"at"`
	Rate   float64 `json:"rate"`
	Failed float64 `json:"failed"`
}

const chartW, chartH = 960, 120 // as in page.html

func chartOf(g *glance) chart {
	var c chart
	failed := false
	for i := 1; i < len(g.samples); i++ {
		a, b := g.samples[i-1], g.samples[i]
		span := (b.at - a.at).Seconds()
		if span <= 0 {
			continue
		}
		c.Points = append(c.Points, point{seconds(b.at), float64(b.taken-a.taken) / span, float64(b.failed-a.failed) / span})
		c.Top = max(c.Top, c.Points[len(c.Points)-1].Rate)
		failed = failed || b.failed > a.failed
	}
	if len(c.Points) == 0 || c.Top == 0 {
		return c
	}
	c.From, c.To = seconds(g.samples[0].at), c.Points[len(c.Points)-1].At
	c.Top = round(c.Top)
	x := func(at seconds) float64 { return chartW * float64(at-c.From) / float64(c.To-c.From) }
	y := func(rate float64) float64 { return chartH - (chartH-2)*rate/c.Top }
	var line, red strings.Builder
	fmt.Fprintf(&line, "0,%.1f", y(c.Points[0].Rate))
	fmt.Fprintf(&red, "0,%.1f", y(c.Points[0].Failed))
	for _, p := range c.Points {
		fmt.Fprintf(&line, " %.1f,%.1f", x(p.At), y(p.Rate))
		fmt.Fprintf(&red, " %.1f,%.1f", x(p.At), y(p.Failed))
	}
	c.Line = line.String()
	c.Area = fmt.Sprintf("0,%d %s %d,%d", chartH, c.Line, chartW, chartH)
	if failed {
		c.Failed = red.String()
	}
	return c
}

// round goes up to a number that is round.
func round(rate float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rate)))
	for _, n := range []float64{1, 1.5, 2, 3, 4, 5, 7.5} {
		if rate <= n*unit {
			return n * unit
		}
	}
	return 10 * unit
}
