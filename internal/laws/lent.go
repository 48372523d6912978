package laws

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/vimap-go/vimap"
)

// drawLent draws a chain of steps that run where lent lines are cut, if it is
// to end in an aggregate.
func (p *Program) drawLent(d Draws) {
	if p.form != "lent" || d.oneIn(2) {
		return
	}
	p.chain = slices.DeleteFunc(p.chain, func(s *Step) bool { return !s.fuses() && s.kind != "sample" })
	p.inFlight = pick(d, 0, 0, 0, p.inFlight)
}

// fuses says that the step runs where lent lines are cut.
func (s *Step) fuses() bool { return slices.Contains([]string{"map", "try", "filter", "tap"}, s.kind) }

// scattered says that what is read is not the beginning of the source: several
// read at once.
func (p *Program) scattered() bool {
	fused := p.adds && p.inFlight == 0 && !p.has(func(s *Step) bool { return !s.fuses() })
	return p.form == "merge" || p.form == "lent" && fused
}

// lent begins the chain with lines in blocks, of two texts: lent ones, or strings.
func (p *Program) lent() vimap.Pipeline[int, int] {
	if p.n%4 < 2 {
		return p.lentLines().Try(func(line []byte) (int, error) {
			defer p.enter("the decoder")()
			return strconv.Atoi(string(line))
		})
	}
	texts := vimap.Strings(vimap.Lender[string]{Lines: lines(p, func(text []byte) string { return string(text) }), Blocks: p.blocks})
	return vimap.Decode(texts, func(line string) (int, error) {
		defer p.enter("the decoder")()
		return strconv.Atoi(line)
	})
}

// lines hands out the items as lines, one by one.
func lines[Line []byte | string](p *Program, line func([]byte) Line) func(context.Context, *vimap.Emitter[Line]) error {
	return func(ctx context.Context, out *vimap.Emitter[Line]) error {
		out.Places(place)
		for v, err := range p.read(ctx) {
			if err != nil || !out.One(line(strconv.AppendInt(nil, int64(v), 10))) {
				return err
			}
		}
		return nil
	}
}

func (p *Program) blocks(ctx context.Context, out *vimap.BlockEmitter) error {
	defer p.enter("the source")()
	all := p.items(p.all())
	half := len(all) / 3
	if !p.text(all[:half], 0, out) || !p.text(all[half:], half, out) {
		return nil
	}
	switch p.breaks {
	case "":
		return nil
	case "blocks":
		<-ctx.Done()
		return ctx.Err()
	case "error":
		p.faults.Add(1)
		return errSource
	}
	p.faults.Add(1)
	die(p.breaks)
	return nil
}

// text hands out items as lines, in blocks of many sizes.
func (p *Program) text(items []int, before int, out *vimap.BlockEmitter) bool {
	var text []byte
	for _, v := range items {
		text = append(strconv.AppendInt(text, int64(v), 10), '\n')
	}
	if len(items)%2 == 0 {
		text = bytes.TrimSuffix(text, []byte("\n"))
	}
	for from := 0; from < len(text); {
		to := min(len(text), from+1+(from*7919+p.n)%(1+p.n))
		var done atomic.Bool
		b := vimap.Block{
			Text: bytes.NewReader(text), From: int64(from), To: int64(to),
			Place: func(n int64) string { return place(int64(before) + n) },
			Done: func() {
				if done.Swap(true) {
					p.report("quiet: a block is done twice")
				}
			},
		}
		if p.n%2 == 1 {
			if end := bytes.IndexByte(text[to-1:], '\n'); end >= 0 {
				to += end
			} else {
				to = len(text)
			}
			b.Text, b.Whole, b.To = nil, bytes.Clone(text[from:to]), int64(to)
		} else {
			b.Text = &reads{Reader: bytes.NewReader(text), done: &done, p: p}
		}
		if !out.One(b) {
			return false
		}
		from = to
	}
	return true
}

// reads is the text of a block, which must not be read when it is done.
type reads struct {
	*bytes.Reader
	done *atomic.Bool
	p    *Program
}

// ReadAt reads the text.
func (r *reads) ReadAt(to []byte, off int64) (int, error) {
	n, err := r.Reader.ReadAt(to, off)
	if err != nil && err != io.EOF {
		r.p.report("said: a text was read at %d: %v", off, err)
	}
	return n, err
}

// merge begins the chain with two sources, of which each has the items in its
// order.
func (p *Program) merge() vimap.Pipeline[int, int] {
	every := func(first int) func(context.Context) iter.Seq2[int, error] {
		return func(context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				defer p.enter("the source")()
				for i := first; i < p.n; i += 2 {
					if !yield(p.item(i), nil) {
						return
					}
				}
			}
		}
	}
	worked := vimap.From(every(1)).Via(vimap.Func(func(_ context.Context, v int) (int, error) {
		defer p.enter("a stage of the source")()
		return v, nil
	}).Workers(2))
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
		return out.Merge(ctx, vimap.From(every(0)), worked)
	})
}

// forget takes the numbers from outcomes.
func (p *Program) forget(all ...[]outcome) {
	for _, some := range all {
		for i := range some {
			some[i].index = 0
		}
	}
}
