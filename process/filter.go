package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/engine"
)

// filter is a program that answers lines.
type filter struct {
	*proc
	program Program
	stdin   *os.File
	stdout  *os.File
	buf     []byte // what was read and is not yet an answer
	seen    int    // of buf: there is no line end in it
	stray   bool   // that it writes more than its answers was told
	served  int
	looked  time.Time
	cause   error

	mu      sync.Mutex
	watches int
	settled bool // it has ended, and reading ends soon
}

// filter starts the program, which opens the worker.
func (p Program) filter(context.Context) (*filter, error) {
	child, stdin, stdout, err := p.start()
	if err != nil {
		return nil, err
	}
	f := &filter{proc: child, program: p, stdin: stdin, stdout: stdout}
	context.AfterFunc(child.exited, f.settle)
	return f, nil
}

func (f *filter) error(kind Kind, err error) *Error {
	status, _ := f.ending()
	return &Error{Kind: kind, Worker: f.name, Pid: f.pid, Text: err.Error(), Status: status, Stderr: f.stderr.text(), Err: err}
}

// lose ends a program that is no good any more, and returns why.
func (f *filter) lose(kind Kind, err error) error {
	f.cause = f.error(kind, err)
	f.signal(terminate)
	return vimap.Lost(f.cause)
}

// spent says why the program is to be replaced before it gets an input.
func (f *filter) spent() error {
	unbegun := func(planned bool, err error) error {
		return &engine.UnbegunError{Err: err, Served: f.served > 0, Planned: planned}
	}
	o := f.program.o
	switch {
	case f.cause != nil:
		return unbegun(false, f.cause)
	case f.isOver():
		f.wg.Wait()
		return unbegun(false, f.error(Crashed, errors.New("the process ended")))
	case len(f.buf) > 0 || unread(f.stdout) > 0:
		f.stray = true
		return unbegun(false, f.error(BadProtocol, errors.New("it writes more than a line for an input")))
	case o.Recycle > 0 && f.served >= o.Recycle:
		return unbegun(true, fmt.Errorf("process %q (pid %d) is replaced after %d inputs", f.name, f.pid, f.served))
	case o.Memory > 0 && f.served > 0 && time.Since(f.looked) > tick/5:
		f.looked = time.Now()
		if has := resident(f.pid); has > o.Memory/4*3 {
			return unbegun(true, fmt.Errorf("process %q (pid %d) is replaced: it has %d MB", f.name, f.pid, has>>20))
		}
	}
	return nil
}

// ask writes a line and waits for the answer.
func (f *filter) ask(ctx context.Context, line []byte) ([]byte, error) {
	if err := f.spent(); err != nil {
		return nil, err
	}
	unwatch := f.watch(ctx)
	defer unwatch()
	var wg sync.WaitGroup
	defer wg.Wait()
	line = append(line, '\n')
	wrote := 0
	if len(line) <= pipeSize { // the program has read all that came before
		wrote, _ = f.stdin.Write(line)
	} else {
		wg.Go(func() { wrote, _ = f.stdin.Write(line) })
	}
	answer, err := f.answer(ctx)
	if err != nil {
		_ = f.stdin.SetWriteDeadline(past) // for who writes
		wg.Wait()
		if e, ok := errors.AsType[*Error](f.cause); ok && e.Kind == Crashed && unread(f.stdin) >= wrote { // it never had it
			err = &engine.UnbegunError{Err: f.cause, Served: f.served > 0}
		}
		return nil, err
	}
	f.served++
	return answer, nil
}

// pipeSize is what an empty pipe takes without a reader.
const pipeSize = 4 << 10

// watch has the end of ctx interrupt what is read and written, until the
// function that it returns is called.
func (f *filter) watch(ctx context.Context) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.settled {
		_ = f.stdout.SetReadDeadline(time.Time{})
	}
	_ = f.stdin.SetWriteDeadline(time.Time{})
	f.watches++
	this := f.watches
	stop := context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.watches == this {
			_ = f.stdout.SetReadDeadline(past)
			_ = f.stdin.SetWriteDeadline(past)
		}
	})
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		stop()
		f.watches++
	}
}

