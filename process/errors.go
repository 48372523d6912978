package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/engine"
	"github.com/vimap-go/vimap/retry"
)

// Kind says in which way a child failed.
type Kind string

// The kinds of failure.
const (
	Returned    Kind = "returned"      // the worker returned an error
	Panicked    Kind = "panic"         // it panicked, or called runtime.Goexit
	TimedOut    Kind = "time-out"      // it did not answer within its time limit, nor a little after
	Crashed     Kind = "crash"         // the process ended: by a signal, or by an exit
	OutOfMemory Kind = "memory"        // it had more memory than it may, and was ended
	BadProtocol Kind = "protocol"      // it said something that can't be understood
	BadEncoding Kind = "encoding"      // a value can't be encoded or decoded
	NotStarted  Kind = "start"         // the process could not be started, or did not say hello
	Misused     Kind = "misuse"        // a line is missing in the program, which the error quotes
	Unsupported Kind = "not supported" // by the operating system
)

// Kinds returns a condition for [retry.Policy.If]: it is true for the errors of
// a child that are of one of the kinds.
func Kinds(kinds ...Kind) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[*Error](err)
		return ok && slices.Contains(kinds, e.Kind)
	}
}

// Error is what went wrong with a child.
type Error struct {
	Kind   Kind
	Worker string // its name, or the program's
	Pid    int    // of the child; 0 if there was none
	Text   string // what happened
	Status string // how the process ended, such as "signal: killed" or "exit status 1"; "" if it did not
	Stack  []byte // of a panic, in the child
	Stderr string // the last lines that the child wrote to its standard error
	Err    error  // what there is to unwrap
}

// Error names worker, kind and cause, and the last line of the child's
// standard error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "process %q", e.Worker)
	if e.Pid != 0 {
		fmt.Fprintf(&b, " (pid %d)", e.Pid)
	}
	fmt.Fprintf(&b, ": %s", e.Kind)
	if e.Text != "" {
		fmt.Fprintf(&b, ": %s", e.Text)
	}
	if e.Status != "" {
		fmt.Fprintf(&b, ": %s", e.Status)
	}
	if line := telling(e.Stderr); line != "" && e.Kind != Returned && e.Kind != Panicked {
		fmt.Fprintf(&b, ": stderr: %s", line)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// telling returns the line of a child's last words that says most: what the
// runtime died of, or the last one.
func telling(stderr string) string {
	last := ""
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return line
		}
		if line != "" {
			last = line
		}
	}
	return last
}

// fault is how an error travels from a child to its parent.
type fault struct {
	Kind      Kind          `cbor:"1,keyasint"`
	Text      string        `cbor:"2,keyasint"`
	Stack     []byte        `cbor:"3,keyasint,omitempty"`
	Is        []string      `cbor:"4,keyasint,omitempty"` // the sentinels that it is
	Permanent bool          `cbor:"5,keyasint,omitempty"`
	After     time.Duration `cbor:"6,keyasint,omitempty"`
	HasAfter  bool          `cbor:"7,keyasint,omitempty"`
	Lost      bool          `cbor:"8,keyasint,omitempty"` // the worker is to be opened anew
}

// sentinels are the errors that keep what they are on their way.
var sentinels = map[string]error{
	"canceled":   context.Canceled,
	"deadline":   context.DeadlineExceeded,
	"yield":      vimap.ErrYield,
	"goexit":     vimap.ErrGoexit,
	"eof":        io.EOF,
	"short":      io.ErrUnexpectedEOF,
	"exist":      fs.ErrExist,
	"not-exist":  fs.ErrNotExist,
	"permission": fs.ErrPermission,
}

// faultOf makes what travels of an error in the child.
func faultOf(err error) fault {
	f := fault{Kind: Returned, Text: err.Error()}
	if p, ok := errors.AsType[*vimap.PanicError](err); ok {
		f.Kind, f.Stack = Panicked, p.Stack
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == BadEncoding {
		f.Kind, f.Text = BadEncoding, e.Text
	}
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			f.Is = append(f.Is, name)
		}
	}
	// The policies of package retry read their marks out of the error itself.
	asks := retry.Fixed(time.Nanosecond).Attempts(2)
	wait, again := asks.Next(1, 0, err)
	f.Permanent = !again
	if again && wait != time.Nanosecond {
		f.After, f.HasAfter = wait, true
	}
	f.Lost = errors.Is(err, engine.ErrLost)
	return f
}

// late says that an error came after a time limit.
func (f fault) late(limit time.Duration) fault {
	if f.Kind != Returned {
		return f
	}
	f.Kind = TimedOut
	f.Text = fmt.Sprintf("time limit of %v: %s", limit, f.Text)
	f.Is = append(slices.DeleteFunc(f.Is, func(name string) bool { return name == "canceled" }), "deadline")
	return f
}

// error makes the error of the parent.
func (f fault) error(worker string, pid int) error {
	e := &Error{Kind: f.Kind, Worker: worker, Pid: pid, Text: f.Text, Stack: f.Stack}
	var is []error
	if f.Kind == Panicked {
		var value any = f.Text
		for _, name := range f.Is {
			if name == "goexit" {
				value = vimap.ErrGoexit
			}
		}
		e.Text = strings.TrimPrefix(f.Text, "panic: ")
		is = append(is, &vimap.PanicError{Value: value, Stack: f.Stack})
	}
	for _, name := range f.Is {
		if sentinel, known := sentinels[name]; known {
			is = append(is, sentinel)
		}
	}
	if len(is) > 0 {
		e.Err = errors.Join(is...)
	}
	var err error = e
	switch {
	case f.Permanent:
		err = retry.Permanent(err)
	case f.HasAfter:
		err = retry.After(err, f.After)
	}
	if f.Lost {
		err = vimap.Lost(err)
	}
	return err
}
