package vimap

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"

	"github.com/vimap-go/vimap/internal/engine"
)

// DeadLetter is an item that failed: what the source produced, and why it came
// to nothing.
type DeadLetter[In any] struct {
	In  In // the zero value if a Decode failed: see [ItemError.Input]
	Err *ItemError
}

// DeadLetters gives every failed item to sink, while the run goes on: without
// [Pipeline.Tolerate] over any number of them, with it over as many as that
// says. The failure that ends the run is given to it, too. It holds for the
// whole chain, wherever it stands in it, and replaces an earlier one.
//
// sink is called once in each run, at its beginning, and ranges over the
// letters as they come; they end with the run, however that ends, and then the
// run waits for it. It runs in turn with the loop over the run, never at the
// same time: what it takes, the loop waits for. An error that it returns, and a
// panic in it, ends the run. One that leaves its letters early, without an
// error, has had enough: the next failure is treated as without DeadLetters.
// sinks.JSONLines(path).DeadLetters writes them to a file.
func (p Pipeline[In, Out]) DeadLetters(sink func(letters iter.Seq[DeadLetter[In]]) error) Pipeline[In, Out] {
	notNil(p.compile == nil, "DeadLetters", "the source")
	notNil(sink == nil, "DeadLetters", "sink")
	p.letters, p.bare = sink, nil
	return p
}

// letters is a sink of dead letters at work. It is a coroutine: handing it a
// letter runs it until it asks for the next.
type letters[In any] struct {
	ctx    context.Context
	resume func() (struct{}, bool)
	letter DeadLetter[In]
	over   bool
	ended  bool // the sink returned
	err    error
}

// openLetters begins with the sink of dead letters, if there is one, and runs
// it until it asks for a letter. It reports whether the run may begin.
func (r *Run[In, Out]) openLetters() bool {
	sink := r.pipeline.letters
	if sink == nil {
		return true
	}
	l := &letters[In]{ctx: r.ctx}
	l.resume, _ = iter.Pull(func(wait func(struct{}) bool) {
		returned := false
		defer func() {
			if !returned { // a Goexit, of which the stack is here
				l.err = faults.Panic(faults.Goexit, debug.Stack())
			}
		}()
		l.err = engine.ContainHere(faults, func() error {
			return sink(func(yield func(DeadLetter[In]) bool) {
				for !l.over && wait(struct{}{}) && !l.over {
					if !yield(l.letter) {
						return
					}
				}
			})
		})
		returned = true
	})
	l.run()
	if err := l.failed(); err != nil {
		r.failed(err)
		return false
	}
	r.letters = l
	return true
}

// run lets the sink work until it waits for a letter or returns.
func (l *letters[In]) run() {
	if l.ended {
		return
	}
	_ = engine.ContainIn(l.ctx, faults, func() error { // for a Goexit, which comes out here, too
		l.ended = true
		_, waits := l.resume()
		l.ended = !waits
		return nil
	})
}

// takes reports whether the sink wants further letters.
func (l *letters[In]) takes() bool { return l != nil && !l.ended }

// failed returns the sink's error, once.
func (l *letters[In]) failed() error {
	err := l.err
	l.err = nil
	if err != nil {
		err = fmt.Errorf("vimap: dead letters: %w", err)
	}
	return err
}

// post hands a failure to the sink of dead letters, if there is one. It reports
// whether the run may go on.
func (r *Run[In, Out]) post(in In, err *ItemError) bool {
	l := r.letters
	if l == nil {
		return true
	}
	if l.takes() {
		l.letter = DeadLetter[In]{in, err}
		l.run()
		l.letter = DeadLetter[In]{}
	}
	if failed := l.failed(); failed != nil {
		r.breakOff(fmt.Errorf("%w (the letter: %w)", failed, err))
		return false
	}
	return true
}

// closeLetters ends the letters and waits for their sink.
func (r *Run[In, Out]) closeLetters() {
	l := r.letters
	if l == nil {
		return
	}
	l.over = true
	l.run()
	if err := l.failed(); err != nil {
		r.engine.Note(err)
	}
	r.letters = nil
}
