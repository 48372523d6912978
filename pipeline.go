package vimap

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/vimap-go/vimap/internal/engine"
)

// Pipeline describes a chain: a source, and the steps and stages behind it.
// In is what the source produces, Out what the last step makes of it. It is an
// immutable value: its methods return copies, building one starts and opens
// nothing, and it may be run any number of times, also at once. The zero
// Pipeline has no source and can't be run.
type Pipeline[In, Out any] struct {
	compile func(*plan[In]) *engine.Flow[Out]
	bare    func(context.Context, *Emitter[Out]) error // the source itself, if nothing is behind it
	letters func(iter.Seq[DeadLetter[In]]) error
	nodes   []PlanNode // its parts; never changed
	settings
}

// settings are what a chain was told that holds for the whole of it.
type settings struct {
	ordered    bool
	keyed      bool // a stage takes its inputs in source order
	rescues    bool // a step needs the items before the end
	inFlight   int
	chunks     int // steps that hold an item back
	tolerance  tolerance
	showInputs bool
	hooks      *Hooks // of all stages
}

// plan is what the parts of a chain leave for each other while it is compiled.
// Root is what the source produced.
type plan[Root any] struct {
	run     *engine.Run
	origins *engine.Store[Root]
	ordered bool
	decoded bool // a Decode follows: it makes the items
	nodes   []PlanNode
}

// name is what the part of the chain that is compiled now is called.
func (p *plan[Root]) name() string { return p.nodes[p.run.Node()].Name }

// most is the largest look-ahead that may be set.
const most = 1 << 24

// From starts a chain with the items of a sequence. items is called once in
// each run, in a goroutine of its own, with a context that ends when the run
// does or is stopped; it is ranged over one item at a time and only as far as
// there is room. The first error ends the source, and the run when the items
// before it are delivered, as a [SourceError].
func From[T any](items func(context.Context) iter.Seq2[T, error]) Pipeline[T, T] {
	notNil(items == nil, "From", "items")
	return Emit(func(ctx context.Context, out *Emitter[T]) error {
		for item, err := range items(ctx) {
			if err != nil {
				return err
			}
			if !out.One(item) {
				return nil
			}
		}
		return nil
	})
}

// sourceNodes are the parts of a chain that is only a source. Like those of any
// chain they are never changed.
var sourceNodes = []PlanNode{{Kind: KindSource, Name: "source"}}

// Emit starts a chain with a function that hands out its items itself: the form
// for sources that have many items at a time, or know their places. source is
// called once in each run, in a goroutine of its own, and uses out there alone.
// It returns nil at its end, or when out says so; an error ends the run when
// the items before it are delivered, as a [SourceError].
func Emit[T any](source func(ctx context.Context, out *Emitter[T]) error) Pipeline[T, T] {
	notNil(source == nil, "Emit", "source")
	return Pipeline[T, T]{
		bare:  source,
		nodes: sourceNodes,
		compile: func(p *plan[T]) *engine.Flow[T] {
			f, origins := engine.Source(p.run, func(ctx context.Context, out *engine.Emitter[T]) error {
				return source(ctx, &Emitter[T]{out: out})
			}, !p.decoded)
			p.origins = origins
			return f
		},
	}
}

// Decode makes a conversion part of the source: what decode returns is the
// item of the run, which Zip and Results give back. decode runs inline, in the
// workers of the stage that follows, and may be called from several goroutines;
// its error fails the item, with the raw value as [ItemError.Input].
func Decode[In, Raw, T any](raw Pipeline[In, Raw], decode func(Raw) (T, error)) Pipeline[T, T] {
	notNil(decode == nil, "Decode", "decode")
	if raw.letters != nil {
		panic("vimap: Decode: DeadLetters must come after it, for it makes the items")
	}
	node := len(raw.nodes)
	return Pipeline[T, T]{
		settings: raw.settings,
		nodes:    append(slices.Clip(raw.nodes), PlanNode{Kind: KindDecode, Name: "decode"}),
		compile: func(p *plan[T]) *engine.Flow[T] {
			under := &plan[In]{run: p.run, ordered: p.ordered, decoded: !raw.rescues, nodes: p.nodes}
			up := engine.At(raw.compile(under), node)
			decoded := engine.Try(up, p.name(), decode)
			if p.decoded {
				return decoded
			}
			f, origins := engine.Originate(decoded)
			p.origins = origins
			return f
		},
	}
}

// Map adds an inline step that can't fail. f may be called from several
// goroutines at once.
func (p Pipeline[In, Out]) Map[Next any](f func(Out) Next) Pipeline[In, Next] {
	notNil(f == nil, "Map", "f")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Next] {
		return engine.Map(up, pl.name(), f)
	}, PlanNode{Kind: KindMap, Name: "map"})
}

// Try adds an inline step that may fail; its error fails the item. f may be
// called from several goroutines at once.
func (p Pipeline[In, Out]) Try[Next any](f func(Out) (Next, error)) Pipeline[In, Next] {
	notNil(f == nil, "Try", "f")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Next] {
		return engine.Try(up, pl.name(), f)
	}, PlanNode{Kind: KindTry, Name: "try"})
}

