package engine

import (
	"bytes"
	"math"
)

// Folder says what becomes of lent lines that the workers add as they are.
type Folder[A any] struct {
	Name  string // of the step, for errors
	Begin func() A
	Add   func(A, []byte) A
	Cells Cells[A]
}

// Into adds a line to cell.
func (f *Folder[A]) Into(cell *Cell[A], line []byte) {
	if !cell.Is {
		cell.Val, cell.Is = f.Begin(), true
	}
	cell.Val = f.Add(cell.Val, line)
}

// Fold ends a chain of lent lines in the workers that cut them: each adds its
// lines to a cell of its own, in no order, and only what has failed comes to the
// outlet, with a copy of the line. Of a serial run the lines come there.
func Fold[A any](f *Flow[[]byte], a *Folder[A]) *Outlet[[]byte] {
	if f.fuse == nil {
		return End(f, false)
	}
	step := &Step{a.Name}
	o := endLines(f, func(w *cutting) Handler[[]byte] {
		cell := a.Cells.New()
		if f.bare {
			w.each = func(w *cutting) bool { return a.each(w, step, cell) }
		}
		return func(x *Exec, line []byte) {
			x.at = step
			a.Into(cell, line)
			w.kept++
		}
	})
	o.blocks.folds = true
	return o
}

// each is eachLine where nothing stands between the lines and the cell.
func (f *Folder[A]) each(w *cutting, step *Step, cell *Cell[A]) bool {
	text, add, most := w.text, f.Add, w.MaxLength
	if most == 0 {
		most = math.MaxInt
	}
	w.x.at = step
	for w.pos < w.till {
		rest := text[w.pos:]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			if !w.last() {
				return false
			}
			text = w.text
			continue
		}
		line := rest[:end:end]
		if end > 0 && line[end-1] == '\r' {
			line = line[: end-1 : end-1]
		}
		if len(line) > most {
			w.refuse()
			return false
		}
		w.pos += end + 1
		w.lines++
		if !cell.Is {
			cell.Val, cell.Is = f.Begin(), true
		}
		cell.Val = add(cell.Val, line)
	}
	return true
}
