package vimap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vimap-go/vimap/internal/engine"
)

var (
	// ErrNoWorkers is what a run ends with when a stage has no worker left:
	// each failed to open, or ended, more often than its Restart policy allows.
	// The error is a [NoWorkersError].
	ErrNoWorkers = errors.New("no worker left")

	// ErrGoexit is the Value of a [PanicError] for a function that called
	// runtime.Goexit, as t.FailNow does.
	ErrGoexit = errors.New("runtime.Goexit was called")

	// ErrYield is the error of an input of a [Loop] for which the worker did
	// not call [Feed.Yield] exactly once.
	ErrYield = errors.New("a turn of the loop must yield exactly one output")

	// ErrBulk is the error of the inputs of a [Bulk] call that did not return
	// one output for each of them.
	ErrBulk = errors.New("a bulk function must return one output for each input")

	// ErrPoolClosed answers a call of a [Pool] that is closed, and ends a run
	// over its stage.
	ErrPoolClosed = errors.New("vimap: the pool is closed")
)

// ItemError says which item failed, where, and why.
type ItemError struct {
	Stage    string  // the name of the stage, or the inline step: map, try, filter, flatmap, decode, aggregate
	Index    int64   // of the item in its source, from 0; -1 for a call of [Pool.Do]
	Place    string  // of the item, such as requests.jsonl:17; "" if the source knows none
	Input    any     // what the stage or step was given; the item itself where that is not known
	Attempts int     // how often it was tried, from 1
	Earlier  []error // of the attempts before the last, oldest first
	Err      error   // of the last attempt
}

// Error is one line: stage, item, place, attempts and cause.
func (e *ItemError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "vimap: stage %q", e.Stage)
	if e.Index >= 0 {
		fmt.Fprintf(&b, ": item %d", e.Index)
	}
	if e.Place != "" {
		fmt.Fprintf(&b, " (%s)", e.Place)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " after %d attempts", e.Attempts)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns Err.
func (e *ItemError) Unwrap() error { return e.Err }

// itemError makes the error of the failed item that m is of, in a run of ctx.
func itemError[In any](ctx context.Context, m engine.Meta, in In) *ItemError {
	f := m.Fail
	e := &ItemError{
		Stage: f.Stage, Index: m.Index, Input: f.Input,
		Attempts: f.Attempts, Earlier: f.Earlier, Err: f.Err,
	}
	if !f.HasInput {
		e.Input = in
	}
	if m.Place != nil {
		// The source's function; its panic must not cost the error.
		_ = engine.ContainIn(ctx, faults, func() error {
			e.Place = m.Place.Name(m.Index - m.Place.First)
			return nil
		})
	}
	return e
}

// PanicError is a panic, or a runtime.Goexit, in a function of the user's.
type PanicError struct {
	Value any    // of the panic; [ErrGoexit] for a Goexit
	Stack []byte // of the goroutine, as runtime/debug.Stack gives it
}

// Error names the value; the stack is not part of it.
func (e *PanicError) Error() string {
	if e.Value == any(ErrGoexit) {
		return ErrGoexit.Error()
	}
	return fmt.Sprintf("panic: %v", e.Value)
}

// Unwrap returns Value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// StuckError is a function that did not return within its time limit nor
// within a second after it, though its context had ended. It was abandoned: its
// goroutine ends when the function does. It is a context.DeadlineExceeded to
// errors.Is.
type StuckError struct {
	Stage  string        // its name; "source" for a source that did not end
	Worker int           // from 0
	Index  int64         // of the item in its source, from 0; -1 for an opening, a closing, a batch, a source
	Input  any           // of the stage; nil where Index is -1
	Limit  time.Duration // the time limit; 0 for a source
	Stack  []byte        // where it stood
}

// Error names the stage, the worker, the item if there is one, and the limit;
// the stack is not part of it.
func (e *StuckError) Error() string {
	if e.Limit == 0 {
		return fmt.Sprintf("vimap: %s ignores the end of its context: abandoned", e.Stage)
	}
	at := ""
	if e.Index >= 0 {
		at = fmt.Sprintf(", at item %d,", e.Index)
	}
	return fmt.Sprintf("vimap: stage %q: worker %d%s ignores its time limit of %v: abandoned", e.Stage, e.Worker, at, e.Limit)
}

// Is reports whether target is context.DeadlineExceeded.
func (e *StuckError) Is(target error) bool { return target == context.DeadlineExceeded }

// StuckLimitError ends a run in which a stage had to abandon more workers than
// its [Stage.StuckLimit] allows.
type StuckLimitError struct {
	Stage string
	Limit int
	Last  error // the *[StuckError] that was one too many
}

// Error names the stage, the limit and the last stuck call.
func (e *StuckLimitError) Error() string {
	return fmt.Sprintf("vimap: stage %q: more than %d workers were abandoned: %v", e.Stage, e.Limit, e.Last)
}

