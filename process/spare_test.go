package process_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

const envDiary = "PROCESS_TEST_DIARY"

// diarist writes down when it is opened and closed.
var diarist = process.Define("diarist").
	Open(func(context.Context) (string, error) { return "", write("open") }).
	Close(func(string) error { return write("close") }).
	Do(func(_ string, _ context.Context, what string) (string, error) {
		if what == "exit" {
			os.Exit(1)
		}
		return what, write("do")
	})

func write(what string) error {
	f, err := os.OpenFile(os.Getenv(envDiary), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a test said where
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(what + "\n")
	return err
}

func diary(t *testing.T) (o process.Options, count func(string) int) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "diary")
	o = silent
	o.Env = []string{envDiary + "=" + name}
	return o, func(what string) int {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0
		}
		return strings.Count(string(text), what+"\n")
	}
}

func TestASpareIsOpenBeforeItIsNeededAndClosedAtTheEnd(t *testing.T) {
	vimaptest.NoLeaks(t)
	o, count := diary(t)
	o.Spares = 1
	stage := diarist.Children(o).Hooks(vimap.Hooks{WorkerOpened: func(e vimap.WorkerEvent) {
		require.Eventually(t, func() bool { return count("open") >= 2 }, 10*time.Second, time.Millisecond, "the spare opens by itself")
	}})
	outs, err := sources.Slice([]string{"a", "b"}).Via(stage).To(patient(t), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, outs, 2)
	require.Equal(t, 2, count("open"))
	require.Equal(t, 2, count("close"))
}

func TestASpareTakesOverOpened(t *testing.T) {
	vimaptest.NoLeaks(t)
	o, count := diary(t)
	o.Spares, o.InFlight = 1, 1
	all, run := outcomes(t, diarist.Children(o), "a", "exit", "b", "c")
	require.Equal(t, process.Crashed, failure(t, all[1].Err).Kind)
	for _, i := range []int64{0, 2, 3} {
		require.NoError(t, all[i].Err)
	}
	require.Equal(t, int64(1), run.Stats().Restarts)
	require.Equal(t, count("open"), count("close")+1, "of all but the one that crashed")
}
