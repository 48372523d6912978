// Package laws runs random programs with random faults and checks that what
// vimap promises holds for each of them.
//
// A [Program] is a chain with its items, its faults and its end, all drawn from
// one seed: the same seed gives the same program. [Program.Check] runs it and
// compares what came with the model, a plain loop over the same steps. The
// package needs no testing.T, so that the tests and the soak check alike.
//
// What a program can be stands in a file for each subject: step.go, stage.go and
// several.go the steps, fault.go what goes wrong in them, crew.go the workers,
// source.go, lent.go, end.go, add.go and tee.go both ends of the chain, kids.go stages
// whose workers are child processes, with kid.go what they do there and events.go
// what they write down. A new subject is a file with what it draws, a line in
// [Draw] or drawStep, and what the model says of it in [Step.verdict].
package laws
