// Package testkit has what the tests of the packages vimap and engine share:
// sources of numbers, sinks, work of every kind, workers that watch how they are
// used, and the checks that each run passes: that nothing is left behind and that
// its figures add up.
package testkit
