package engine

import (
	"reflect"
	"unsafe"
)

const (
	blockBits = 6
	blockSize = 1 << blockBits
	slabSize  = 64 << 10 // bytes of blocks that are allocated together, at most
)

// Store keeps a T for each slot of a segment. It grows by whole blocks, so
// that an entry never moves: workers read theirs while the head adds slots.
type Store[T any] struct {
	blocks []*[blockSize]T
	plain  bool // a T keeps nothing alive
}

// isPlain reports whether a T surely has no pointers.
func isPlain[T any]() bool {
	switch reflect.TypeFor[T]().Kind() { //nolint:exhaustive // others may have
	case reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	default:
		return false
	}
}

// At returns the entry of slot.
func (s *Store[T]) At(slot int32) *T {
	return &s.blocks[slot>>blockBits][slot&(blockSize-1)]
}

func (s *Store[T]) reserve(most int) {
	s.plain = isPlain[T]()
	s.blocks = make([]*[blockSize]T, (most+blockSize-1)>>blockBits)
}

func (s *Store[T]) grow(block int) {
	if block == len(s.blocks) { // of a serial run, which reserves nothing
		s.blocks = append(s.blocks, nil)
	}
	if s.blocks[block] != nil {
		return
	}
	var one [blockSize]T
	n := min(max(1, block), len(s.blocks)-block, max(1, slabSize/max(1, int(unsafe.Sizeof(one)))))
	slab := make([][blockSize]T, n) // as many as there are, side by side
	for i := range slab {
		s.blocks[block+i] = &slab[i]
	}
}

// set has slots hold values, as many.
func (s *Store[T]) set(slots []int32, values []T) {
	values = values[:len(slots)]
	for i, slot := range slots {
		*s.At(slot) = values[i]
	}
}

// clear lets go of what slots held.
func (s *Store[T]) clear(slots []int32) {
	if s.plain {
		return
	}
	var zero T
	for _, slot := range slots {
		*s.At(slot) = zero
	}
}

// keep copies the entry of slot; what it returns puts the copy elsewhere.
func (s *Store[T]) keep(slot int32) func(to int32) {
	v := *s.At(slot)
	return func(to int32) { *s.At(to) = v }
}

// growing is a Store whose type its segment need not know.
type growing interface {
	reserve(most int)
	grow(block int)
	clear(slots []int32)
	keep(slot int32) func(to int32)
}
