package sinks_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestFileAppearsOnlyWhenItIsWhole(t *testing.T) {
	rerun.Share(t, 4)
	folder := t.TempDir()
	path := filepath.Join(folder, "out.txt")
	write(t, path, "old\n")
	watched := sources.Slice(numbers(100_000)).Ordered().Map(func(n int) int {
		if n%10_000 == 0 {
			require.Equal(t, "old\n", read(t, path))
		}
		return n
	})
	lines, err := watched.To(t.Context(), sinks.Lines(path).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(100_000), lines)
	require.Equal(t, 100_000, strings.Count(read(t, path), "\n"))
	require.Equal(t, []string{"out.txt"}, names(t, folder))
}

func TestRunWithoutOutputsLeavesAnEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	write(t, path, "old\n")
	_, err := sources.Slice[int](nil).To(t.Context(), sinks.JSONLines(path).Pairs)
	require.NoError(t, err)
	require.Empty(t, read(t, path))
}

type explosive int

func (e explosive) String() string {
	if e == 7 {
		panic("boom")
	}
	return "fine"
}

type exiting int

func (e exiting) String() string {
	if e == 7 {
		runtime.Goexit()
	}
	return "fine"
}

func TestFailureLeavesTheOldFileAndNothingElse(t *testing.T) {
	for name, fail := range map[string]func(ctx context.Context, path string) error{
		"a failed input": func(ctx context.Context, path string) error {
			_, err := endless().Try(notSeven).To(ctx, sinks.Lines(path).Outputs)
			return err
		},
		"a failed source": func(ctx context.Context, path string) error {
			_, err := broken(20_000, errSeven).To(ctx, sinks.JSONLines(path).Outputs)
			return err
		},
		"an output that is no line": func(ctx context.Context, path string) error {
			_, err := endless().Map(func(int) string { return "\n" }).To(ctx, sinks.Lines(path).Pairs)
			return err
		},
		"a value that is no JSON": func(ctx context.Context, path string) error {
			_, err := endless().Map(func(int) any { return func() {} }).To(ctx, sinks.JSONLines(path).Pairs)
			return err
		},
		"a panic in a stage": func(ctx context.Context, path string) error {
			_, err := endless().Map(func(n int) int { return 1 / min(n, 0) }).To(ctx, sinks.Lines(path).Outputs)
			return err
		},
		"a panic in a String method": func(ctx context.Context, path string) error {
			_, err := endless().Map(func(n int) explosive { return explosive(n) }).To(ctx, sinks.Lines(path).Outputs)
			return err
		},
		"a Goexit in a String method": func(ctx context.Context, path string) error {
			_, err := endless().Map(func(n int) exiting { return exiting(n) }).To(ctx, sinks.Lines(path).Outputs)
			return err
		},
		"a cancellation": func(ctx context.Context, path string) error {
			ctx, cancel := context.WithCancel(ctx)
			_, err := endless().Map(func(n int) int {
				if n == 7 {
					cancel()
				}
				return n
			}).To(ctx, sinks.Lines(path).Outputs)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			folder := t.TempDir()
			path := filepath.Join(folder, "out")

			require.Error(t, attempt(func() error { return fail(t.Context(), path) }))
			require.Empty(t, names(t, folder), "no file must appear")

			write(t, path, "old\n")
			require.Error(t, attempt(func() error { return fail(t.Context(), path) }))
			require.Equal(t, "old\n", read(t, path))
			require.Equal(t, []string{"out"}, names(t, folder))
		})
	}
}

func TestFileThatCannotBeOpenedIsAnErrorBeforeTheFirstInput(t *testing.T) {
	folder := t.TempDir()
	for name, test := range map[string]struct {
		path string
		is   error
	}{
		"a missing folder":        {filepath.Join(folder, "missing", "out.txt"), fs.ErrNotExist},
		"a folder":                {folder, nil},
		"a file taken for folder": {filepath.Join(folder, "file", "out.txt"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(folder, "file"), "")
			inputs := endless().Map(func(n int) int { t.Error("was started"); return n })
			_, err := inputs.To(t.Context(), sinks.Lines(test.path).Outputs)
			require.ErrorContains(t, err, "sinks: Lines: ")
			require.ErrorContains(t, err, test.path+": ")
			pathErr, ok := errors.AsType[*fs.PathError](err)
			require.True(t, ok)
			require.Equal(t, test.path, pathErr.Path)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			require.Equal(t, []string{"file"}, names(t, folder))
		})
	}
}

func TestFileThatCannotBePutInPlaceIsAnError(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.txt")
	_, err := sources.Slice([]int{1}).
		Try(func(n int) (int, error) { return n, os.MkdirAll(filepath.Join(path, "in the way"), 0o700) }).
		To(t.Context(), sinks.Lines(path).Outputs)
	require.ErrorContains(t, err, "sinks: Lines: rename "+path+": ")
	require.Equal(t, []string{"out.txt"}, names(t, folder))
}

func TestTwoRunsThatWriteOneFileLeaveTheWholeOfOne(t *testing.T) {
	rerun.Share(t, 4)
	path := filepath.Join(t.TempDir(), "out.txt")
	var runs sync.WaitGroup
	for _, word := range []string{"one", "two"} {
		runs.Go(func() {
			words := sources.Slice(numbers(50_000)).Map(func(int) string { return word })
			_, err := words.To(t.Context(), sinks.Lines(path).Outputs)
			if err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	content := read(t, path)
	require.Equal(t, strings.Repeat(content[:4], 50_000), content)
}

func TestDashIsStandardOutput(t *testing.T) {
	folder := t.TempDir()
	capture, err := os.Create(filepath.Join(folder, "stdout"))
	require.NoError(t, err)
	defer capture.Close()
	standard := os.Stdout
	os.Stdout = capture
	defer func() { os.Stdout = standard }()

	for range 2 {
		_, err = sources.Slice([]int{1, 2}).Ordered().To(t.Context(), sinks.Lines("-").Outputs)
		require.NoError(t, err)
	}
	require.Equal(t, "1\n2\n1\n2\n", read(t, capture.Name()))
}
