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

// passing holds the writers of several children apart.
var passing sync.Mutex

// read reads until the end of what is written.
func (t *tail) read(from *os.File) {
	defer from.Close()
	r := bufio.NewReader(from)
	for {
		part, err := r.ReadSlice('\n') // of a long line as much as there is room for
		line := string(part)
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			t.add(line)
		}
		if err != nil {
			return
		}
	}
}

func (t *tail) add(line string) {
	t.mu.Lock()
	pid := t.pid
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
	t.mu.Unlock()
	if t.to != nil {
		passing.Lock()
		defer passing.Unlock()
		fmt.Fprintf(t.to, "%s[%d]: %s\n", t.worker, pid, line)
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
