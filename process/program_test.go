package process_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/vimaptest"
)

// What a program as a whole does, seen from outside.

func scenario(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(patient(t), program)
	cmd.Env = append(os.Environ(), envScenario+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestAProgramWithoutInitStartsNothingAndIsToldTheLine(t *testing.T) {
	vimaptest.NoLeaks(t)
	out, err := scenario(t, "no init").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "misuse")
	require.Contains(t, string(out), "func TestMain(m *testing.M) { process.Init(); os.Exit(m.Run()) }")
	require.Equal(t, 1, strings.Count(string(out), "\n"), "it was started once: %s", out)
}

func TestAChildOfAChildOfAChildEndsSomewhere(t *testing.T) {
	rerun.Share(t, 4)
	vimaptest.NoLeaks(t)
	out, err := scenario(t, "too deep").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "8 deep")
}

func TestADefinitionThatComesTooLateOrTwiceIsRefused(t *testing.T) {
	require.PanicsWithValue(t, `process: Define: "late" is defined after process.Init was called: a child would not know it; `+
		`make it a variable of the package: var worker = process.Define("late")…`, func() { process.Define("late") })
	require.PanicsWithValue(t, "process: Define: name must not be empty", func() { process.Define("") })
	require.PanicsWithValue(t, "process: Children: Options.Recycle must not be negative, got -1", func() {
		double.Children(process.Options{Recycle: -1})
	})
	require.PanicsWithValue(t, "process: Command: name must not be empty", func() { process.Command("") })
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it looks into /proc")
	}
	vimaptest.NoLeaks(t)
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped %v", stopped), func(t *testing.T) {
			cmd := scenario(t, "orphans")
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			var pids []string
			for lines := bufio.NewScanner(out); len(pids) < 2 && lines.Scan(); {
				if pid, ok := strings.CutPrefix(lines.Text(), "child "); ok {
					pids = append(pids, pid)
				}
			}
			require.Len(t, pids, 2)
			for _, pid := range pids { // a terminal's Ctrl-C goes to the group of the parent
				require.Equal(t, pid, stat(t, pid)[2], "a child leads a process group of its own")
			}
			if stopped {
				require.NoError(t, exec.CommandContext(patient(t), "kill", append([]string{"-STOP"}, pids...)...).Run())
			}
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			for _, pid := range pids {
				require.Eventually(t, func() bool { return isDead(pid) }, 10*time.Second, time.Millisecond)
			}
		})
	}
}

// stat returns what the kernel says of a process: state, parent, process group.
func stat(t *testing.T, pid string) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest)
}

// isDead reports whether a process has ended, also if nobody has waited for it.
func isDead(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}
