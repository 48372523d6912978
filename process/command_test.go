package process_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// needs skips a test whose program is not there.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("there is no %s", program)
	}
}

func python(script string) process.Program {
	return process.Command("python3", "-c", script).With(silent)
}

const doubler = `
import sys, json
for line in sys.stdin:
    n = json.loads(line)
    if n == 13: sys.exit("no luck")
    print(json.dumps({"twice": 2*n}), flush=True)
`

type twice struct {
	Twice int `json:"twice"`
}

func TestAPythonScriptDoesTheWork(t *testing.T) {
	rerun.Share(t, 4)
	needs(t, "python3")
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, python(doubler).JSON[int, twice]().Workers(2), 1, 2, 13, 3)
	require.Equal(t, twice{2}, all[0].Out)
	require.Equal(t, twice{4}, all[1].Out)
	require.Equal(t, twice{6}, all[3].Out)
	e := failure(t, all[2].Err)
	require.Equal(t, process.Crashed, e.Kind)
	require.Equal(t, "exit status 1", e.Status)
	require.Contains(t, e.Error(), "no luck")
	require.LessOrEqual(t, run.Stats().Restarts, int64(1))
}

func TestAProgramThatKeepsItsAnswersIsToldToFlush(t *testing.T) {
	rerun.Share(t, 4)
	needs(t, "python3")
	vimaptest.NoLeaks(t)
	says := make(said, 10)
	o := process.Options{Stderr: says, Env: []string{"PYTHONUNBUFFERED="}}
	script := "import sys\nprint('ready', file=sys.stderr, flush=True)\nfor line in sys.stdin: print(line.strip())"
	stage := process.Command("python3", "-c", script).With(o).Lines().Timeout(500 * time.Millisecond)
	// The time that Python takes to start is none of the item's.
	run := sources.Slice([]string{"a"}).Map(func(line string) string {
		<-says
		return line
	}).Via(stage).Start(patient(t))
	for result := range run.Results() {
		require.Equal(t, process.TimedOut, failure(t, result.Err).Kind)
		require.ErrorIs(t, result.Err, context.DeadlineExceeded)
		require.ErrorContains(t, result.Err, "python3 -u")
	}
	require.NoError(t, run.Err())
	require.EqualValues(t, 1, run.Stats().Failed)
}

// said has what a program says on its standard error.
type said chan string

func (s said) Write(line []byte) (int, error) {
	s <- string(line)
	return len(line), nil
}

func TestAProgramThatHangsIsNotToldToFlush(t *testing.T) {
	rerun.Share(t, 4)
	needs(t, "sleep")
	vimaptest.NoLeaks(t)
	o := silent
	o.Grace = 50 * time.Millisecond
	all, _ := outcomes(t, process.Command("sleep", "100").With(o).Lines().Timeout(50*time.Millisecond), "a")
	require.Equal(t, process.TimedOut, failure(t, all[0].Err).Kind)
	require.NotContains(t, all[0].Err.Error(), "flush")
}

func TestLargeLinesGoThroughAProgramThatAnswersEarly(t *testing.T) {
	needs(t, "cat")
	vimaptest.NoLeaks(t)
	long := strings.Repeat("x", 1<<20)
	all, _ := outcomes(t, process.Command("cat").With(silent).Lines(), "", "a\r", long, "b\nc", "ü")
	require.Empty(t, all[0].Out)
	require.Equal(t, "a", all[1].Out)
	require.Equal(t, long, all[2].Out)
	require.Equal(t, process.BadEncoding, failure(t, all[3].Err).Kind)
	require.Equal(t, "ü", all[4].Out)
}

