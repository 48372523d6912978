//go:build unix

package sinks_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestFileThatExistsKeepsItsPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	for _, permissions := range []os.FileMode{0o600, 0o644, 0o666, 0o751} {
		write(t, path, "old\n")
		require.NoError(t, os.Chmod(path, permissions))
		_, err := sources.Slice([]int{1}).To(t.Context(), sinks.Lines(path).Outputs)
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, permissions, info.Mode())
		require.Equal(t, "1\n", read(t, path))
	}
}

func TestNewFileHasThePermissionsOfAnyNewFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.txt")
	_, err := sources.Slice([]int{1}).To(t.Context(), sinks.Lines(path).Outputs)
	require.NoError(t, err)
	plain, err := os.Create(filepath.Join(folder, "plain"))
	require.NoError(t, err)
	defer plain.Close()
	wanted, err := plain.Stat()
	require.NoError(t, err)
	got, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, wanted.Mode(), got.Mode())
}

func TestFileThatMayNotBeWrittenIsNotReplaced(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write every file")
	}
	path := filepath.Join(t.TempDir(), "out.txt")
	write(t, path, "old\n")
	require.NoError(t, os.Chmod(path, 0o400))
	_, err := sources.Slice([]int{1}).To(t.Context(), sinks.Lines(path).Outputs)
	require.ErrorIs(t, err, os.ErrPermission)
	require.Equal(t, "old\n", read(t, path))
}

func TestSymbolicLinkStaysAndItsFileIsReplaced(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	link, path := filepath.Join(folder, "latest.txt"), filepath.Join(elsewhere, "out.txt")
	write(t, path, "old\n")
	require.NoError(t, os.Symlink(path, link))

	_, err := endless().Try(notSeven).To(t.Context(), sinks.Lines(link).Outputs)
	require.ErrorIs(t, err, errSeven)
	require.Equal(t, "old\n", read(t, path))

	_, err = sources.Slice([]int{1}).To(t.Context(), sinks.Lines(link).Outputs)
	require.NoError(t, err)
	require.Equal(t, "1\n", read(t, path))
	to, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, path, to)
	require.Equal(t, []string{"latest.txt"}, names(t, folder))
	require.Equal(t, []string{"out.txt"}, names(t, elsewhere))
}

func TestSymbolicLinkToNothingIsWrittenThrough(t *testing.T) {
	folder := t.TempDir()
	link, path := filepath.Join(folder, "latest.txt"), filepath.Join(folder, "out.txt")
	require.NoError(t, os.Symlink("out.txt", link))
	_, err := sources.Slice([]int{1}).To(t.Context(), sinks.Lines(link).Outputs)
	require.NoError(t, err)
	require.Equal(t, "1\n", read(t, path))
}

func TestNamedPipeIsWrittenStraight(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	content := make(chan string)
	go func() {
		all, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		content <- string(all)
	}()
	_, err := sources.Slice([]int{1, 2}).Ordered().To(t.Context(), sinks.Lines(path).Outputs)
	require.NoError(t, err)
	require.Equal(t, "1\n2\n", <-content)
	require.Equal(t, []string{"pipe"}, names(t, folder))
}
