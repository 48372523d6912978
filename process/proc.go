package process

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// proc is a process that was started, whatever it speaks.
type proc struct {
	name    string
	pid     int
	process *os.Process
	stderr  *tail
	begun   error           // why it could not be started
	exited  context.Context // ends when it has
	wg      sync.WaitGroup  // who waits for it, and who reads its standard error

	mu     sync.Mutex
	reaped bool   // its number may be that of another by now
	status string // how it ended
	failed bool   // it ended otherwise than by exit status 0
}

// command is what a process is started with.
type command struct {
	name  string // of the worker
	path  string
	args  []string // the first is the name that it is called by
	env   []string
	dir   string
	files []*os.File // stdin, stdout, and those from 3 on behind nil for stderr
	to    io.Writer  // takes its standard error
}

// environment returns that of this process with what comes in addition, which
// takes the place of a variable of the same name: of two, programs take the first.
func environment(more []string) []string {
	var env []string
	seen := map[string]bool{}
	for _, variable := range slices.Backward(append(os.Environ(), more...)) {
		name, _, _ := strings.Cut(variable, "=")
		if !seen[name] {
			seen[name] = true
			env = append(env, variable)
		}
	}
	return env
}

// errorWait is how long the standard error is read after the end of a process,
// for another may have it open still.
const errorWait = 200 * time.Millisecond

// start starts a process in a process group of its own.
func start(c command) (*proc, error) {
	if err := supported(c.name); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, &Error{Kind: NotStarted, Worker: c.name, Text: err.Error(), Err: err}
	}
	defer w.Close()
	files := append([]*os.File(nil), c.files...)
	files[2] = w
	p := &proc{name: c.name, stderr: &tail{worker: c.name, to: c.to}}
	begun, tell := context.WithCancel(context.Background())
	exited, over := context.WithCancel(context.Background())
	p.exited = exited
	p.wg.Go(func() {
		defer over()
		// The child dies with its parent's thread, which so must not end before.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		p.process, p.begun = os.StartProcess(c.path, c.args, &os.ProcAttr{
			Dir: c.dir, Env: c.env, Files: files, Sys: attributes(),
		})
		if p.begun == nil {
			p.pid = p.process.Pid
			p.stderr.mu.Lock()
			p.stderr.pid = p.pid
			p.stderr.mu.Unlock()
		}
		tell()
		if p.begun == nil {
			p.await()
			_ = r.SetReadDeadline(time.Now().Add(errorWait))
		}
	})
	<-begun.Done()
	if p.begun != nil {
		r.Close()
		p.wg.Wait()
		return nil, &Error{Kind: NotStarted, Worker: c.name, Text: p.begun.Error(), Err: p.begun}
	}
	p.wg.Go(func() { p.stderr.read(r) })
	return p, nil
}

// await waits for the end of the process and ends what is left of its group.
func (p *proc) await() {
	state, err := awaitDeath(p.process)
	p.mu.Lock()
	defer p.mu.Unlock()
	killGroup(p.pid)
	if state == nil && err == nil {
		state, err = p.process.Wait()
	}
	p.reaped = true
	if err != nil {
		p.status, p.failed = err.Error(), true
		return
	}
	p.status, p.failed = state.String(), !state.Success()
}

// signal sends a signal to the group of the process, unless it has ended.
func (p *proc) signal(s os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		signalGroup(p.pid, s)
	}
}

// isOver reports whether the process has ended.
func (p *proc) isOver() bool { return p.exited.Err() != nil }

// within waits for the end of the process, at most for d.
func (p *proc) within(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.exited.Done():
		return true
	case <-t.C:
		return false
	}
}

// end ends the process, kindly first, and returns when nothing of it is left.
func (p *proc) end(grace time.Duration) {
	if !p.isOver() {
		p.signal(terminate)
		if !p.within(grace) {
			p.signal(os.Kill)
		}
	}
	p.wg.Wait()
}

// ending returns how the process has ended.
func (p *proc) ending() (status string, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.failed
}