// Filter adds an inline step that drops the items for which keep is false;
// [Stats] counts them. keep may be called from several goroutines at once.
func (p Pipeline[In, Out]) Filter(keep func(Out) bool) Pipeline[In, Out] {
	notNil(keep == nil, "Filter", "keep")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		return engine.Filter(up, pl.name(), keep)
	}, PlanNode{Kind: KindFilter, Name: "filter"})
}

// FlatMap adds a step that makes any number of outputs of each item: none,
// which counts as filtered, or more, also without end. Each has the item as
// its input. f and what it returns run in one goroutine of the step's own, one
// item after another, in source order if the run is [Pipeline.Ordered] or a
// stage has keys, and only as far as there is room. An item is in flight until all that was made of
// it is delivered.
func (p Pipeline[In, Out]) FlatMap[Next any](f func(Out) iter.Seq[Next]) Pipeline[In, Next] {
	notNil(f == nil, "FlatMap", "f")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Next] {
		next, origins := engine.FlatMap(up, pl.origins, pl.name(), f, pl.ordered)
		pl.origins = origins
		return next
	}, PlanNode{Kind: KindFlatMap, Name: "flatmap", Workers: 1})
}

// Via adds a stage: its workers take the items from here through a bounded
// channel. Inline steps before it run in its workers.
func (p Pipeline[In, Out]) Via[Next any](s Stage[Out, Next]) Pipeline[In, Next] {
	notNil(s.attach == nil, "Via", "stage")
	notNil(p.compile == nil, "Pipeline", "the source")
	p.keyed = p.keyed || s.options.keyed
	compile, first := p.compile, len(p.nodes)
	return Pipeline[In, Next]{
		settings: p.settings, letters: p.letters,
		nodes: s.planBehind(slices.Clip(p.nodes)),
		compile: func(pl *plan[In]) *engine.Flow[Next] {
			return s.attach(s.options, s.key, engine.At(compile(pl), first))
		},
	}
}

// Ordered has the run deliver what a plain loop over the source would, in its
// order, failures in their places. Workers go on behind a slow item as far as
// the look-ahead allows.
func (p Pipeline[In, Out]) Ordered() Pipeline[In, Out] {
	p.ordered, p.bare = true, nil
	return p
}

// InFlight sets a hard bound: no more than n items are read and not yet
// delivered, from 1 to 16,777,216. A worker more than n can't be busy. With a
// [Pipeline.Chunk] in the chain it must be at least 2, with each further one 1
// more.
//
// Without it the bound follows the work: it is what the run delivers in about
// 4 ms, but at least two items for each worker (of a [Bulk] stage two batches),
// four times as much if it is ordered, and at most 4,096, or 16,384 items of
// which 4,096 leave in 0.2 ms again and again, unless the workers want more.
func (p Pipeline[In, Out]) InFlight(n int) Pipeline[In, Out] {
	if n < 1 || n > most {
		panic(fmt.Sprintf("vimap: InFlight: n must be from 1 to %d, got %d", most, n))
	}
	p.inFlight, p.bare = n, nil
	p.checkChunks("InFlight")
	return p
}

// Start returns a run that begins when it is ranged over, see [Run].
func (p Pipeline[In, Out]) Start(ctx context.Context) *Run[In, Out] {
	notNil(p.compile == nil, "Start", "the source")
	notNil(ctx == nil, "Start", "ctx")
	return newRun(ctx, p)
}

// To runs the chain to its end and returns what the sink makes of it. A nil
// error means that every item that was read was delivered, filtered, tolerated
// or given to the sink as failed, unless the sink left its loop before the end,
// and that the source was read to its end, unless the run was stopped. The sink
// runs in a goroutine of its own; a panic in it is returned as a [PanicError].
// When To returns, nothing of the run is left.
func (p Pipeline[In, Out]) To[R any](ctx context.Context, sink func(*Run[In, Out]) (R, error)) (R, error) {
	notNil(sink == nil, "To", "sink")
	notNil(ctx == nil, "To", "ctx")
	run := p.Start(ctx)
	return toSink(run, sink)
}

// then adds to a chain what its compiled form gets behind it, which the plan
// describes by nodes.
func then[In, Out, Next any](p Pipeline[In, Out], add func(*plan[In], *engine.Flow[Out]) *engine.Flow[Next], nodes ...PlanNode) Pipeline[In, Next] {
	notNil(p.compile == nil, "Pipeline", "the source")
	if nodes == nil {
		nodes = []PlanNode{{Kind: KindStep, Name: "step"}}
	}
	first := len(p.nodes)
	return Pipeline[In, Next]{
		settings: p.settings, letters: p.letters,
		nodes:   append(slices.Clip(p.nodes), nodes...),
		compile: func(pl *plan[In]) *engine.Flow[Next] { return add(pl, engine.At(p.compile(pl), first)) },
	}
}

// notNil panics for a mistake in the caller's source.
func notNil(isNil bool, where, what string) {
	if isNil {
		panic(fmt.Sprintf("vimap: %s: %s must not be nil", where, what))
	}
}
