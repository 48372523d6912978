// Package vimaptest helps to test programs that use vimap.
//
// # Serial mode
//
// [Serial] makes a context whose runs use one goroutine, that of the loop over
// the run: an item is read, goes through every step and stage and reaches the
// body of the loop before the next is read. A breakpoint then shows the whole
// chain in one stack, and a test finds the same calls in the same order every
// time. Programs need no change for it: a pipeline that is run inside of what
// is tested is serial too, if it is given the context.
package vimaptest
