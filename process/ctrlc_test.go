//go:build unix

package process_test

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/vimaptest"
)

const envDecides = "PROCESS_TEST_DECIDES"

// A terminal sends its Ctrl-C to the process group of the program that it runs.
func TestCtrlCIsForTheParentToDecide(t *testing.T) {
	vimaptest.NoLeaks(t)
	if os.Getenv(envDecides) != "" {
		decide(patient(t))
		return
	}
	requireDecides(t, &syscall.SysProcAttr{Setpgid: true}, nil, func(parent int) error { return syscall.Kill(-parent, syscall.SIGINT) })
}

// requireDecides has a parent and its child hear of a Ctrl-C that press presses.
func requireDecides(t *testing.T, attributes *syscall.SysProcAttr, stdin *os.File, press func(parent int) error) {
	t.Helper()
	cmd := exec.CommandContext(patient(t), os.Args[0], "-test.run=^TestCtrlCIsForTheParentToDecide$") //nolint:gosec // it is this program
	cmd.Env = append(os.Environ(), envDecides+"=1")
	cmd.SysProcAttr = attributes
	if stdin != nil {
		cmd.Stdin = stdin
	}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var pids []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if pid, ok := strings.CutPrefix(lines.Text(), "child "); ok {
			if pids = append(pids, pid); len(pids) == 1 {
				require.NoError(t, press(cmd.Process.Pid))
			}
		}
	}
	require.NoError(t, cmd.Wait(), "the parent has decided to go on")
	require.Len(t, pids, 2)
	require.Equal(t, pids[0], pids[1], "and its child did not hear of it")
}

// decide is the parent: it goes on after a Ctrl-C.
func decide(ctx context.Context) {
	pressed := make(chan os.Signal, 1)
	signal.Notify(pressed, os.Interrupt)
	source := vimap.From(func(context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			if yield("pid", nil) {
				<-pressed
				yield("pid", nil)
			}
		}
	})
	for result := range source.Via(moody.Children(silent)).Start(ctx).Results() {
		fmt.Println("child", result.Out)
	}
	signal.Stop(pressed)
}