// settle gives what the program has written a moment to be read: another process
// may have its output open still.
func (f *filter) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled = true
	_ = f.stdout.SetReadDeadline(time.Now().Add(errorWait))
}

// readDeadline sets until when a read waits, unless it was interrupted.
func (f *filter) readDeadline(ctx context.Context, t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() == nil && !f.settled {
		_ = f.stdout.SetReadDeadline(t)
	}
}

// answer waits for a line.
func (f *filter) answer(ctx context.Context) ([]byte, error) {
	limit := f.program.o.Memory
	for {
		if line, ok := f.cutLine(); ok {
			return line, nil
		}
		if limit > 0 {
			f.readDeadline(ctx, time.Now().Add(tick))
		}
		err := f.fill()
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil:
			return nil, f.late(ctx)
		case errors.Is(err, os.ErrDeadlineExceeded) && f.isOver():
			return nil, f.died()
		case errors.Is(err, os.ErrDeadlineExceeded):
			if has := resident(f.pid); limit > 0 && has > limit {
				f.signal(os.Kill)
				return nil, f.lose(OutOfMemory, fmt.Errorf("it has %d MB, and may have %d MB", has>>20, limit>>20))
			}
		default:
			return nil, f.died()
		}
	}
}

func (f *filter) cutLine() ([]byte, bool) {
	at := bytes.IndexByte(f.buf[f.seen:], '\n')
	if at < 0 {
		f.seen = len(f.buf)
		return nil, false
	}
	at += f.seen
	line := bytes.TrimSuffix(bytes.Clone(f.buf[:at]), []byte("\r"))
	f.buf, f.seen = append(f.buf[:0], f.buf[at+1:]...), 0
	return line, true
}

func (f *filter) fill() error {
	const block = 32 << 10
	f.buf = slices.Grow(f.buf, block)
	n, err := f.stdout.Read(f.buf[len(f.buf):cap(f.buf)])
	f.buf = f.buf[:len(f.buf)+n]
	return ended(n, err)
}

// late is what becomes of a program that did not answer in time. One that
// answers when there is no more to read has kept the answer in a buffer.
func (f *filter) late(ctx context.Context) error {
	cause := context.Cause(ctx)
	f.stdin.Close()
	_ = f.stdout.SetReadDeadline(time.Now().Add(min(f.program.o.Grace, heedTime)))
	for {
		if _, answered := f.cutLine(); answered {
			return f.lose(TimedOut, fmt.Errorf("%w: it answers only when its input ends, so it keeps its answers in a buffer: "+
				"let it flush after each line (in Python: print(…, flush=True), or python3 -u)", cause))
		}
		if f.fill() != nil {
			return f.lose(TimedOut, fmt.Errorf("no answer: %w", cause))
		}
	}
}

// died makes the error of a program that has closed its output.
func (f *filter) died() error {
	if !f.within(time.Second) {
		return f.lose(BadProtocol, errors.New("it closed its output and went on"))
	}
	f.wg.Wait()
	f.cause = f.error(Crashed, errors.New("the process ended"))
	return vimap.Lost(f.cause)
}

// close ends the program by the end of its input.
func (f *filter) close() error {
	f.stdin.Close()
	ends := f.cause != nil
	more := len(f.buf) > 0
	if !ends {
		// What it still writes is read, or it would wait for ever.
		_ = f.stdout.SetReadDeadline(time.Now().Add(f.program.o.CloseLimit))
		for f.fill() == nil {
			more = more || len(f.buf) > 0
			f.buf, f.seen = f.buf[:0], 0
		}
		ends = f.within(f.program.o.CloseLimit)
	}
	f.end(f.program.o.Grace)
	f.stdout.Close()
	status, failed := f.ending()
	switch {
	case f.cause != nil:
		return nil //nolint:nilerr // whose loss that was has said so
	case !ends:
		return f.error(TimedOut, fmt.Errorf("it did not end within %v of the end of its input", f.program.o.CloseLimit))
	case failed:
		e := f.error(Crashed, errors.New("at the end of its input"))
		e.Status = status
		return e
	case more && !f.stray:
		return f.error(BadProtocol, errors.New("it wrote more lines than it was asked for: an output may be that of another input"))
	}
	return nil
}
