//go:build !race

package engine_test

// manyWorkers is what BEHAVIOUR.md asks for.
const manyWorkers = 10_000
