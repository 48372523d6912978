package engine

import "unsafe"

const (
	blockBits = 6
	blockSize = 1 << blockBits
	slabSize  = 64 << 10 // bytes of blocks that are allocated together, at most
)

// Store keeps a T for each slot of a segment. It grows by whole blocks, so
// that an entry never moves: workers read theirs while the head adds slots.
type Store[T any] struct {
	blocks []*[blockSize]T
	first  [blockSize]T
}

// At returns the entry of slot.
func (s *Store[T]) At(slot int32) *T {
	return &s.blocks[slot>>blockBits][slot&(blockSize-1)]
}

func (s *Store[T]) reserve(most int) {
	s.blocks = make([]*[blockSize]T, (most+blockSize-1)>>blockBits)
}

func (s *Store[T]) grow(block int) {
	if block == len(s.blocks) { // of a serial run, which reserves nothing
		s.blocks = append(s.blocks, nil)
	}
	if s.blocks[block] != nil {
		return
	}
	if block == 0 {
		s.blocks[0] = &s.first
		return
	}
	size := max(1, int(unsafe.Sizeof(*s.blocks[block])))
	n := min(block, len(s.blocks)-block, max(1, slabSize/size))
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
