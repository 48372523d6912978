//go:build !race

package vimap_test

// manyWorkers is what BEHAVIOUR.md asks for.
const manyWorkers = 10_000

// everySize is up to where the number of inputs is tried one by one.
const everySize = 100
