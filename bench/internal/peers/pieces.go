package peers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	// pieceSize fits in the cache of a core.
	pieceSize = 256 << 10
	// longestLine is how long a line may be: so much is read twice.
	longestLine = 4 << 10
)

// Pieces has each worker read pieces of a file and calls f with the lines that
// begin in one: whole, with a newline behind each, which the file must have at
// its end. Calls are in no order; those of one worker are one after another.
// It is what one writes by hand for a large file.
func Pieces(path string, workers int, f func(worker int, lines []byte)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	var next atomic.Int64
	var group errgroup.Group
	for worker := range workers {
		group.Go(func() error {
			// The byte before a piece tells whether its first line begins in it.
			block := make([]byte, 1+pieceSize+longestLine)
			for {
				at := next.Add(pieceSize) - pieceSize
				lines, err := piece(file, at, block)
				if err != nil || lines == nil {
					return err
				}
				f(worker, lines)
			}
		})
	}
	return group.Wait()
}

// piece returns the lines that begin at an offset or up to a piece's size
// behind it; nil behind the end of the file.
func piece(file *os.File, at int64, block []byte) ([]byte, error) {
	before := int64(1)
	if at == 0 {
		before = 0
	}
	n, err := file.ReadAt(block[:before+pieceSize+longestLine], at-before)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if int64(n) <= before {
		return nil, nil
	}
	lines := block[:n]
	start := 0
	if before > 0 {
		start = bytes.IndexByte(lines, '\n') + 1
	}
	end := len(lines)
	if last := int(before) + pieceSize - 1; last < len(lines) {
		newline := bytes.IndexByte(lines[last:], '\n')
		if newline < 0 {
			return nil, fmt.Errorf("%s: a line is longer than %d bytes", file.Name(), longestLine)
		}
		end = last + newline + 1
	}
	return lines[min(start, end):end], nil
}
