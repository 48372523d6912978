// Package process has the workers of a stage live in child processes: for work
// that may crash, hang without heeding its context or eat memory, or that is not
// written in Go.
//
// # The same worker, elsewhere
//
// A worker is described once, under a name, as a variable of a package, and
// [Init] is the first line of main:
//
//	var resize = process.Define("resize").Open(load).Close((*model).close).Do((*model).resize)
//
//	func main() {
//		process.Init()
//		…
//		images.Via(resize.Children(process.Options{}).Workers(8))
//	}
//
// Children makes a stage as any other whose workers are the program itself,
// started anew; with Goroutines in its place they are goroutines, and nothing
// else of the program changes. Timeout, Retry, Restart, Hooks, Ordered, pools
// and so on hold for both.
//
// Inputs, outputs and configurations travel: by CBOR, by a [Codec] of the
// program's own, or as they are if they are a string or a []byte. The input that
// is given back beside an output is the original. An error keeps its text, what
// it is of the well-known ones (context.DeadlineExceeded, fs.ErrNotExist and
// such), and the marks of [vimap.Lost], retry.Permanent and retry.After; other
// identities and types are lost. Standard input is empty in a child, standard
// output is the parent's.
//
// # What a child costs others
//
// Nothing. A child that ends, for whatever reason, is an [Error] of the input
// that it worked on, which says how it ended and what its last words were, and
// another child takes its place, after the waits and within the limits of the
// stage's Restart. Several inputs are on their way to a child at once
// ([Options.InFlight]); if it ends while it has several in hand, none is charged,
// but each is tried again by itself. So an input may be worked on more than once,
// as with a Retry, but has one outcome. A child that is silent for 3 ms is asked
// to give back what it has not begun.
//
// A time limit is first the context's in the child. A child that does not heed
// it gets a SIGTERM a little later, with all that it has started, and then a
// SIGKILL. Children are ended by the end of their parent, however it ends; so is
// what they have started, but on Linux not if the parent is killed or crashes:
// what is to end then too must see to that itself. They are in process groups of
// their own: Ctrl-C in a terminal is the parent's to decide about.
//
// # Programs of any language
//
// [Command] has a program do the work that reads a line or a JSON value and
// answers by one, or one that is started for each input.
//
// Children need Linux, macOS or another Unix; elsewhere the stages compile, and
// opening a worker is an error of the kind [Unsupported].
package process
