// Package mutants plants a bug for each law and sees that the tests find it.
//
// A [Mutant] is a line of the library that is replaced. The go command builds
// the tests with the changed file in the place of the old by its -overlay: no
// file of the tree is touched. The tests of this package see that each mutant
// still applies and compiles. All of them are put to the test, and the table is
// printed, by
//
//	GOTOOLCHAIN=auto go test ./internal/mutants -run Killed -killed -v
package mutants
