package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStoreHasAPlaceForEachSlot(t *testing.T) {
	for name, most := range map[string]int{"reserved": 5_000, "of a serial run": 0} {
		t.Run(name, func(t *testing.T) {
			const slots = 5_000
			var s Store[string]
			s.reserve(most)
			places := map[*string]bool{}
			for slot := range int32(slots) {
				if slot%blockSize == 0 {
					s.grow(int(slot / blockSize))
				}
				p := s.At(slot)
				require.Empty(t, *p)
				*p = "kept"
				places[p] = true
			}
			require.Len(t, places, slots)
			s.clear([]int32{0, 64, slots - 1})
			require.Empty(t, *s.At(64))
			require.Equal(t, "kept", *s.At(65))
		})
	}
}
