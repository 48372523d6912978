package engine

import (
	"slices"
	"sync/atomic"
)

// State says what an item is on its way.
type State uint8

// The states of an item in a ring.
const (
	// None marks an empty place.
	None State = iota
	// Live has a value.
	Live
	// Failed has a Failure.
	Failed
	// Filtered was dropped by a step.
	Filtered
	// Absorbed has a value that a worker has kept. It leaves the segment there, and
	// travels no further.
	Absorbed
	// Text is that of several lines, and stands where the first is to be.
	Text
	// Part is the place of a further line of a Text.
	Part
)

// Item is what travels: a value and the slot that belongs to its source item.
// A failed or filtered item travels too, without a value, so that order and
// accounts hold.
type Item[T any] struct {
	Val   T
	Slot  int32
	State State
}

// Meta is what a run can say of an item.
type Meta struct {
	Index int64 // position of the item in the source, from 0
	Place *Place
	Fail  *Failure
}

// spot is where an item comes from. The head writes it before the item travels, or
// who cuts it of a text.
// It is kept apart from the rest, and small, for each item has one written. (That
// of a block stands for the line which fails in it, at the outlet.)
type spot struct {
	seq   int64 // position in the segment, from 0
	place *Place
}

// fate is what becomes of an item, where that is more than to pass.
type fate struct {
	fail   *Failure     // of an item that has failed, until it leaves
	parent int32        // the slot in the parent segment, if there is one
	refs   atomic.Int32 // outcomes still due before the slot is free, see FlatMap
}

// Place names the places of the items from First on.
type Place struct {
	First int64
	Name  func(n int64) string
}

// Failure is what a worker knows of a failed item.
type Failure struct {
	Stage    string
	Input    any // of the failed step or stage; unknown if !HasInput
	HasInput bool
	Attempts int
	Earlier  []error
	Err      error
}

// all returns the errors of all attempts, oldest first.
func (f *Failure) all() []error { return append(slices.Clip(f.Earlier), f.Err) }

// Step names a function of the user's for errors.
type Step struct{ Name string }

// Handler takes the value of the item that a worker has in hand.
type Handler[T any] func(x *Exec, v T)

// maker makes the handler of one worker.
type maker[T any] func(x *Exec) Handler[T]