// Unwrap returns Last.
func (e *StuckLimitError) Unwrap() error { return e.Last }

// RestartLimitError is why a worker is given up that had to be restarted more
// often than its [Stage.RestartLimit] allows.
type RestartLimitError struct {
	Limit  int
	Within time.Duration
	Last   error // why it was to be restarted once more
}

// Error names the limit and the last reason.
func (e *RestartLimitError) Error() string {
	return fmt.Sprintf("more than %d restarts within %v: %v", e.Limit, e.Within, e.Last)
}

// Unwrap returns Last.
func (e *RestartLimitError) Unwrap() error { return e.Last }

// WorkerError is a failure of a worker that is not the failure of an item.
type WorkerError struct {
	Stage  string
	Worker int    // from 0
	Config any    // what Each gave it; nil if there is none
	Phase  string // "open", "loop" (it returned before its inputs ended), "restart", "close" or "hook"
	Err    error
}

// Error names stage, worker, configuration, phase and cause.
func (e *WorkerError) Error() string {
	config := ""
	if e.Config != nil {
		config = " (" + brief(e.Config) + ")"
	}
	return fmt.Sprintf("vimap: stage %q: worker %d%s: %s: %v", e.Stage, e.Worker, config, e.Phase, e.Err)
}

// Unwrap returns Err.
func (e *WorkerError) Unwrap() error { return e.Err }

// brief prints a value of any size in a few words.
func brief(v any) string {
	const most = 100
	s := strings.ToValidUTF8(fmt.Sprintf("%v", v), "?")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Lost says that the failure of an input has cost the worker, too: a broken
// connection, a session that was ended. When the Do of an [Open] or [OpenWith]
// stage returns it, the input fails, or is tried again by any worker, as with
// err; and its worker is closed and opened anew before it takes another. The
// result has the text of err and unwraps to it. Lost of a nil error is nil.
func Lost(err error) error {
	if err == nil {
		return nil
	}
	return &lostError{err}
}

type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// Is has the workers of package process find the mark.
func (e *lostError) Is(target error) bool { return target == engine.ErrLost }

// NoWorkersError ends a run whose stage has no worker left. It is an
// [ErrNoWorkers] to errors.Is.
type NoWorkersError struct {
	Stage   string
	Workers []error // the last error of each worker, as a *[WorkerError]
}

// Error names the stage and what became of its workers, one after another.
func (e *NoWorkersError) Error() string {
	all := errors.Join(e.Workers...)
	return fmt.Sprintf("vimap: stage %q: %v: %s", e.Stage, ErrNoWorkers, strings.ReplaceAll(all.Error(), "\n", "; "))
}

// Is reports whether target is [ErrNoWorkers].
func (e *NoWorkersError) Is(target error) bool { return target == ErrNoWorkers }

// Unwrap returns the errors of the workers.
func (e *NoWorkersError) Unwrap() []error { return e.Workers }

// SourceError is what a source returned, or the panic that ended it.
type SourceError struct {
	Err error
}

// Error names the cause, which says the place where it can.
func (e *SourceError) Error() string { return "vimap: source: " + e.Err.Error() }

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }

// faults makes the errors of this package for the engine.
var faults = &engine.Faults{
	Goexit: ErrGoexit,
	Nested: errors.New("vimap: Feed.All: it must not be ranged over inside itself"),
	NoItem: errors.New("vimap: Feed.Yield: there must be an item in hand"),
	Left:   errors.New("the worker returned before its inputs ended"),
	IsLost: func(err error) bool {
		var lost *lostError
		return errors.As(err, &lost)
	},
	Panic: func(value any, stack []byte) error { return &PanicError{value, stack} },
	Yield: func(n int, cause error) error {
		if cause != nil {
			return fmt.Errorf("%w, got %d: %w", ErrYield, n, cause)
		}
		return fmt.Errorf("%w, got %d", ErrYield, n)
	},
	Bulk: func(got, want int) error { return fmt.Errorf("%w, got %d for %d", ErrBulk, got, want) },
	Worker: func(stage string, worker int, config any, phase string, err error) error {
		return &WorkerError{stage, worker, config, phase, err}
	},
	NoWorkers: func(stage string, errs []error) error { return &NoWorkersError{stage, errs} },
	Stuck: func(c engine.StuckCall) error {
		return &StuckError{c.Stage, c.Worker, c.Index, c.Input, c.Limit, c.Stack}
	},
	TooManyRestarts: func(most int, within time.Duration, last error) error {
		return &RestartLimitError{most, within, last}
	},
	TooManyStuck: func(stage string, most int, last error) error { return &StuckLimitError{stage, most, last} },
	Source:       func(err error) error { return &SourceError{err} },
	PoolClosed:   ErrPoolClosed,
}
