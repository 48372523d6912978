//go:build unix

package process

import (
	"os"
	"syscall"
)

const terminate = syscall.SIGTERM

func supported(string) error { return nil }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// signalGroup sends a signal to a process group. One that is stopped goes on,
// so that it can heed it.
func signalGroup(pid int, s os.Signal) {
	_ = syscall.Kill(-pid, s.(syscall.Signal))
	if s == terminate {
		_ = syscall.Kill(-pid, syscall.SIGCONT)
	}
}

// ends of the pipes in a child.
const (
	childIn  = 3
	childOut = 4
)

// childPipes returns the pipes of a child; what it starts itself does not get
// them.
func childPipes() (in, out *os.File, err error) {
	for _, fd := range []int{childIn, childOut} {
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			return nil, nil, err
		}
	}
	return os.NewFile(childIn, "from parent"), os.NewFile(childOut, "to parent"), nil
}

// endGroup ends this process and those that it has started.
func endGroup() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}
