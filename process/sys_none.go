//go:build !unix

package process

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

const terminate = syscall.SIGTERM

func supported(name string) error {
	return &Error{
		Kind: Unsupported, Worker: name,
		Text: "children need Linux, macOS or another Unix, not " + runtime.GOOS + "; run the workers by Goroutines()",
		Err:  errors.ErrUnsupported,
	}
}

func attributes() *syscall.SysProcAttr { return nil }
func killGroup(int)                    {}
func signalGroup(int, os.Signal)       {}
func resident(int) int64               { return 0 }
func unread(*os.File) int              { return 0 }
func ownPath() (string, error)         { return os.Executable() }
func widen(*os.File)                   {}
func endGroup()                        { os.Exit(1) }

func awaitDeath(p *os.Process) (*os.ProcessState, error) { return p.Wait() }

func childPipes() (in, out *os.File, err error) { return nil, nil, errors.ErrUnsupported }
