package process

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// attributes put a child into a process group of its own, so that Ctrl-C in a
// terminal is the parent's to decide about, and end it with its parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitDeath waits until a child is dead, and leaves its number taken: so far
// that, and that of its group, are its own.
func awaitDeath(p *os.Process) (*os.ProcessState, error) {
	const (
		pPID    = 1
		exited  = 4          // WEXITED
		noWait  = 0x01000000 // WNOWAIT
		infoLen = 128
	)
	var info [infoLen / 8]uint64
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(p.Pid),
			uintptr(unsafe.Pointer(&info)), exited|noWait, 0, 0) //nolint:gosec // as package os does
		if errno != syscall.EINTR {
			return nil, nil //nolint:nilerr // whoever waits for it next will see
		}
	}
}

// resident returns how many bytes a process has in memory; 0 if that is unknown.
func resident(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// unread returns how many bytes in a pipe nobody has read.
func unread(pipe *os.File) int {
	n := int32(0)
	raw, err := pipe.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ,
			uintptr(unsafe.Pointer(&n))) //nolint:gosec // the kernel writes an int
	})
	return int(n)
}

// widen makes a pipe hold more than the 64 kB that it begins with: a large value
// then goes through in fewer turns. A user who has many pipes is refused that.
func widen(pipe *os.File) {
	const (
		setPipeSize = 1031 // F_SETPIPE_SZ
		size        = 256 << 10
	)
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, size)
	})
}

// ownPath is this program, also if its file was replaced or removed since.
func ownPath() (string, error) { return "/proc/self/exe", nil }
