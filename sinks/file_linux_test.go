package sinks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestFullDiskEndsTheRunWithAnErrorThatNamesThePath(t *testing.T) {
	_, err := endless().To(t.Context(), sinks.Lines("/dev/full").Outputs)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.EqualError(t, err, "sinks: Lines: write /dev/full: no space left on device")
}

func TestFullDiskAtTheLastLinesIsAnError(t *testing.T) {
	_, err := sources.Slice([]int{1}).To(t.Context(), sinks.JSONLines("/dev/full").Outputs)
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// A limit of the file size is the one fault of a regular file that a test can
// arrange without a file system of its own.
func TestFailedWriteOfATemporaryFileNamesThePathItIsFor(t *testing.T) {
	rerun.Once(t)
	// The limit is for a whole process, and would hit the log of the go command.
	const inside = "VIMAP_FILE_SIZE_IS_LIMITED"
	if os.Getenv(inside) == "" {
		alone := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:gosec // this binary
		alone.Env = append(os.Environ(), inside+"=1")
		said, err := alone.CombinedOutput()
		require.NoError(t, err, "%s", said)
		require.Contains(t, string(said), "PASS")
		return
	}
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = 100_000
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))

	for _, name := range []string{"out.txt", "out.txt.gz", "out.txt.zst"} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			folder := t.TempDir()
			path := filepath.Join(folder, name)
			_, err := endless().To(t.Context(), sinks.Lines(path).Outputs)
			require.ErrorIs(t, err, syscall.EFBIG)
			require.EqualError(t, err, "sinks: Lines: write "+path+": file too large")
			require.Empty(t, names(t, folder))
		})
	}
}

// What /dev/stdout leads to may be a file that others write too.
func TestOpenFileIsWrittenAtItsEnd(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "log")
	open, err := os.Create(path)
	require.NoError(t, err)
	defer open.Close()
	_, err = open.WriteString("before\n")
	require.NoError(t, err)
	name := fmt.Sprintf("/proc/self/fd/%d", open.Fd())
	_, err = sources.Slice([]int{1}).To(t.Context(), sinks.Lines(name).Outputs)
	require.NoError(t, err)
	require.Equal(t, "before\n1\n", read(t, path))
	require.Equal(t, []string{"log"}, names(t, folder))
}

func TestNoFileIsLeftOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	before := len(names(t, "/proc/self/fd"))
	for range 10 {
		_, err := sources.Slice([]int{1}).To(t.Context(), sinks.Lines(path).Outputs)
		require.NoError(t, err)
		_, err = sources.Slice([]int{7}).Try(notSeven).To(t.Context(), sinks.Lines(path).Outputs)
		require.ErrorIs(t, err, errSeven)
	}
	require.Len(t, names(t, "/proc/self/fd"), before)
}
