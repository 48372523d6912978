package engine

import (
	"bytes"
	"context"
)

// sharedText is how many bytes of lines share a string at most, but for a longer
// line: what one that is kept keeps alive.
const sharedText = 4 << 10

// Strings is [Lend] for lines that are strings, and may be kept. In order the
// source cuts them: one accumulator sees all.
func Strings(r *Run, lines func(context.Context, *Emitter[string]) error, l Lender, origins bool) (*Flow[string], *Store[string]) {
	f, kept := Source(r, lines, origins)
	if r.lends() && !r.ordered {
		f.fuse = func(mk maker[string]) *lending { return lend(f.seg, &l, owning(mk, kept)) }
	}
	return f, kept
}

// owning makes strings of lines, and has them kept as the items of the run
// unless a Decode makes these.
func owning(mk maker[string], kept *Store[string]) maker[[]byte] {
	return func(x *Exec) Handler[[]byte] {
		w, do := x.pull.(*cutting), mk(x)
		if kept == nil {
			return func(x *Exec, line []byte) { do(x, w.own(line)) }
		}
		origin := kept.At(x.slot)
		return func(x *Exec, line []byte) {
			own := w.own(line)
			*origin, w.in = own, true
			do(x, own)
		}
	}
}

// shared is text that a worker has made a string of.
type shared struct {
	text string
	from int64 // in the text of the part in hand
}

// own returns the line in hand as a string, which it makes together with lines
// that follow.
func (w *cutting) own(line []byte) string {
	if len(line) == 0 {
		return "" // an empty part of a text would keep the whole alive
	}
	at := w.off + int64(w.at) - w.shared.from
	if at < 0 || at+int64(len(line)) > int64(len(w.shared.text)) {
		rest, size := w.text[w.at:], len(line)
		if size < sharedText {
			size = max(size, bytes.LastIndexByte(rest[:min(len(rest), sharedText)], '\n'))
		}
		w.shared = shared{string(rest[:size]), w.off + int64(w.at)}
		at = 0
	}
	return w.shared.text[at : at+int64(len(line))]
}
