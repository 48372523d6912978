package engine

const (
	blockBits = 6
	blockSize = 1 << blockBits
)

// Store keeps a T for each slot of a segment. It grows by whole blocks, so
// that an entry never moves: workers read theirs while the head adds slots.
type Store[T any] struct {
	blocks []*[blockSize]T
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
	s.blocks[block] = new([blockSize]T)
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
