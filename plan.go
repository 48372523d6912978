package vimap

import (
	"fmt"
	"slices"

	"github.com/vimap-go/vimap/retry"
)

// Plan describes a chain: its parts in their order, and what holds for the
// whole of it. It is a description alone and keeps none of the chain's
// functions. See [Pipeline.Plan].
type Plan struct {
	Nodes    []PlanNode `json:"nodes"`    // the source first; not to be changed, others may hold them
	Settings []string   `json:"settings"` // of the whole chain, such as "ordered" or "in flight at most 8"
}

// PlanNode is one part of a chain.
type PlanNode struct {
	Kind    PlanKind `json:"kind"`
	Name    string   `json:"name"`    // as errors call it
	Workers int      `json:"workers"` // that it may have; 0 if it runs in the workers of another part
	Options []string `json:"options"` // what it was told, such as "timeout 5s" or "keys"
	RunsIn  int      `json:"runs_in"` // the index of the part in whose workers it runs; its own if it has workers; -1: in a goroutine for steps alone
}

// PlanKind says what a part of a chain is.
type PlanKind string

// The kinds of the parts of a chain.
const (
	KindSource  PlanKind = "source"  // From, Emit, or one of package sources
	KindDecode  PlanKind = "decode"  // by Decode
	KindMap     PlanKind = "map"     // by Map
	KindTry     PlanKind = "try"     // by Try
	KindFilter  PlanKind = "filter"  // by Filter
	KindFlatMap PlanKind = "flatmap" // by FlatMap, or by Chunk
	KindRescue  PlanKind = "rescue"  // by Rescue
	KindStage   PlanKind = "stage"   // by Via
	KindPool    PlanKind = "pool"    // a stage whose workers are those of a Pool
	KindStep    PlanKind = "step"    // any other; with a worker if it takes one item after another, as Take
)

// Plan returns the description of the chain.
func (p Pipeline[In, Out]) Plan() Plan {
	nodes := slices.Clone(p.nodes)
	placeSteps(nodes)
	return Plan{Nodes: nodes, Settings: p.words()}
}

// Plan returns the description of the chain that the run is of.
func (r *Run[In, Out]) Plan() Plan { return r.root().pipeline.Plan() }

// Named names the part of the chain that was added last: its source or an
// inline step, in errors, in [Stats] and in the plan. Without it the source is
// called "source" and a step by its method, in lower case. A stage has its name
// by [Stage.Named].
func (p Pipeline[In, Out]) Named(name string) Pipeline[In, Out] {
	notNil(p.compile == nil || len(p.nodes) == 0, "Named", "the source")
	last := len(p.nodes) - 1
	if kind := p.nodes[last].Kind; kind == KindStage || kind == KindPool {
		panic(fmt.Sprintf("vimap: Named: a stage is named by Stage.Named, got %q for stage %q", name, p.nodes[last].Name))
	}
	p.nodes = slices.Clone(p.nodes)
	p.nodes[last].Name = name
	return p
}

// words are the settings of the whole chain.
func (s settings) words() []string {
	var words []string
	if s.ordered {
		words = append(words, "ordered")
	}
	if s.inFlight > 0 {
		words = append(words, fmt.Sprintf("in flight at most %d", s.inFlight))
	}
	if s.tolerance.isSet && s.tolerance.items >= 0 {
		words = append(words, fmt.Sprintf("tolerates %d", s.tolerance.items))
	}
	if s.tolerance.share > 0 {
		words = append(words, fmt.Sprintf("tolerates a share of %v", s.tolerance.share))
	}
	if s.showInputs {
		words = append(words, "shows inputs")
	}
	return words
}

// plan describes the stage, or the stages that it is composed of.
func (s Stage[In, Out]) plan() []PlanNode {
	if s.options.composed {
		return s.parts
	}
	return []PlanNode{s.options.node()}
}

// planBehind adds the description to that of what comes before.
func (s Stage[In, Out]) planBehind(nodes []PlanNode) []PlanNode {
	if s.options.composed {
		return append(nodes, s.parts...)
	}
	return append(nodes, s.options.node())
}

// node describes a stage for the plan.
func (o options) node() PlanNode {
	n := PlanNode{Kind: KindStage, Name: o.name, Workers: o.workers}
	add := func(format string, args ...any) { n.Options = append(n.Options, fmt.Sprintf(format, args...)) }
	if o.beside {
		add("beside its input")
	}
	if o.pooled {
		n.Kind = KindPool
		return n
	}
	if o.configs != nil {
		add("a configuration each")
	}
	if o.bulk {
		add("batches of %d within %v", o.size, o.linger)
	}
	if o.keyed {
		add("keys")
	}
	if o.timeout > 0 {
		add("timeout %v", o.timeout)
	}
	if o.opening > 0 {
		add("open timeout %v", o.opening)
	}
	if o.closing > 0 {
		add("close timeout %v", o.closing)
	}
	if o.retry != (retry.Policy{}) {
		add("retry")
	}
	if o.restarts > 0 {
		add("at most %d restarts within %v", o.restarts, o.span)
	}
	return n
}

// hasWorkers reports whether a part has workers of its own.
func (n PlanNode) hasWorkers() bool { return n.Workers > 0 }

// inTurn reports whether it is a step that takes one item after another. What
// comes before it runs elsewhere.
func (n PlanNode) inTurn() bool { return n.Kind == KindStep && n.hasWorkers() }

// placeSteps finds out where the inline steps run: in the workers that take from the
// channel before them, or, where nobody does, in those that fill it.
func placeSteps(nodes []PlanNode) {
	before := -1 // the last part that begins a channel, if it has workers
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.Kind == KindSource:
			n.RunsIn, before = i, -1
			continue
		case n.hasWorkers():
			n.RunsIn, before = i, i
			if n.Kind == KindFlatMap {
				before = -1
			}
			continue
		}
		n.RunsIn = before
		for j := i + 1; j < len(nodes) && nodes[j].Kind != KindRescue && !nodes[j].inTurn(); j++ {
			if nodes[j].hasWorkers() {
				n.RunsIn = j
				break
			}
		}
		if n.Kind == KindRescue {
			before = -1
			if n.RunsIn < i {
				n.RunsIn = -1
			}
		}
	}
}

// steps are the names of the goroutines that run inline steps alone, in the
// order of the chain. One ends where a Rescue begins.
func (p Plan) steps() []string {
	var names []string
	for i, n := range p.Nodes {
		switch {
		case n.RunsIn >= 0:
		case i > 0 && p.Nodes[i-1].RunsIn < 0 && n.Kind != KindRescue:
			names[len(names)-1] += ", " + n.Name
		default:
			names = append(names, n.Name)
		}
	}
	return names
}
