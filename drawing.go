package vimap

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// String is the plan in words, a line for each part and one for the settings.
func (p Plan) String() string {
	var b strings.Builder
	width := 0
	for _, n := range p.Nodes {
		width = max(width, len([]rune(n.title())))
	}
	for _, n := range p.Nodes {
		line := n.title()
		if about := p.about(n); about != "" {
			line += strings.Repeat(" ", 2+width-len([]rune(line))) + about
		}
		b.WriteString(line + "\n")
	}
	if len(p.Settings) > 0 {
		b.WriteString(strings.Join(p.Settings, ", ") + "\n")
	}
	return b.String()
}

// Mermaid is the plan as a flowchart of Mermaid, from left to right.
func (p Plan) Mermaid() string { return p.mermaid(p.bare()) }

// DOT is the plan as a graph of Graphviz, from left to right.
func (p Plan) DOT() string { return p.dot(p.bare()) }

// String is the plan of the chain in words: [Plan.String].
func (p Pipeline[In, Out]) String() string { return p.Plan().String() }

// Mermaid is the plan of the chain as a flowchart of Mermaid.
func (p Pipeline[In, Out]) Mermaid() string { return p.Plan().Mermaid() }

// DOT is the plan of the chain as a graph of Graphviz.
func (p Pipeline[In, Out]) DOT() string { return p.Plan().DOT() }

// Mermaid is [Plan.Mermaid] with the figures of the run.
func (s Stats) Mermaid() string { return s.Plan.mermaid(s.figures()) }

// DOT is [Plan.DOT] with the figures of the run.
func (s Stats) DOT() string { return s.Plan.dot(s.figures()) }

// title is the kind and the name of a part, once if they are the same.
func (n PlanNode) title() string {
	name := plain(n.Name)
	if name == string(n.Kind) || name == "" {
		return string(n.Kind)
	}
	return string(n.Kind) + " " + name
}

// about says what a part has, or where it runs.
func (p Plan) about(n PlanNode) string {
	switch {
	case n.Kind == KindSource:
		return ""
	case n.RunsIn < 0:
		return "in a goroutine of its own"
	case n.Workers == 0:
		return "in " + p.Nodes[n.RunsIn].title()
	case n.Kind == KindPool:
		return strings.Join(append([]string{"workers of a pool"}, n.Options...), ", ")
	case n.Kind == KindFlatMap:
		return "in a goroutine of its own"
	}
	return strings.Join(append([]string{number(int64(n.Workers), "worker")}, n.Options...), ", ")
}

// figure is what a drawing says of a part, and of what waits before it.
type figure struct {
	lines   []string
	waiting int
}

// drawn are the figures of all parts, the sink last.
type drawn []figure

func (p Plan) bare() drawn {
	all := make(drawn, len(p.Nodes)+1)
	for i, n := range p.Nodes {
		all[i].lines = []string{n.title()}
		if n.hasWorkers() && n.Kind != KindFlatMap && n.Kind != KindPool {
			all[i].lines = append(all[i].lines, number(int64(n.Workers), "worker"))
		}
		all[i].lines = append(all[i].lines, n.Options...)
	}
	all[len(p.Nodes)].lines = append([]string{"sink"}, p.Settings...)
	return all
}

// figures are what drawings with figures of the run say.
func (s Stats) figures() drawn {
	all := s.Plan.bare()
	span := s.span()
	if len(s.Plan.Nodes) == 0 || span <= 0 {
		return all
	}
	all[0].lines = append(all[0].lines, fmt.Sprintf("%d read", s.Read), percent(s.Source.Working, span)+" busy, "+percent(s.Source.Blocked, span)+" blocked")
	for i := range s.Stages {
		g := &s.Stages[i]
		if g.Node < 0 || g.Node >= len(s.Plan.Nodes) {
			continue
		}
		f := &all[g.Node]
		if g.Role == RoleKeys || g.Role == RoleBatches {
			f.lines = append(f.lines, fmt.Sprintf("%s: %s busy", g.Role, percent(g.Working, span)))
			f.waiting += g.Queue
			continue
		}
		line := fmt.Sprintf("%d done", g.Done)
		if g.Failed > 0 {
			line += fmt.Sprintf(", %d failed", g.Failed)
		}
		f.lines = append(f.lines, line)
		if g.Role != RolePool {
			f.lines = append(f.lines, fmt.Sprintf("%.0f %% busy", 100*g.busy(span)))
		}
		f.waiting += g.Queue
	}
	sink := &all[len(s.Plan.Nodes)]
	sink.lines = append(sink.lines, fmt.Sprintf("%d delivered, %d failed", s.Delivered, s.Failed), percent(s.Sink.Working, span)+" busy")
	sink.waiting = s.Sink.Queue
	return all
}

func (p Plan) mermaid(all drawn) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i := range all {
		label := make([]string, len(all[i].lines))
		for j, line := range all[i].lines {
			label[j] = mermaidText(line)
		}
		open, end := "[", "]" // what runs in the workers of another
		switch {
		case i == 0, i == len(p.Nodes):
			open, end = "([", "])"
		case p.Nodes[i].hasWorkers():
			open, end = "[[", "]]"
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s\n", i, open, strings.Join(label, "<br/>"), end)
	}
	for i := 1; i < len(all); i++ {
		arrow := "-->"
		if n := all[i].waiting; n > 0 {
			arrow = fmt.Sprintf("-- \"%d wait\" -->", n)
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", i-1, arrow, i)
	}
	return b.String()
}

func (p Plan) dot(all drawn) string {
	var b strings.Builder
	b.WriteString("digraph vimap {\n  rankdir=LR;\n  node [shape=box];\n")
	for i := range all {
		label := make([]string, len(all[i].lines))
		for j, line := range all[i].lines {
			label[j] = dotText(line)
		}
		style := ""
		switch {
		case i == 0, i == len(p.Nodes):
			style = ", shape=oval"
		case p.Nodes[i].hasWorkers():
			style = ", style=bold"
		}
		fmt.Fprintf(&b, "  n%d [label=\"%s\"%s];\n", i, strings.Join(label, `\n`), style)
	}
	for i := 1; i < len(all); i++ {
		label := ""
		if n := all[i].waiting; n > 0 {
			label = fmt.Sprintf(" [label=\"%d wait\"]", n)
		}
		fmt.Fprintf(&b, "  n%d -> n%d%s;\n", i-1, i, label)
	}
	b.WriteString("}\n")
	return b.String()
}

// plain makes one short line of any text.
func plain(s string) string {
	const most = 60
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > most {
		return string(slices.Concat(r[:most-1], []rune("…")))
	}
	return s
}

// mermaidText escapes what has a meaning in a label of Mermaid, or in the HTML
// that is made of it.
func mermaidText(s string) string {
	return mermaidEscapes.Replace(plain(s))
}

var mermaidEscapes = strings.NewReplacer(
	`#`, `#35;`, `"`, `#quot;`, `&`, `#amp;`, `<`, `#lt;`, `>`, `#gt;`, "`", `#96;`, `\`, `#92;`, `%`, `#37;`)

func dotText(s string) string { return dotEscapes.Replace(plain(s)) }

var dotEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`)

// number counts things.
func number(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
