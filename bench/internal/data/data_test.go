package data_test

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/data"
)

func TestAFileIsMadeOnceAndRemoved(t *testing.T) {
	written, summed := 0, 0
	file := func() (string, uint64) {
		path, want, err := data.File("once.txt", func(w *bufio.Writer) error {
			written++
			_, err := w.WriteString("content")
			return err
		}, func(path string) (uint64, error) {
			summed++
			text, err := os.ReadFile(path)
			return uint64(len(text)), err
		})
		require.NoError(t, err)
		return path, want
	}
	path, want := file()
	again, wantAgain := file()
	require.Equal(t, path, again)
	require.EqualValues(t, 7, want)
	require.EqualValues(t, 7, wantAgain)
	require.Equal(t, 1, written)
	require.Equal(t, 1, summed)

	require.NoError(t, data.Remove())
	require.NoDirExists(t, filepath.Dir(path))
	file()
	require.Equal(t, 2, written)
	require.NoError(t, data.Remove())
}

func TestAFileThatCouldNotBeMadeIsMadeAnew(t *testing.T) {
	failure := errors.New("failure")
	none := func(string) (uint64, error) { return 0, nil }
	_, _, err := data.File("failed.txt", func(*bufio.Writer) error { return failure }, none)
	require.ErrorIs(t, err, failure)
	_, _, err = data.File("failed.txt", func(*bufio.Writer) error { return nil }, func(string) (uint64, error) { return 0, failure })
	require.ErrorIs(t, err, failure)
	_, _, err = data.File("failed.txt", func(*bufio.Writer) error { return nil }, none)
	require.NoError(t, err)
	require.NoError(t, data.Remove())
}

// A process that was started by another uses the other's files and leaves them.
func TestTheFolderOfTheEnvironmentIsNotRemoved(t *testing.T) {
	given := t.TempDir()
	t.Setenv("VIMAP_BENCH_DATA", given)
	path, _, err := data.File("given.txt", func(*bufio.Writer) error { return nil }, func(string) (uint64, error) { return 0, nil })
	require.NoError(t, err)
	require.Equal(t, filepath.Join(given, "given.txt"), path)
	require.NoError(t, data.Remove())
	require.FileExists(t, path)
}
