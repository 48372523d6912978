package sources

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// largestWindow is how much memory an archive may ask for, before anything has
// come out of it: twice what xz -9 does, and what the zstd command takes.
const largestWindow = 128 << 20

func openGzip(in *bufio.Reader, _ bool) (io.Reader, func(), error) {
	member, err := gzip.NewReader(in)
	if err != nil {
		return nil, nil, err
	}
	member.Multistream(false)
	return &members{in: in, member: member}, nil, nil
}

// members are the members of a gzip archive, one after another. The reader of
// the library could do that too, but would hold back the end of a member until
// it has seen what follows.
type members struct {
	in     *bufio.Reader
	member *gzip.Reader
	ended  bool
}

var errBehind = errors.New("there is something behind the end of the archive")

func (m *members) Read(p []byte) (n int, err error) {
	for n == 0 && len(p) > 0 && err == nil {
		if m.ended {
			if err := m.next(); err != nil {
				return 0, err
			}
			m.ended = false
		}
		n, err = m.member.Read(p)
		if err == io.EOF { //nolint:errorlint // an error that wraps it is no end
			m.ended, err = true, nil
		}
	}
	return n, err
}

// next begins the next member. Zeros at the end fill up a block of a tape.
func (m *members) next() error {
	padded := false
	for {
		b, err := m.in.ReadByte()
		if err != nil {
			return err // also the end
		}
		if b != 0 {
			break
		}
		padded = true
	}
	_ = m.in.UnreadByte() // it was read just now
	if head, err := m.in.Peek(2); padded || string(head) != "\x1f\x8b" {
		if err != nil && err != io.EOF {
			return err
		}
		return errBehind
	}
	if err := m.member.Reset(m.in); err != nil {
		return err
	}
	m.member.Multistream(false)
	return nil
}

func openZstd(in *bufio.Reader, ahead bool) (io.Reader, func(), error) {
	options := []zstd.DOption{zstd.WithDecoderMaxWindow(largestWindow)}
	if !ahead {
		options = append(options, zstd.WithDecoderConcurrency(1))
	}
	decoder, err := zstd.NewReader(in, options...)
	if err != nil {
		return nil, nil, err
	}
	return decoder, decoder.Close, nil
}

func openBzip2(in *bufio.Reader, _ bool) (io.Reader, func(), error) {
	return bzip2.NewReader(in), nil, nil
}

func openXz(in *bufio.Reader, _ bool) (io.Reader, func(), error) {
	decoder, err := xz.NewReader(in, largestWindow)
	return &xzText{decoder}, nil, cutOff(err)
}

// xzText says of an archive that is cut off what the other decoders say.
type xzText struct{ decoder *xz.Reader }

func (x *xzText) Read(p []byte) (int, error) {
	n, err := x.decoder.Read(p)
	return n, cutOff(err)
}

func cutOff(err error) error {
	if errors.Is(err, xz.ErrBuf) {
		return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return err
}
