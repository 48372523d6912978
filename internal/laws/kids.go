package laws

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
)

// kids are what a step has besides whose workers are child processes.
type kids struct {
	folder  string // in which the children write down what happens
	options process.Options
	untold  int // closings that failed, of which the run need not tell
}

// families are the kinds of a step whose workers are child processes.
var families = []string{"child", "child", "child alike", "child loop"}

// cheap are the faults of an input that its child survives, costing are those
// that cost it. Those of either kind that need a time limit come last.
var (
	cheap   = []string{"error", "flaky", "permanent"}
	costing = []string{"lost", "panic error", "panic value", "goexit", "exit 0", "exit 1", "kill", "garbage", "leaves", "hang", "stop"}
)

// DrawKids draws a program with stages whose workers are child processes. It is
// for real time, and smaller than what [Draw] draws: each process costs.
func DrawKids(d Draws) *Program {
	p := &Program{guard: new(guard)}
	p.ordered = d.oneIn(2)
	p.inFlight = pick(d, 0, 0, 0, 1, 7, 100)
	for i := range d(0, 2) {
		if s := drawStep(d, p.guard, i, false); s.kind != "flatmap" {
			p.chain = append(p.chain, s)
		}
	}
	for i := range pick(d, 1, 1, 2) {
		p.chain = slices.Insert(p.chain, d(0, len(p.chain)), drawKids(d, p.guard, fmt.Sprint("children ", i)))
	}
	p.source = drawSource(d, p.inFlight, false)
	p.inOrder()
	p.n, p.breaksAt = min(p.n, d(100, 500)), min(p.breaksAt, 100)
	p.spread = max(p.spread, 1_000) // or a fault that costs a second is that of every item
	p.end = drawEnd(d, &p.source, false)
	p.after *= 50 // a child takes a while to open
	p.policy = drawPolicy(d)
	return p
}

func drawKids(d Draws, g *guard, name string) *Step {
	s := &Step{kind: pick(d, families...), salt: d(0, 99), name: name, kids: new(kids)}
	s.workers, s.retried = d(1, 3), d.oneIn(2)
	s.options = process.Options{
		InFlight: pick(d, 0, 0, 0, 1, 2, 16), Recycle: pick(d, 0, 0, d(20, 100)), Spares: pick(d, 0, 0, 1),
		Grace: 500 * time.Millisecond, Stderr: io.Discard,
	}
	if d.oneIn(5) {
		s.keys = d(1, 20)
	}
	if d.oneIn(3) {
		s.limit = 100 * time.Millisecond
	}
	if d.oneIn(3) {
		s.nap = time.Duration(pick(d, 20, 200)) * time.Microsecond
	}
	s.drawHarm(d)
	s.crew = newCrew(g, name)
	s.zipped = d.oneIn(6)
	if d.oneIn(6) {
		s.next = drawStage(d, g, s, false)
	}
	if d.oneIn(5) && s.mayBePooled() {
		s.setPooled(true)
	}
	return s
}

// drawHarm draws what goes wrong with the children, which may not be too often.
func (s *Step) drawHarm(d Draws) {
	mild, dear := slices.Clone(cheap), slices.Clone(costing)
	if s.limit > 0 {
		mild = append(mild, "late")
	} else {
		dear = slices.DeleteFunc(dear, func(f string) bool { return f == "hang" || f == "stop" })
	}
	if s.kind == "child loop" {
		mild = append(mild, "yields none", "yields twice")
	} else {
		dear = slices.DeleteFunc(dear, func(f string) bool { return f == "leaves" })
		if d.oneIn(6) {
			s.shuts = pick(d, "error", "panic value", "exit 1", "kill")
		}
	}
	switch {
	case d.oneIn(3):
		s.faults, s.rate = mild, pick(d, 5, 50, 300)
		if s.limit > 0 {
			s.rate = min(s.rate, 20)
		}
	case d.oneIn(4):
	default:
		s.faults, s.rate = slices.Concat(dear, mild), pick(d, 3, 10, 20)
		if d.oneIn(2) {
			s.faults = []string{pick(d, dear...), pick(d, dear...), pick(d, mild...)}
		}
	}
	switch {
	case d.oneIn(8):
		s.opens = "first"
	case d.oneIn(8) && s.workers > 1 && s.kind != "child alike":
		s.opens = "one"
	case d.oneIn(20):
		s.opens = "every"
	}
}

// said is how a fault of the step shows in the error of its item.
func (s *Step) said(deed string) string {
	if s.kids != nil {
		return saidOfKid(deed)
	}
	return said(deed)
}

// saidOfKid is how a fault of a child shows in the error of its item.
func saidOfKid(deed string) string {
	switch deed {
	case "exit 0", "exit 1", "kill":
		return "crash"
	case "garbage":
		return "protocol"
	case "hang", "stop":
		return "late"
	case "panic error": // what it was is lost on the way
		return "panic value"
	}
	return said(deed)
}

// heardOfKid reads the fault from the error of a child.
func heardOfKid(e *process.Error) string {
	switch {
	case e.Kind == process.Crashed:
		return "crash"
	case e.Kind == process.BadProtocol:
		return "protocol"
	case e.Kind == process.TimedOut && !strings.Contains(e.Text, errInjected.Error()):
		return "late"
	case errors.Is(e, vimap.ErrYield):
		return "yield"
	case e.Kind == process.Returned || e.Kind == process.TimedOut:
		return "error"
	}
	return e.Error()
}

// children returns the stage of a step whose workers are child processes.
func (s *Step) children() vimap.Stage[int, int] {
	o := orders{
		Kind: s.kind, Salt: s.salt, Rate: s.rate, Faults: s.faults, Retried: s.retried, Nap: int64(s.nap),
		Opens: s.opens, Shuts: s.shuts, Folder: s.folder,
	}
	if s.kind == "child alike" {
		text, err := json.Marshal(o)
		if err != nil {
			panic(err)
		}
		options := s.options
		options.Env = []string{envOrders + "=" + string(text)}
		return kidAlike.Children(options).Workers(s.workers)
	}
	all := make([]orders, s.workers)
	for i := range all {
		all[i] = o
		all[i].Config = fmt.Sprint("worker ", i)
	}
	if s.kind == "child loop" {
		return kidLoop.Children(s.options).Each(all...)
	}
	return kidEach.Children(s.options).Each(all...)
}

// CheckKids is [Program.Check] for a program with children.
func (p *Program) CheckKids(ctx context.Context) Report {
	folder, err := os.MkdirTemp("", "laws")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	for i, part := range p.parts() {
		if part.kids == nil {
			continue
		}
		part.folder = filepath.Join(folder, fmt.Sprint(i))
		if err := os.Mkdir(part.folder, 0o700); err != nil {
			panic(err)
		}
	}
	before := kin()
	report := p.Check(ctx, nil)
	if left := kinSince(before); left != "" {
		p.report("quiet: %s", left)
	}
	return Report{report.Items, report.Faults, p.wrong}
}
