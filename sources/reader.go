package sources

import (
	"context"
	"io"

	"github.com/vimap-go/vimap"
)

// Reader yields the lines of r, unpacked, cut and passed on as by [Lines]: the
// body of a response, a connection, what a decompressor of another format puts
// out.
//
//	lines := sources.Reader(response.Body)
//
// The run reads r from a single goroutine, up to 260 KB beyond the last line
// delivered (of an archive, 64 KB beyond what was unpacked for it). It does not close r: who opened it does, after the run. A second
// run goes on where the first one stopped reading, which of an archive is no use,
// and no two runs may read at once.
//
// Places and errors of reading call r by its Name method if it has one, as
// files do, and otherwise "reader": "reader:17: unexpected EOF".
//
// If r has a SetReadDeadline method, it is used to interrupt a read when the
// run ends early, and the deadline is taken away again after that.
//
// Reader panics if r is nil.
func Reader(r io.Reader) vimap.Pipeline[string, string] {
	return Text{}.Reader(r)
}

// Reader is [Reader] with the options of t. It panics if r is nil, or MaxLength or
// MaxUnpacked negative.
func (t Text) Reader(r io.Reader) vimap.Pipeline[string, string] {
	t.check("Reader")
	if r == nil {
		panic("sources: Reader: r must not be nil")
	}
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		name := "reader"
		if named, ok := r.(interface{ Name() string }); ok && named.Name() != "" {
			name = named.Name()
		}
		c := cutter[string]{out: out, text: t, own: owned}
		return c.cut(ctx, r, name)
	}).Named("reader")
}
