package sources

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

const archiveRead = 64 << 10 // bytes of an archive that are read at a time

// A format is a way to pack text.
type format struct {
	name  string
	magic []string // an archive begins with one of them; '?' stands for one byte of class
	class string
	open  func(in *bufio.Reader, ahead bool) (io.Reader, func(), error)
}

var formats = []*format{
	{name: "gzip", magic: []string{"\x1f\x8b\x08"}, open: openGzip},
	{name: "zstd", magic: []string{"\x28\xb5\x2f\xfd", "?\x2a\x4d\x18"}, class: "PQRSTUVWXYZ[\\]^_", open: openZstd},
	{name: "bzip2", magic: []string{"BZh?\x31\x41\x59\x26\x53\x59", "BZh?\x17\x72\x45\x38\x50\x90"}, class: "123456789", open: openBzip2},
	{name: "xz", magic: []string{"\xfd7zXZ\x00"}, open: openXz},
}

// recognise says which format it is that begins with head; nil for text. It is
// not sure where more bytes could make an archive of it.
func recognise(head []byte) (f *format, sure bool) {
	sure = len(head) > 0
	for _, f := range formats {
		for _, magic := range f.magic {
			n := min(len(head), len(magic))
			if !f.matches(head[:n], magic[:n]) {
				continue
			}
			if n == len(magic) {
				return f, true
			}
			sure = false
		}
	}
	return nil, sure
}

func (f *format) matches(head []byte, magic string) bool {
	for i, b := range head {
		if magic[i] != b && (magic[i] != '?' || strings.IndexByte(f.class, b) < 0) {
			return false
		}
	}
	return true
}

// look reads the beginning of r into buf, as much of it as it takes to see
// which format it has. No magic has a newline in it, so a line of text is not
// held back. n and err are as of a Read.
func look(r io.Reader, buf []byte) (n int, f *format, err error) {
	for range emptyRead {
		var more int
		more, err = r.Read(buf[n:])
		n += more
		f, sure := recognise(buf[:n])
		if sure || err != nil {
			return n, f, err
		}
	}
	return n, nil, nil // the next reader will see how little progress there is
}

// unpack returns the text of an archive that was looked at: head and err are
// what look returned. The text must be closed before r is.
func (t Text) unpack(ctx context.Context, f *format, r io.Reader, head []byte, err error) *unpacked {
	return &unpacked{
		format:  f,
		archive: bufio.NewReaderSize(&begun{ctx: ctx, head: bytes.Clone(head), err: err, rest: r}, archiveRead),
		ahead:   regular(r),
		most:    t.MaxUnpacked,
	}
}

// open returns the text of r for a parser, unpacked if need be. done is to be
// called before r is closed. advance is told how many bytes of r were read.
func (t Text) open(ctx context.Context, r io.Reader, advance func(n int64)) (text io.Reader, done func()) {
	interrupted := interrupt(ctx, r)
	r = counted{r, advance}
	if t.Raw {
		return r, interrupted
	}
	head := make([]byte, headRead)
	n, packed, err := look(r, head)
	if packed == nil {
		return &begun{ctx: ctx, head: head[:n], err: err, rest: r}, interrupted
	}
	unpacked := t.unpack(ctx, packed, r, head[:n], err)
	return unpacked, func() {
		unpacked.Close()
		interrupted()
	}
}

const headRead = 512

// regular says whether r is a regular file: reading ahead of what is wanted
// waits for nobody there.
func regular(r io.Reader) bool {
	if c, ok := r.(counted); ok {
		r = c.Reader
	}
	file, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode().IsRegular()
}

// A begun stream is what was read of it already, and the rest.
type begun struct {
	ctx  context.Context // a decoder may read for long without putting anything out
	head []byte
	err  error // came with head
	rest io.Reader
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	return b.rest.Read(p)
}

// unpacked is the text of an archive.
type unpacked struct {
	format  *format
	archive *bufio.Reader
	ahead   bool
	most    int64 // MaxUnpacked

	text io.Reader // nil before the first read
	end  func()
	read int64
	err  error
}

func (u *unpacked) Read(p []byte) (n int, err error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err = u.next(p)
	u.read += int64(n)
	switch {
	case u.most > 0 && u.read > u.most:
		n -= int(u.read - u.most)
		u.read = u.most
		err = fmt.Errorf("%w: more than %d bytes", ErrUnpackedTooLarge, u.most)
	case err != nil && err != io.EOF: //nolint:errorlint // an error that wraps it is no end
		err = fmt.Errorf("unpack %s: %w", u.format.name, err)
	}
	u.err = err
	return n, err
}

func (u *unpacked) next(p []byte) (n int, err error) {
	if u.text == nil {
		u.text, u.end, err = u.format.open(u.archive, u.ahead)
		if err == io.EOF { //nolint:errorlint // an error that wraps it is no end
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
	}
	return u.text.Read(p)
}

// Close ends what the decoder has running.
func (u *unpacked) Close() {
	if u.end != nil {
		u.end()
		u.end = nil
	}
}
