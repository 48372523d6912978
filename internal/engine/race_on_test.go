//go:build race

package engine_test

// manyWorkers is fewer than 10,000 because the race detector allows no more
// than 8,128 goroutines.
const manyWorkers = 3_000
