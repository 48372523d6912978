package process

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
)

// Program is a program of any language that does the work of a stage. See
// [Command].
type Program struct {
	name string
	args []string
	o    Options
}

// Command describes workers that are a program of any language, found as
// exec.LookPath finds it. A method says how they speak: [Program.Lines] and
// [Program.JSON] keep a process for each worker, [Program.Once] starts one for
// each input. Nothing is started before a run.
func Command(name string, args ...string) Program {
	if name == "" {
		panic("process: Command: name must not be empty")
	}
	return Program{name: name, args: args, o: Options{}.checked("Command")}
}

// With sets how the processes are kept; it replaces what an earlier With set.
// InFlight, StartLimit and Spares say nothing about a program.
func (p Program) With(o Options) Program {
	p.o = o.checked("With")
	return p
}

// Lines makes a stage of a program that reads lines and answers each by one
// line, without being asked for the next before. The input and the output are
// without their line ends. A program that keeps its answer in a buffer never
// answers: give the stage a Timeout, whose error then says so.
//
// Nothing but answers may come on the standard output: a further line is taken
// for the answer to the next input. A program of which one is seen between two
// inputs is replaced; one that comes behind the end of the input, be it a
// summary, is an error of the kind [BadProtocol] of the worker's closing, since
// what came before may have been shifted. Such lines belong on the standard
// error.
func (p Program) Lines() vimap.Stage[string, string] {
	return filterStage(p, func(line string) ([]byte, error) {
		if strings.ContainsAny(line, "\n") {
			return nil, errors.New("a line must not contain a line end")
		}
		return []byte(line), nil
	}, func(line []byte) (string, error) { return string(line), nil })
}

// JSON is [Program.Lines] for a program that reads and answers a JSON value in
// each line. One that can't be decoded costs the process, for it may have been no
// answer.
func (p Program) JSON[In, Out any]() vimap.Stage[In, Out] {
	return filterStage(p, func(in In) ([]byte, error) { return json.Marshal(in) },
		func(line []byte) (out Out, err error) {
			err = json.Unmarshal(line, &out)
			return out, err
		})
}

func filterStage[In, Out any](p Program, encode func(In) ([]byte, error), decode func([]byte) (Out, error)) vimap.Stage[In, Out] {
	notNil(p.name == "", "Program", "the program (use Command)")
	return vimap.Open(p.filter).Close((*filter).close).
		Do(func(f *filter, ctx context.Context, in In) (out Out, err error) {
			line, err := encode(in)
			if err != nil {
				return out, f.error(BadEncoding, fmt.Errorf("input: %w", err))
			}
			answer, err := f.ask(ctx, line)
			if err != nil {
				return out, err
			}
			if out, err = decode(answer); err != nil {
				// It may be no answer, and the next line that of this input.
				return out, f.lose(BadEncoding, fmt.Errorf("output %.60q: %w", answer, err))
			}
			return out, nil
		}).Named(p.title())
}

// title names the program in errors.
func (p Program) title() string { return filepath.Base(p.name) }

// start starts the program; what it is to read is written to stdin, what it
// writes is read from stdout.
func (p Program) start() (_ *proc, stdin, stdout *os.File, err error) {
	path, err := exec.LookPath(p.name)
	if err != nil {
		return nil, nil, nil, &Error{Kind: NotStarted, Worker: p.title(), Text: err.Error(), Err: err}
	}
	childIn, stdin, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, &Error{Kind: NotStarted, Worker: p.title(), Text: err.Error(), Err: err}
	}
	defer childIn.Close()
	stdout, childOut, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, nil, nil, &Error{Kind: NotStarted, Worker: p.title(), Text: err.Error(), Err: err}
	}
	defer childOut.Close()
	to := p.o.Stderr
	if to == nil {
		to = os.Stderr
	}
	started, err := start(command{
		name: p.title(), path: path, args: append([]string{p.name}, p.args...),
		env: environment(p.o.Env), dir: p.o.Dir,
		files: []*os.File{childIn, childOut, nil}, to: to,
	})
	if err != nil {
		stdin.Close()
		stdout.Close()
		return nil, nil, nil, err
	}
	return started, stdin, stdout, nil
}

// Once makes a stage that starts the program for each input: it gets the input
// as its standard input, and what it writes to its standard output is the
// output. An exit status other than 0 is a failure, of the kind [Crashed].
func (p Program) Once() vimap.Stage[[]byte, []byte] {
	notNil(p.name == "", "Program", "the program (use Command)")
	return vimap.Func(p.once).Named(p.title())
}

func (p Program) once(ctx context.Context, in []byte) ([]byte, error) {
	child, stdin, stdout, err := p.start()
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	child.wg.Go(func() {
		defer stdin.Close()
		_, _ = stdin.Write(in) // a program need not read it all
	})
	interrupted := func() {
		_ = stdin.SetWriteDeadline(past)
		_ = stdout.SetReadDeadline(past)
	}
	stop := context.AfterFunc(ctx, interrupted)
	context.AfterFunc(child.exited, func() { _ = stdout.SetReadDeadline(time.Now().Add(errorWait)) })
	out, err := io.ReadAll(stdout)
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil { // another process has it open still
		err = nil
	}
	stop()
	if err == nil && !p.await(ctx, child) {
		err = context.Cause(ctx)
	}
	fail := func(kind Kind, err error) error {
		status, _ := child.ending()
		return &Error{Kind: kind, Worker: p.title(), Pid: child.pid, Text: err.Error(), Status: status, Stderr: child.stderr.text(), Err: err}
	}
	if err != nil {
		interrupted()
		child.end(min(p.o.Grace, heedTime))
		if ctx.Err() != nil {
			return nil, fail(TimedOut, context.Cause(ctx))
		}
		return nil, fail(BadProtocol, err)
	}
	_ = stdin.SetWriteDeadline(past)
	child.wg.Wait()
	if _, failed := child.ending(); failed {
		return nil, fail(Crashed, errors.New("the process failed"))
	}
	return out, nil
}

// await waits for the end of a process that has closed its output.
func (p Program) await(ctx context.Context, child *proc) bool {
	select {
	case <-child.exited.Done():
		return true
	case <-ctx.Done():
		return false
	}
}
