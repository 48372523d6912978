package sources

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/vimap-go/vimap"
)

const (
	firstRead = 16 << 10  // a short file should not pay for a whole block
	fullRead  = 256 << 10 // larger reads are no faster
	largest   = 1 << 20   // a larger buffer was for one long line and goes after it
	shared    = 4 << 10   // bytes of lines that share a string
	together  = 512       // lines emitted together
	emptyRead = 100       // reads without a byte or an error before giving up, as in bufio
)

// A cutter cuts streams into lines, one stream after another.
type cutter[Line string | []byte] struct {
	out  *vimap.Emitter[Line]
	own  func([]byte) Line // gives text memory of its own
	text Text

	name    string // of the stream
	line    int64  // lines of the stream that were cut
	buf     []byte // buf[:pending] is the beginning of a line
	pending int
	batch   []Line // lines that were cut and are not emitted
	stopped bool   // the run wants no more lines
}

func (c *cutter[Line]) files(ctx context.Context, paths []string) error {
	return visit(paths, func(r io.Reader, name string) (enough bool, err error) {
		err = c.cut(ctx, r, name)
		return c.stopped, err
	})
}

// cut emits the lines of r, unpacked if need be. It returns nil at the end of
// r, and when the run wants no more lines: stopped is true then.
func (c *cutter[Line]) cut(ctx context.Context, r io.Reader, name string) error {
	done := interrupt(ctx, r)
	defer done()
	r = counted{r, c.out.Advance}
	c.out.Places(func(n int64) string { return place(name, n) })
	c.name, c.line, c.pending = name, 0, 0
	c.fit(false)
	if c.text.Raw {
		n, err := r.Read(c.buf)
		return c.read(ctx, r, n, err)
	}
	n, packed, err := look(r, c.buf)
	if packed != nil {
		text := c.text.unpack(ctx, packed, r, c.buf[:n], err)
		defer text.Close()
		r = text
		n, err = r.Read(c.buf)
	}
	return c.read(ctx, r, n, err)
}

// counted tells how many bytes were read.
type counted struct {
	io.Reader
	advance func(n int64)
}

func (c counted) Read(buf []byte) (int, error) {
	n, err := c.Reader.Read(buf)
	c.advance(int64(n))
	return n, err
}

// read emits the lines of r, from which n bytes and err were read into the
// empty buffer.
func (c *cutter[Line]) read(ctx context.Context, r io.Reader, n int, err error) error {
	room, empty := c.buf, 0
	for {
		if failed := c.take(room[:n]); failed != nil || c.stopped {
			return failed
		}
		switch {
		case err == io.EOF:
			return c.rest()
		case err != nil && ctx.Err() != nil:
			c.stopped = true // the error is how the read was interrupted
			return nil       //nolint:nilerr // nobody wants to know
		case err != nil:
			return c.failed(err)
		case n > 0:
			empty = 0
		default:
			empty++
			if empty == emptyRead {
				return c.failed(io.ErrNoProgress)
			}
		}
		c.fit(n == len(room))
		room = c.buf[c.pending:]
		n, err = r.Read(room)
	}
}

// fit makes room in the buffer for the next read; full: the last one had too
// little. Lines of any length are read in linear time, since the buffer
// doubles.
func (c *cutter[Line]) fit(full bool) {
	size := len(c.buf)
	switch {
	case size == 0:
		size = firstRead
	case c.pending == size, full && size < fullRead:
		size *= 2
	case size > largest && c.pending < fullRead:
		size = fullRead
	default:
		return
	}
	buf := make([]byte, size)
	copy(buf, c.buf[:c.pending])
	c.buf = buf
}

// take emits the lines that fresh, which was read behind what is pending,
// brought to their end.
func (c *cutter[Line]) take(fresh []byte) error {
	read := c.pending + len(fresh)
	last := bytes.LastIndexByte(fresh, '\n')
	if last < 0 {
		c.pending = read
	} else {
		whole := c.pending + last + 1
		if err := c.lines(c.buf[:whole]); err != nil || c.stopped {
			return err
		}
		c.pending = copy(c.buf, c.buf[whole:read])
	}
	// One byte more than the limit may be the "\r" of the line's end.
	if start := bytes.TrimSuffix(c.buf[:c.pending], []byte{'\r'}); c.tooLong(len(start)) {
		return c.failed(c.refusal())
	}
	return nil
}

// lines emits block, which ends in a newline.
func (c *cutter[Line]) lines(block []byte) error {
	for len(block) > 0 && !c.stopped {
		n := len(block)
		if n > shared {
			n = bytes.LastIndexByte(block[:shared], '\n') + 1
			if n == 0 {
				n = shared + bytes.IndexByte(block[shared:], '\n') + 1
			}
		}
		cut, text := block[:n], c.own(block[:n])
		block = block[n:]
		for len(cut) > 0 {
			end := bytes.IndexByte(cut, '\n')
			line := text[:end]
			if end > 0 && cut[end-1] == '\r' {
				line = text[:end-1]
			}
			cut, text = cut[end+1:], text[end+1:]
			if c.tooLong(len(line)) {
				c.emit()
				return c.failed(c.refusal())
			}
			c.add(line)
		}
	}
	c.emit()
	return nil
}

// rest emits the last line of a stream that does not end in a newline.
func (c *cutter[Line]) rest() error {
	if c.pending == 0 {
		return nil
	}
	if c.tooLong(c.pending) {
		return c.failed(c.refusal())
	}
	c.add(c.own(c.buf[:c.pending]))
	c.emit()
	return nil
}

func (c *cutter[Line]) add(line Line) {
	if len(line) == 0 {
		line = c.own(nil) // an empty part of a text would keep the whole alive
	}
	c.line++
	c.batch = append(c.batch, line)
	if len(c.batch) == together {
		c.emit()
	}
}

func (c *cutter[Line]) emit() {
	if len(c.batch) > 0 && !c.stopped {
		c.stopped = !c.out.Many(c.batch)
	}
	clear(c.batch) // what was delivered is released while the source waits for more
	c.batch = c.batch[:0]
}

func (c *cutter[Line]) tooLong(length int) bool {
	return c.text.MaxLength > 0 && length > c.text.MaxLength
}

func (c *cutter[Line]) refusal() error {
	return fmt.Errorf("%w: more than %d bytes", ErrLineTooLong, c.text.MaxLength)
}

// failed adds the place of the line in hand to err; nothing of use can be said
// to a run that has stopped.
func (c *cutter[Line]) failed(err error) error {
	if c.stopped {
		return nil
	}
	return fmt.Errorf("%s: %w", place(c.name, c.line), err)
}

func place(name string, n int64) string { return name + ":" + strconv.FormatInt(n+1, 10) }
