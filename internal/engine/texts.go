package engine

import (
	"slices"
	"strings"
	"unsafe"
)

// text cuts the texts of a ring into lines, where they are taken. A text stands in
// the place of its first line, with State Text; those of the others, Parts, have
// no more than their slots. Of spots the first line alone has its own.
type text[Line []byte | string] struct {
	origins *Store[Line] // nil if Decode makes the items
}

// cuts is a text whose type its ring need not know.
type cuts[T any] interface {
	divide(text T, n int) (first, rest T)
	cut(seg *Segment, items []Item[T])
}

// cutsTexts has the ring behind a source of lines know how they are cut.
func cutsTexts[T any](h *Head[T]) {
	switch h := any(h).(type) {
	case *Head[string]:
		h.own.cuts = text[string]{h.origins}
	case *Head[[]byte]:
		h.own.cuts = text[[]byte]{h.origins}
	}
}

// EmitText hands the lines of a text to the run, as [Emitter.Many] does: "\n" and
// "\r\n" end one. Where several workers take them, these cut them.
func EmitText[Line []byte | string](e *Emitter[Line], whole Line) bool {
	if e.lane != nil || e.h.door != nil || !e.h.ring.crowd {
		return emitLines(e, whole)
	}
	h, s := e.h, e.h.seg
	for n := countLines(whole); n > 0; {
		s.stock(n)
		slots, ok := s.several(n)
		if !ok {
			return false
		}
		first := whole
		if len(slots) < n {
			first, whole = text[Line]{}.divide(whole, len(slots))
		}
		*s.spots.At(slots[0]) = spot{s.seq, e.place}
		s.seq += int64(len(slots))
		n -= len(slots)
		if !h.ring.publishText(slots, first) {
			return false
		}
	}
	return s.await()
}

// publishText pushes a text with a line for each slot. It is for the head.
func (r *Ring[T]) publishText(slots []int32, text T) bool {
	t := r.pub.Load()
	if t&closedBit != 0 {
		return false
	}
	buf, mask := r.buf, int64(len(r.buf)-1)
	for i, slot := range slots {
		it := &buf[(t+int64(i))&mask]
		it.Slot, it.State = slot, Part
	}
	first := &buf[t&mask]
	first.Val, first.State = text, Text
	if !r.pub.CompareAndSwap(t, t+int64(len(slots))) {
		return false // closed meanwhile
	}
	r.gate.call()
	return true
}

// divide has the ring keep what is left of a text whose first lines were taken.
// The caller holds the gate's mu.
func (r *Ring[T]) divide(taken []Item[T]) {
	if len(taken) == 0 || r.pub.Load()&^closedBit == r.head {
		return
	}
	next := &r.buf[r.head&int64(len(r.buf)-1)]
	if next.State != Part {
		return
	}
	n := 1
	for taken[len(taken)-n].State == Part {
		n++
	}
	first := &taken[len(taken)-n]
	first.Val, next.Val = r.cuts.divide(first.Val, n)
	next.State = Text
	of := r.seg.spots.At(first.Slot)
	*r.seg.spots.At(next.Slot) = spot{of.seq + int64(n), of.place}
}

// cut makes lines of the texts that a consumer has taken.
func (r *Ring[T]) cut(items []Item[T]) {
	if r.crowd {
		r.cuts.cut(r.seg, items)
	}
}

// divide cuts a text behind its first n lines.
func (text[Line]) divide(whole Line, n int) (first, rest Line) {
	at, view := 0, view(whole)
	for range n {
		at += strings.IndexByte(view[at:], '\n') + 1
	}
	return whole[:at], whole[at:]
}

func (c text[Line]) cut(seg *Segment, items []Item[Line]) {
	for i := 0; i < len(items); i++ {
		if items[i].State != Text {
			continue
		}
		whole := items[i].Val
		rest, at := view(whole), 0
		from := *seg.spots.At(items[i].Slot)
		for first := i; ; i++ {
			it := &items[i]
			end, length := lineEnd(rest)
			line := lineOf(whole, at, length)
			it.Val, it.State = line, Live
			if c.origins != nil {
				*c.origins.At(it.Slot) = line
			}
			*seg.spots.At(it.Slot) = spot{from.seq + int64(i-first), from.place}
			rest, at = rest[end:], at+end
			if i+1 == len(items) || items[i+1].State != Part {
				break
			}
		}
	}
}

// lineEnd returns where the first line of a text ends, and how long it is
// without what ends it.
func lineEnd(rest string) (end, length int) {
	length = strings.IndexByte(rest, '\n')
	if length < 0 {
		return len(rest), len(rest)
	}
	end = length + 1
	if length > 0 && rest[length-1] == '\r' {
		length--
	}
	return end, length
}

// countLines returns how many lines a text has; the last need not end.
func countLines[Line []byte | string](whole Line) int {
	view := view(whole)
	n := strings.Count(view, "\n")
	if view != "" && view[len(view)-1] != '\n' {
		n++
	}
	return n
}

// emitLines cuts a text where nobody else does.
func emitLines[Line []byte | string](e *Emitter[Line], whole Line) bool {
	more := true
	for rest, at := view(whole), 0; rest != "" && more; {
		e.lines = e.lines[:0]
		for rest != "" && len(e.lines) < mostChunk {
			end, length := lineEnd(rest)
			e.lines = append(e.lines, lineOf(whole, at, length))
			rest, at = rest[end:], at+end
		}
		more = e.Many(e.lines)
		clear(e.lines) // what was delivered is released while the source waits for more
	}
	return more
}

// lineOf is a line of a text. An empty part of it would keep the whole alive, and
// who appends to bytes must not write over the next line.
func lineOf[Line []byte | string](whole Line, at, length int) (line Line) {
	if length > 0 {
		line = whole[at : at+length]
		if unsafe.Sizeof(line) == unsafe.Sizeof([]byte{}) { // a string has no capacity
			bytes := (*[]byte)(unsafe.Pointer(&line)) //nolint:gosec // it is one
			*bytes = slices.Clip(*bytes)
		}
	}
	return line
}

// view is text as a string, to look at: a slice begins with what a string is.
func view[Line []byte | string](text Line) string {
	return *(*string)(unsafe.Pointer(&text)) //nolint:gosec // as strings.Builder does
}
