package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
)

// target is where a sink writes: the file at path, or a writer.
type target struct {
	sink   string // the constructor's name, for errors
	path   string
	writer io.Writer
	frame  *frame // nil for lines
}

// A frame is what stands around values that are no lines.
type frame struct {
	head, tail  string       // of all
	first, next string       // before the first value and the others
	elements    bool         // values are counted from 0, and not in lines
	line        func() int64 // in which the value in hand begins, from 1
}

// framed returns t for values in a frame.
func (t target) framed(f *frame) target {
	t.frame = f
	return t
}

func toPath(sink, path string) target {
	switch path {
	case "":
		panic("sinks: " + sink + ": path must not be empty")
	case "-":
		return target{sink: sink, writer: os.Stdout}
	}
	return target{sink: sink, path: path}
}

func toWriter(sink string, w io.Writer) target {
	if w == nil {
		panic("sinks: " + sink + ": w must not be nil")
	}
	return target{sink: sink, writer: w}
}

// blockSize is how many bytes of lines are written at once.
const blockSize = 64 << 10

// write writes each value, as a line if there is no frame, and returns how many.
// failure is the run's error, asked for once values has ended.
func (t target) write[T any](values iter.Seq[T], failure func() error, encode func(*bytes.Buffer, *T) error) (written int64, err error) {
	out, err := t.open()
	if err != nil {
		return 0, t.failed(err)
	}
	// Deferred for a panic in the run or in a method of a value.
	defer func() {
		if discardErr := out.discard(); discardErr != nil {
			err = errors.Join(err, t.failed(discardErr))
		}
	}()
	written, err = t.fill(out, values, encode)
	if err == nil {
		err = failure()
	}
	if err == nil {
		err = t.failed(out.keep())
	}
	return written, err
}

// fill writes until values ends, and whole values only.
func (t target) fill[T any](out io.Writer, values iter.Seq[T], encode func(*bytes.Buffer, *T) error) (written int64, err error) {
	f := t.frame
	if f == nil {
		f = &frame{}
	}
	var block bytes.Buffer
	whole, writable := 0, true // bytes of block that are whole values
	// Deferred for a panic, too: what is written closes the frame.
	defer func() {
		if !writable {
			return
		}
		block.Truncate(whole)
		block.WriteString(f.tail)
		if _, writeErr := block.WriteTo(out); writeErr != nil {
			err = errors.Join(err, t.failed(writeErr))
		}
	}()
	block.WriteString(f.head)
	whole = block.Len()
	between := f.first
	var value T // one for all: its address is passed on, which would allocate each
	for value = range values {
		block.WriteString(between)
		if err := encode(&block, &value); err != nil {
			return written, fmt.Errorf("sinks: %s: %s: %w", t.sink, t.place(written), err)
		}
		if t.frame == nil {
			block.WriteByte('\n')
		}
		written++
		whole, between = block.Len(), f.next
		if whole < blockSize {
			continue
		}
		whole, writable = 0, false
		if _, err := block.WriteTo(out); err != nil {
			return written, t.failed(err)
		}
		writable = true
	}
	return written, nil
}

// place names the n-th value, from 0.
func (t target) place(n int64) string {
	line := n + 1
	if t.frame != nil && t.frame.line != nil {
		line = t.frame.line()
	}
	switch elements := t.frame != nil && t.frame.elements; {
	case elements && t.path == "":
		return fmt.Sprintf("element %d", n)
	case elements:
		return fmt.Sprintf("%s[%d]", t.path, n)
	case t.path == "":
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("%s:%d", t.path, line)
}

// failed names the sink, and the path its user knows where the error names the
// temporary file.
func (t target) failed(err error) error {
	if err == nil {
		return nil
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok && t.path != "" {
		err = &fs.PathError{Op: pathErr.Op, Path: t.path, Err: pathErr.Err}
	}
	if linkErr, ok := errors.AsType[*os.LinkError](err); ok && t.path != "" {
		err = &fs.PathError{Op: linkErr.Op, Path: t.path, Err: linkErr.Err}
	}
	return fmt.Errorf("sinks: %s: %w", t.sink, err)
}

// output is an open target. One of keep and discard ends it; discard after
// keep does nothing.
type output interface {
	io.Writer
	keep() error
	discard() error
}

func (t target) open() (output, error) {
	if t.writer != nil {
		return callers{t.writer}, nil
	}
	f, err := create(t.path)
	if err != nil {
		return nil, err
	}
	return pack(f, t.path)
}

// callers is a writer that belongs to the caller.
type callers struct{ io.Writer }

func (callers) keep() error    { return nil }
func (callers) discard() error { return nil }
