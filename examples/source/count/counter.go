package count

import (
	"bytes"
	"context"
	"os"
)

// File is what a Counter found in one file.
type File struct {
	Lines   int64 // newline characters
	Longest Line
}

// Line is a line of a file. Its length is in bytes, without the line end.
type Line struct {
	Path   string
	Number int64 // from 1
	Length int
}

// exceeds says which of two lines is reported, whatever order they come in.
func (l Line) exceeds(other Line) bool {
	if l.Length != other.Length {
		return l.Length > other.Length
	}
	return other.Path == "" || l.Path < other.Path
}

// Counter counts file after file. It is what a worker opens: a buffer for the
// file in hand, and identifiers that have not been added to the totals yet.
type Counter struct {
	totals *Totals
	file   *bytes.Buffer
	names  names
}

// enough is how many identifiers a counter remembers before it adds them to the
// totals: few enough for the processor's cache, and so many that it is rare.
const enough = 1 << 14

// NewCounter returns a counter that adds to totals.
func NewCounter(totals *Totals) *Counter {
	return &Counter{totals: totals, file: new(bytes.Buffer)}
}

// File counts one file. The file is in memory while it is counted.
func (c *Counter) File(_ context.Context, path string) (File, error) {
	if err := c.read(path); err != nil {
		return File{}, err
	}
	for name := range identifiers(c.file.Bytes()) {
		c.names.count(name)
	}
	if len(c.names.list) > enough {
		c.totals.tryTake(&c.names)
	}
	return lines(path, c.file.Bytes()), nil
}

// Close adds what is left to the totals.
func (c *Counter) Close() error {
	c.totals.take(&c.names)
	return nil
}

func (c *Counter) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if need := int(info.Size()) + bytes.MinRead; c.file.Cap() < need {
		c.file = bytes.NewBuffer(make([]byte, 0, need)) // ReadFrom alone would double
	}
	c.file.Reset()
	_, err = c.file.ReadFrom(file)
	return err
}

func lines(path string, src []byte) File {
	found := File{Longest: Line{Path: path}}
	for number := int64(1); len(src) > 0; number++ {
		line, rest, ended := bytes.Cut(src, []byte{'\n'})
		if ended {
			found.Lines++
		}
		src = rest
		if length := len(bytes.TrimSuffix(line, []byte{'\r'})); length > found.Longest.Length {
			found.Longest.Number, found.Longest.Length = number, length
		}
	}
	return found
}
