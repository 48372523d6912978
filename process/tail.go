package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

const (
	tailLines  = 40
	tailLength = 500 // bytes of a line
)

// tail keeps the last lines of a child's standard error, and passes all on.
type tail struct {
	worker string
	to     io.Writer

	mu    sync.Mutex
	pid   int
	lines []string
	head  string // of what the runtime said when the process died
}

// passings hold the children apart that share a writer: one that blocks must not
// hold up those that write elsewhere.
var passings = struct {
	sync.Mutex
	of map[io.Writer]*passing
}{of: map[io.Writer]*passing{}}

// passing is held while a line is passed on.
type passing struct {
	sync.Mutex
	users int
}

// passingTo returns the lock of a writer, and what is to be called when it is not
// needed any more. Writers that can't be compared share one.
func passingTo(to io.Writer) (p *passing, done func()) {
	passings.Lock()
	defer passings.Unlock()
	defer func() {
		if recover() != nil {
			p, done = &unnamed, func() {}
		}
	}()
	p = passings.of[to]
	if p == nil {
		p = new(passing)
		passings.of[to] = p
	}
	p.users++
	return p, func() {
		passings.Lock()
		defer passings.Unlock()
		if p.users--; p.users == 0 {
			delete(passings.of, to)
		}
	}
}

var unnamed passing

// read reads until the end of what is written.
func (t *tail) read(from *os.File) {
	defer from.Close()
	lock, done := passingTo(t.to)
	defer done()
	r := bufio.NewReader(from)
	for {
		part, err := r.ReadSlice('\n') // of a long line as much as there is room for
		line := string(part)
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			t.keep(line)
			t.pass(lock, line)
		}
		if err != nil {
			return
		}
	}
}

// keep remembers a line.
func (t *tail) keep(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	short := line
	if len(short) > tailLength {
		short = short[:tailLength] + "…"
	}
	t.lines = append(t.lines, short)
	if strings.HasPrefix(short, "fatal error: ") || strings.HasPrefix(short, "panic: ") {
		t.head = short
	}
}

// pass passes a line on. A writer that panics gets no more: the errors of the
// child tell of it.
func (t *tail) pass(lock *passing, line string) {
	if t.to == nil {
		return
	}
	t.mu.Lock()
	pid := t.pid
	t.mu.Unlock()
	lock.Lock()
	defer lock.Unlock()
	if err := contain(func() error {
		fmt.Fprintf(t.to, "%s[%d]: %s\n", t.worker, pid, line)
		return nil
	}); err != nil {
		t.to = nil
		t.keep("process: what is written here is not passed on any more: " + err.Error())
	}
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := strings.Join(t.lines, "\n")
	if t.head != "" && !strings.Contains(all, t.head) {
		all = t.head + "\n…\n" + all
	}
	return all
}
