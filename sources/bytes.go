package sources

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/vimap-go/vimap"
)

// Bytes lends the lines of the files at paths to the functions of the steps
// that make items of them, or add them up: nothing is allocated for a line. The
// path "-", and no path at all, means standard input.
//
//	total, err := sources.Bytes("sizes.txt").
//		Try(func(line []byte) (int, error) { return parse(line) }).
//		To(ctx, sinks.Aggregate(zero, add, sum))
//
//	words, err := sources.Bytes("text.txt").Aggregate(ctx, newCounts, count, merge)
//
// A line is valid only while the function runs that was given it. [vimap.Borrowed]
// says what that means, and in which chains the workers read the files
// themselves, at several places at once, unless they are packed: up to
// [vimap.Borrowed.Aggregate], and those of inline steps up to
// [vimap.Run.Aggregate], which sinks.Aggregate is. Then a regular file is read
// as far as it goes when it is opened, and a file may be opened before the one
// before it is done with.
//
// What a line is, and the errors, are as in [Lines]. Where several workers read
// at once, not ordered, lines behind the place of an error may have been read.
func Bytes(paths ...string) vimap.Borrowed {
	return Text{}.Bytes(paths...)
}

// Bytes is [Bytes] with the options of t. It panics if MaxLength or MaxUnpacked
// is negative.
func (t Text) Bytes(paths ...string) vimap.Borrowed {
	t.check("Bytes")
	return vimap.Lend(lender(t, inputs(paths), bytes.Clone))
}

// lender lends the lines of the files at paths; own gives text memory of its own.
func lender[Line []byte | string](t Text, paths []string, own func([]byte) Line) vimap.Lender[Line] {
	return vimap.Lender[Line]{
		Lines: func(ctx context.Context, out *vimap.Emitter[Line]) error {
			c := cutter[Line]{out: out, text: t, own: own}
			out.Total(size(paths), "bytes")
			return c.files(ctx, paths)
		},
		Blocks: func(ctx context.Context, out *vimap.BlockEmitter) error {
			b := blocks{out: out, text: t}
			out.Total(size(paths), "bytes")
			for _, path := range paths {
				if err := b.file(ctx, path); err != nil || b.stopped {
					return err
				}
			}
			return nil
		},
		MaxLength: t.MaxLength, TooLong: ErrLineTooLong,
	}
}

// blocks hands out files in blocks.
type blocks struct {
	out     *vimap.BlockEmitter
	text    Text
	stopped bool
	mu      sync.Mutex
	free    [][]byte // buffers that nobody uses
}

func (b *blocks) file(ctx context.Context, path string) error {
	if path == "-" {
		return b.stream(ctx, os.Stdin, "stdin")
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Mode()&fs.ModeType == 0 && info.Size() > 0 && !b.packed(file) {
		b.ranges(file, path, info.Size())
		return nil
	}
	defer func() { _ = file.Close() }() // nothing was written
	return b.stream(ctx, file, path)
}

// packed says whether file is to be unpacked, and so must be read in one go.
func (b *blocks) packed(file *os.File) bool {
	if b.text.Raw {
		return false
	}
	head := make([]byte, headRead)
	n, _ := file.ReadAt(head, 0) // an error comes again where the file is read
	f, _ := recognise(head[:n])
	return f != nil
}

// ranges hands out a regular file, which the workers read.
func (b *blocks) ranges(file *os.File, name string, size int64) {
	var users atomic.Int64
	users.Store(1)
	done := func(read int64) {
		b.out.Advance(read)
		if users.Add(-1) == 0 {
			_ = file.Close() // nothing was written
		}
	}
	defer done(0)
	named := func(n int64) string { return place(name, n) }
	for from := int64(0); from < size && !b.stopped; from += fullRead {
		users.Add(1)
		to := min(from+fullRead, size)
		b.stopped = !b.out.One(vimap.Block{Text: file, From: from, To: to, Place: named, Done: func() { done(to - from) }})
	}
}

// stream hands out what is read of r, as soon as it is.
func (b *blocks) stream(ctx context.Context, r io.Reader, name string) error {
	r, done := b.text.open(ctx, r, b.out.Advance)
	defer done()
	s := stream{blocks: b, name: name, buf: make([]byte, firstRead)}
	for empty := 0; ; {
		room := s.buf[s.pending:]
		n, err := r.Read(room)
		s.take(n)
		switch {
		case b.stopped:
			return nil
		case b.text.MaxLength > 0 && s.pending > b.text.MaxLength+1:
			s.last() // it will be refused
			return nil
		case err == io.EOF:
			s.last()
			return nil
		case err != nil && ctx.Err() != nil:
			b.stopped = true // the error is how the read was interrupted
			return nil
		case err != nil:
			return s.failed(err)
		case n > 0:
			empty = 0
		default:
			empty++
			if empty == emptyRead {
				return s.failed(io.ErrNoProgress)
			}
		}
		if n == len(room) && len(s.buf) < fullRead || s.pending == len(s.buf) {
			s.buf = append(make([]byte, 0, 2*len(s.buf)), s.buf[:s.pending]...)[:2*len(s.buf)]
		}
	}
}

// A stream is a text that is read from its beginning to its end.
type stream struct {
	*blocks
	name    string
	from    int64  // where buf begins
	lines   int64  // before buf
	buf     []byte // buf[:pending] is the beginning of a line
	pending int
}

// take hands on the lines that n more bytes brought to their end.
func (s *stream) take(n int) {
	read := s.pending + n
	last := bytes.LastIndexByte(s.buf[s.pending:read], '\n')
	if last < 0 {
		s.pending = read
		return
	}
	whole := s.pending + last + 1
	next := s.buffer(read - whole)
	s.pending = copy(next, s.buf[whole:read])
	s.hand(s.buf[:whole])
	s.buf = next
}

// last hands on a line that does not end.
func (s *stream) last() {
	if s.pending > 0 {
		s.hand(s.buf[:s.pending:s.pending])
	}
}

// hand hands on text that is whole lines.
func (s *stream) hand(text []byte) {
	done := func() {}
	if buf := s.buf; len(buf) <= fullRead {
		done = func() { s.giveBack(buf) }
	}
	name := s.name
	for len(text) > 0 && !s.stopped {
		n := len(text)
		if n > fullRead { // with a line that is longer than most blocks; its buffer is not used again
			n = bytes.LastIndexByte(text[:fullRead], '\n') + 1
			if n == 0 {
				n = fullRead + bytes.IndexByte(text[fullRead:], '\n') + 1
			}
			if n == fullRead {
				n = len(text)
			}
		}
		begins := int64(min(n, fullRead))
		s.stopped = !s.out.One(vimap.Block{
			Whole: text[:n], From: s.from, To: s.from + begins, Done: done,
			Place: func(n int64) string { return place(name, n) },
		})
		s.lines += int64(bytes.Count(text[:n], []byte{'\n'}))
		s.from += int64(n)
		text = text[n:]
	}
}

func (s *stream) failed(err error) error { return fmt.Errorf("%s: %w", place(s.name, s.lines), err) }

// buffer returns one with room for more than so many bytes.
func (s *stream) buffer(pending int) []byte {
	size := min(len(s.buf), fullRead)
	for size <= pending {
		size *= 2
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := len(s.free); n > 0; n = len(s.free) {
		buf := s.free[n-1]
		s.free = s.free[:n-1]
		if len(buf) >= size { // a smaller one was for the beginning
			return buf
		}
	}
	return make([]byte, size)
}

func (s *stream) giveBack(buf []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, buf)
}