func TestAProgramThatAnswersTwiceIsNotTrustedFurther(t *testing.T) {
	needs(t, "sh")
	vimaptest.NoLeaks(t)
	stage := process.Command("sh", "-c", `while read -r line; do printf '%s\n%s\n' "$line" "$line"; done`).With(silent).Lines()
	run := sources.Slice([]string{"a", "b"}).Via(stage).Start(patient(t))
	for result := range run.Results() {
		require.NoError(t, result.Err)
		require.Equal(t, result.In, result.Out, "not the second a")
	}
	require.Equal(t, int64(1), run.Stats().Restarts)
	var worker *vimap.WorkerError
	require.ErrorAs(t, run.Err(), &worker)
	require.Equal(t, "close", worker.Phase)
	require.Equal(t, process.BadProtocol, failure(t, run.Err()).Kind, "of the second b")
}

func TestALineThatIsNoAnswerShiftsNoOther(t *testing.T) {
	rerun.Share(t, 4)
	needs(t, "python3")
	vimaptest.NoLeaks(t)
	all, _ := outcomes(t, python(`
import sys, json, time
for line in sys.stdin:
    n = json.loads(line)
    if n == 2:
        print("warning", flush=True)
        time.sleep(0.05)
    print(json.dumps({"twice": 2*n}), flush=True)
`).JSON[int, twice](), 1, 2, 3)
	require.Equal(t, twice{2}, all[0].Out)
	require.Equal(t, process.BadEncoding, failure(t, all[1].Err).Kind)
	require.Equal(t, twice{6}, all[2].Out)
}

func TestAnInputThatAProgramDidNotReadIsNotCharged(t *testing.T) {
	needs(t, "sh")
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, process.Command("sh", "-c", `read -r line; echo "$line"; exec <&-; sleep 0.1`).With(silent).Lines(), "a", "b")
	require.Equal(t, "a", all[0].Out)
	require.Equal(t, "b", all[1].Out)
	require.Equal(t, int64(1), run.Stats().Restarts)
}

func TestAProcessForEachInput(t *testing.T) {
	needs(t, "sh")
	vimaptest.NoLeaks(t)
	large := bytes.Repeat([]byte("x"), 1<<20)
	once := process.Command("sh", "-c", `read -r first; case "$first" in bad) echo sorry >&2; exit 3;; slow) sleep 100;; early) echo done; exit 0;; esac; echo "$first"; cat`).With(silent).Once()
	all, _ := outcomes(t, once.Workers(2).Timeout(time.Minute), []byte("a\nb\n"), []byte("bad\n"), []byte("early\n"+string(large)), append([]byte("x\n"), large...))
	require.Equal(t, "a\nb\n", string(all[0].Out))
	e := failure(t, all[1].Err)
	require.Equal(t, process.Crashed, e.Kind)
	require.Equal(t, "exit status 3", e.Status)
	require.Contains(t, e.Error(), "sorry")
	require.Equal(t, "done\n", string(all[2].Out), "a program need not read it all")
	require.Len(t, all[3].Out, len(large)+2)
	all, _ = outcomes(t, once.Workers(2).Timeout(50*time.Millisecond), []byte("slow\n"), []byte("slow\n"))
	require.ErrorIs(t, all[0].Err, context.DeadlineExceeded)
	require.ErrorIs(t, all[1].Err, context.DeadlineExceeded)
}

func TestAProgramThatIsNotThereIsTheRunsError(t *testing.T) {
	vimaptest.NoLeaks(t)
	_, err := sources.Slice([]string{"a"}).Via(process.Command("there-is-no-such-program").Lines().Restart(retry.Policy{})).
		To(patient(t), sinks.Collect)
	require.ErrorIs(t, err, exec.ErrNotFound)
	require.ErrorIs(t, err, vimap.ErrNoWorkers)
	var e *process.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, process.NotStarted, e.Kind)
}

func TestAProgramIsReplacedAfterItsShare(t *testing.T) {
	rerun.Share(t, 4)
	needs(t, "python3")
	vimaptest.NoLeaks(t)
	o := silent
	o.Recycle = 2
	script := "import sys, os\nfor line in sys.stdin: print(os.getpid(), flush=True)"
	all, _ := outcomes(t, process.Command("python3", "-c", script).With(o).Lines(), "a", "b", "c")
	require.Equal(t, all[0].Out, all[1].Out)
	require.NotEqual(t, all[1].Out, all[2].Out)
}
