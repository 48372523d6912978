//go:build !race

package vimap_test

// everySize is up to where the number of inputs is tried one by one.
const everySize = 100

// raceDetector says that the test is built with it.
const raceDetector = false

// rounds is how often random texts are tried.
const rounds = 100
