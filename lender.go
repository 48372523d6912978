package vimap

import (
	"context"
	"io"

	"github.com/vimap-go/vimap/internal/engine"
)

// Lender is a source of lines of text, for [Lend] or, where Line is a string, for
// [Strings]. A run uses Lines or Blocks. Package sources has one.
type Lender[Line []byte | string] struct {
	// Lines hands out lines one by one, as the function of [Emit] does, or texts
	// by [EmitText]. They must have memory of their own, which is not used again.
	Lines func(ctx context.Context, out *Emitter[Line]) error

	// Blocks hands out blocks, in the order of the text. Its error is the
	// source's.
	Blocks func(ctx context.Context, out *BlockEmitter) error

	MaxLength int   // of a line in a block, without its end; 0: any
	TooLong   error // wrapped by the error of a run that comes to a longer one
}

// Block is a part of a text, given by the lines that begin from From up to To:
// at least one and at most 1,048,575 bytes. A block from 0 begins a text.
type Block struct {
	// Text is read where the block is worked on, at several places at once,
	// as far as its last line goes. It must not change.
	Text io.ReaderAt
	// Whole, in place of a Text, is the text of the block, from From on, where
	// a line begins, to the end of its last line.
	Whole    []byte
	From, To int64
	// Place names the n-th line of the text, from 0. It may be nil.
	Place func(n int64) string
	// Done is called once, from any goroutine, when nothing of the block is used
	// any more; for a Whole not if the run ends before. It must not panic.
	Done func()
}

// BlockEmitter takes the blocks of a [Lender]. It must be used only by the
// goroutine that Blocks was called in, and only until that returns; Advance may
// be called by any, for instance when a block is done with.
type BlockEmitter struct{ out *engine.BlockEmitter }

// One hands over a block. It blocks while there is no room; false means that the
// run has ended or was stopped, and that Blocks is to return.
func (e *BlockEmitter) One(b Block) bool { return e.out.One(engine.Block(b)) }

// Total says how much there is to be read, as [Emitter.Total] does.
func (e *BlockEmitter) Total(n int64, unit string) { e.out.Total(n, unit) }

// Advance says that n more of the Total were read.
func (e *BlockEmitter) Advance(n int64) { e.out.Advance(n) }

// Strings is [Lend] for lines that are strings, which may be kept. In a chain of
// Map, Try, Filter and [Decode] alone, or of no step, that ends in
// [Run.Aggregate], without [Pipeline.Ordered] and [Pipeline.InFlight], they are
// cut by the workers of the run, one for each processor, as [Borrowed] says: the
// steps are called from several goroutines at once. A line that is kept keeps up
// to 4 KB of the text alive, or itself if it is longer. In all other chains the
// items are those of Lines.
func Strings(l Lender[string]) Pipeline[string, string] {
	l.check("Strings")
	p := Emit(l.Lines)
	p.compile = func(p *plan[string]) *engine.Flow[string] {
		f, origins := engine.Strings(p.run, l.lines(), l.lender(), !p.decoded)
		p.origins = origins
		return f
	}
	return p.Named("lines")
}

func (l Lender[Line]) check(function string) {
	notNil(l.Lines == nil, function, "Lines")
	notNil(l.Blocks == nil, function, "Blocks")
}

func (l Lender[Line]) lines() func(context.Context, *engine.Emitter[Line]) error {
	return func(ctx context.Context, out *engine.Emitter[Line]) error {
		return l.Lines(ctx, &Emitter[Line]{out: out})
	}
}

func (l Lender[Line]) lender() engine.Lender {
	return engine.Lender{
		Blocks: func(ctx context.Context, out *engine.BlockEmitter) error {
			return l.Blocks(ctx, &BlockEmitter{out})
		},
		MaxLength: l.MaxLength, TooLong: l.TooLong,
	}
}
