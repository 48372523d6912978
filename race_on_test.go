//go:build race

package vimap_test

// everySize is up to where the number of inputs is tried one by one; the other
// sizes up to 100 take long under the race detector.
const everySize = 25

// raceDetector says that the test is built with it.
const raceDetector = true

// rounds is how often random texts are tried.
const rounds = 20
