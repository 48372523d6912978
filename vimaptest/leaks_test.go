package vimaptest_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// leaks returns what NoLeaks reports for a test that does f.
func leaks(f func(t vimaptest.TB)) string {
	t := newFakeT("leaking", io.Discard)
	vimaptest.NoLeaks(t)
	f(t)
	t.end()
	return strings.Join(t.errors, "\n")
}

// strays starts a goroutine for each input, which waits for release.
func strays(release chan struct{}) vimap.Stage[int, int] {
	return vimap.Func(func(_ context.Context, n int) (int, error) {
		go func() { <-release }()
		return n, nil
	})
}

func TestNoLeaksSeesARunThatGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimaptest.NewSource[int](t)
		var out *vimaptest.Driver[int, int]
		report := leaks(func(vimaptest.TB) {
			out = vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(double)))
			source.Feed(1)
		})
		require.Contains(t, report, "internal/engine")
		out.Leave()
	})
}

func TestNoLeaksInABubbleSeesWhatIsAsleep(t *testing.T) {
	bubble(t, func(*testing.T) {
		report := leaks(func(vimaptest.TB) { go time.Sleep(time.Hour) })
		require.Contains(t, report, "goroutines:\n")
		time.Sleep(time.Hour)
		synctest.Wait()
	})
}

func TestNoLeaksMindsTheGoroutinesOfItsOwnBubbleOnly(t *testing.T) {
	vimaptest.NoLeaks(t)
	begin, begun, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() { // a test that runs at the same time
		<-begin
		go func() { <-release }()
		close(begun)
	}()
	synctest.Test(t, func(t *testing.T) {
		require.Empty(t, leaks(func(vimaptest.TB) {
			close(begin)
			<-begun
		}))
	})
	close(release)
}

func TestNoLeaksWaitsForWhatIsAboutToEnd(t *testing.T) {
	vimaptest.NoLeaks(t)
	require.Empty(t, leaks(func(vimaptest.TB) {
		release := make(chan struct{})
		time.AfterFunc(50*time.Millisecond, func() { close(release) })
		go func() { <-release }()
	}))
}

// It is one test because what is left is waited for.
func TestNoLeaksSeesGoroutinesOfUsersFunctionsFilesAndProcesses(t *testing.T) {
	rerun.Share(t, 8)
	vimaptest.NoLeaks(t)
	release := make(chan struct{})
	defer close(release)
	path := filepath.Join(t.TempDir(), "left.txt")
	ended, running := exec.CommandContext(t.Context(), "true"), exec.CommandContext(t.Context(), "cat")
	input, err := running.StdinPipe()
	require.NoError(t, err)
	var file *os.File
	report := leaks(func(t vimaptest.TB) {
		_, err := sources.Slice([]int{1}).Via(strays(release)).To(t.Context(), sinks.Ignore)
		if err != nil {
			t.Errorf("%v", err)
		}
		if file, err = os.Create(path); err != nil {
			t.Errorf("%v", err)
		}
		if err := errors.Join(ended.Start(), running.Start()); err != nil {
			t.Errorf("%v", err)
		}
	})
	require.NoError(t, errors.Join(file.Close(), input.Close(), ended.Wait(), running.Wait()))

	require.Contains(t, report, "goroutines:\ngoroutine ")
	require.Contains(t, report, "vimaptest_test.strays")
	if runtime.GOOS == "linux" {
		require.Contains(t, report, "open files:\nfile ")
		require.Contains(t, report, path)
		require.Contains(t, report, "child processes:\nprocess ")
		require.Contains(t, report, ": cat\n")
		require.Contains(t, report, ": true, which has ended and was not waited for\n")
	}
}

func TestNoLeaksLetsAnythingBeThatWasThereBefore(t *testing.T) {
	vimaptest.NoLeaks(t)
	release := make(chan struct{})
	defer close(release)
	go func() { <-release }()
	require.Empty(t, leaks(func(vimaptest.TB) {}))
}
