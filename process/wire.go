package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// What parent and child say to each other is frames: a header of eight bytes,
// then the payload. An item is answered in the order in which it came, so that
// frames need no number.
const (
	headerSize = 8
	mark       = 0x6d76 // "vm", so that garbage is seen at once
	version    = 1
	// mostPayload is the largest value that travels.
	mostPayload = 1 << 30
)

type frameKind byte

const (
	// From the parent.
	frameOpen  frameKind = iota + 1 // an opening, in CBOR
	frameItem                       // an input
	frameLimit                      // the time limit of the items from here on, 8 bytes of ns
	frameBack                       // the items that are not begun are to be given back
	frameStop                       // the context of what is in hand has ended
	frameClose                      // there is nothing more to do

	// From the child.
	frameHello  // it has come as far as Init: 1 byte, its version
	frameOpened // the worker is open
	frameOut    // an output
	frameFault  // an input failed: a fault, in CBOR
	frameUndone // how many of the newest items are given back, 4 bytes
	frameClosed // the worker is closed: nothing, or a fault, in CBOR
	frameGone   // the worker ended by itself: a fault, in CBOR
	frameEnd    // the first that is none
)

var errGarbage = errors.New("what came is no frame")

// appendHeader appends a header for a payload that is still to come; finish
// sets its size.
func appendHeader(buf []byte, kind frameKind) []byte {
	return append(buf, mark&0xff, mark>>8, byte(kind), 0, 0, 0, 0, 0)
}

// finish sets the size of the payload that begins at.
func finish(buf []byte, at int) {
	binary.LittleEndian.PutUint32(buf[at-4:at], uint32(len(buf)-at))
}

// appendFrame appends a whole frame.
func appendFrame(buf []byte, kind frameKind, payload []byte) []byte {
	buf = appendHeader(buf, kind)
	at := len(buf)
	buf = append(buf, payload...)
	finish(buf, at)
	return buf
}

// emptied is a buffer for further frames; one that a large value has made larger
// is not kept.
func emptied(buf []byte) []byte {
	const most = 4 << 20
	if cap(buf) > most {
		return nil
	}
	return buf[:0]
}

// frames reads frames from a pipe. A read that is broken off by a deadline
// loses nothing: the next goes on where it was.
type frames struct {
	from *os.File
	buf  []byte
	r, w int    // what is in buf
	big  []byte // the payload of a frame that is larger than buf
	got  int    // of big
	kind frameKind
}

// readSize holds a good many small frames, and makes pipes fast.
const readSize = 128 << 10

func newFrames(from *os.File) *frames { return &frames{from: from, buf: make([]byte, readSize)} }

// next returns the next frame if it has come whole. Its payload is valid until
// fill is called, or for good if owned.
func (f *frames) next() (kind frameKind, payload []byte, owned, ok bool, err error) {
	if f.big != nil {
		if f.got < len(f.big) {
			return 0, nil, false, false, nil
		}
		payload, f.big = f.big, nil
		return f.kind, payload, true, true, nil
	}
	have := f.buf[f.r:f.w]
	if len(have) < headerSize {
		if len(have) > 0 && have[0] != mark&0xff || len(have) > 1 && have[1] != mark>>8 {
			return 0, nil, false, false, fmt.Errorf("%w: %.40q", errGarbage, have)
		}
		return 0, nil, false, false, nil
	}
	size := int(binary.LittleEndian.Uint32(have[4:]))
	kind = frameKind(have[2])
	if have[0] != mark&0xff || have[1] != mark>>8 || kind == 0 || kind >= frameEnd || size > mostPayload {
		return 0, nil, false, false, fmt.Errorf("%w: %.40q", errGarbage, have)
	}
	have = have[headerSize:]
	if len(have) >= size {
		f.r += headerSize + size
		return kind, have[:size], false, true, nil
	}
	if size > len(f.buf)/2 {
		f.big, f.kind = make([]byte, size), kind
		f.got = copy(f.big, have)
		f.r, f.w = 0, 0
	}
	return 0, nil, false, false, nil
}

// fill reads more, once.
func (f *frames) fill() error {
	if f.big != nil {
		n, err := f.from.Read(f.big[f.got:])
		f.got += n
		return ended(n, err)
	}
	if f.r == f.w {
		f.r, f.w = 0, 0
	} else if f.r > len(f.buf)/2 || f.w == len(f.buf) {
		f.w = copy(f.buf, f.buf[f.r:f.w])
		f.r = 0
	}
	n, err := f.from.Read(f.buf[f.w:])
	f.w += n
	return ended(n, err)
}

func ended(n int, err error) error {
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}
