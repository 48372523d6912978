package sources

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/vimap-go/vimap"
)

// A feed is the text that a parser reads, and where it puts the items that it
// makes of it. They are handed over together, and before more is read: none is
// held back.
type feed[T any] struct {
	out   *vimap.Emitter[T]
	in    *bufio.Reader
	items []T
	about func(items []T) // is told of items before they are handed over; may be nil

	most    int   // bytes that an item may have; 0: any number
	slack   int   // bytes that the parser may have read beside them
	read    int64 // bytes given to the parser
	whole   int64 // of which those before here are done with
	err     error // of the text, also its end
	stopped bool  // the run wants no more items
}

func newFeed[T any](out *vimap.Emitter[T], text io.Reader, most int) *feed[T] {
	return &feed[T]{out: out, in: bufio.NewReaderSize(text, feedRead), most: most}
}

const feedRead = 64 << 10

func (f *feed[T]) add(item T) {
	f.items = append(f.items, item)
	if len(f.items) == together {
		f.flush()
	}
}

func (f *feed[T]) flush() {
	if len(f.items) > 0 && !f.stopped {
		if f.about != nil {
			f.about(f.items)
		}
		f.stopped = !f.out.Many(f.items)
	}
	clear(f.items) // what was delivered is released while the source waits for more
	f.items = f.items[:0]
}

// Read gives text to the parser.
func (f *feed[T]) Read(p []byte) (n int, err error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.most > 0 && f.read-f.whole > int64(f.most+f.slack) {
		f.err = f.refusal()
		return 0, f.err
	}
	if f.in.Buffered() == 0 {
		f.flush()
	}
	if f.stopped {
		f.err = io.ErrClosedPipe // nobody sees it
		return 0, f.err
	}
	for range emptyRead {
		if n, err = f.in.Read(p); n > 0 || err != nil {
			f.read += int64(n)
			f.err = err
			return n, err
		}
	}
	f.err = io.ErrNoProgress
	return 0, f.err
}

func (f *feed[T]) refusal() error {
	return fmt.Errorf("%w: more than %d bytes", ErrLineTooLong, f.most)
}

// failed says whether it is the text that ended a parser, and not what it says.
func (f *feed[T]) failed() bool {
	return f.err != nil && f.err != io.EOF //nolint:errorlint // an error that wraps it is no end
}

// end hands over the last items, and says what a visit wants to know; err is
// what the parser ended with.
func (f *feed[T]) end(ctx context.Context, err error) (enough bool, failure error) {
	f.flush()
	if f.stopped || err != nil && ctx.Err() != nil {
		return true, nil //nolint:nilerr // the error is how the read was interrupted, and nobody reads it
	}
	return false, err
}
