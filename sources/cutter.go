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
	page      = 4 << 10      // see fit
	firstRead = 16 << 10     // a short file should not pay for a whole block
	fullRead  = 256 << 10    // larger reads are no faster
	largest   = page + 1<<20 // a larger buffer was for one long line and goes after it
	shared    = 4 << 10      // bytes of lines that share a string
	together  = 512          // lines emitted together
	emptyRead = 100          // reads without a byte or an error before giving up, as in bufio
)

// A cutter cuts streams into lines, one stream after another.
type cutter[Line string | []byte] struct {
	out  *vimap.Emitter[Line]
	own  func([]byte) Line // gives text memory of its own
	text Text

	name    string // of the stream
	line    int64  // lines of the stream that were cut
	buf     []byte // buf[from:to] is the beginning of a line
	from    int
	to      int
	fresh   bool   // it was put there by fit, and no line was cut since
	pos     int64  // bytes of the stream up to there
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
	c.name, c.line, c.from, c.to, c.fresh, c.pos = name, 0, 0, 0, false, 0
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
		if failed := c.take(n); failed != nil || c.stopped {
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
		room = c.buf[c.to:]
		n, err = r.Read(room)
	}
}

// fit makes room in the buffer for the next read; full: the last one had too
// little. It is as far into a page as the stream is then, for a system copies
// several times as fast to where memory is as much aligned as what is copied.
// Lines of any length are read in linear time, since the buffer doubles.
func (c *cutter[Line]) fit(full bool) {
	pending, size := c.to-c.from, len(c.buf)
	start := pending + int((c.pos-int64(pending))&(page-1))
	switch {
	case size == 0:
		size = page + firstRead
	case c.fresh && c.to < size:
		return
	case start >= size, full && size < page+fullRead:
		size = page + 2*(size-page)
	case size > largest && pending < fullRead:
		size = page + fullRead
	}
	buf := c.buf
	if size != len(buf) {
		buf = make([]byte, size)
	}
	copy(buf[start-pending:], c.buf[c.from:c.to])
	c.buf, c.from, c.to, c.fresh = buf, start-pending, start, true
}

// take emits the lines that the next n bytes, which were read behind what is
// pending, brought to their end.
func (c *cutter[Line]) take(n int) error {
	read := c.to + n
	c.pos += int64(n)
	if last := bytes.LastIndexByte(c.buf[c.to:read], '\n'); last >= 0 {
		whole := c.buf[c.from : c.to+last+1]
		c.from, c.fresh = c.to+last+1, false
		if err := c.lines(whole); err != nil || c.stopped {
			return err
		}
	}
	c.to = read
	// One byte more than the limit may be the "\r" of the line's end.
	if start := bytes.TrimSuffix(c.buf[c.from:c.to], []byte{'\r'}); c.tooLong(len(start)) {
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
		if !c.tooLong(len(cut)) { // nor is any line
			c.emit()
			c.line += int64(bytes.Count(cut, []byte{'\n'}))
			c.stopped = c.stopped || !vimap.EmitText(c.out, text)
			continue
		}
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
	pending := c.buf[c.from:c.to]
	if len(pending) == 0 {
		return nil
	}
	if c.tooLong(len(pending)) {
		return c.failed(c.refusal())
	}
	c.add(c.own(pending))
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
