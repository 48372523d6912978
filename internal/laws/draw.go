package laws

import "math/rand/v2"

// Draws chooses a number from low to high, both included.
type Draws func(low, high int) int

// Seeded returns the draws of a seed.
func Seeded(seed uint64) Draws {
	r := rand.New(rand.NewPCG(seed, 0x76696d6170))
	return func(low, high int) int { return low + r.IntN(high-low+1) }
}

// oneIn is true once in n times.
func (d Draws) oneIn(n int) bool { return d(1, n) == 1 }

// pick chooses one of all; what stands there twice is chosen twice as often.
func pick[T any](d Draws, all ...T) T { return all[d(0, len(all)-1)] }
