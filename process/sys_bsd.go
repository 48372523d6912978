//go:build unix && !linux

package process

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// attributes put a child into a process group of its own, so that Ctrl-C in a
// terminal is the parent's to decide about. That it ends with its parent is for
// the end of its pipe to say.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitDeath waits for the end of a child. What is left of its group is ended a
// moment after its number was given back.
func awaitDeath(p *os.Process) (*os.ProcessState, error) { return p.Wait() }

// resident returns how many bytes a process has in memory; 0 if that is unknown.
func resident(pid int) int64 {
	out, err := exec.CommandContext(context.Background(), "ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(bytes.TrimSpace(out)), 10, 64)
	return kilobytes << 10
}

func widen(*os.File) {}

// unread returns how many bytes in a pipe nobody has read, where that is known.
func unread(*os.File) int { return 0 }

func ownPath() (string, error) { return os.Executable() }
