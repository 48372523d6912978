package sinks_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// suffixes are those of packed files, and what such a file begins with.
var suffixes = map[string]string{".gz": "\x1f\x8b\x08", ".zst": "\x28\xb5\x2f\xfd"}

// quiet fails the test if it leaves a goroutine behind.
func quiet(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
			runtime.Gosched() // a goroutine that has said it is done may still be ending
		}
		if runtime.NumGoroutine() > before {
			stacks := make([]byte, 1<<16)
			t.Errorf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
	})
}

func TestAPackedFileIsReadBack(t *testing.T) {
	long := strings.Repeat("long ", 50_000)
	lines := []string{"", "a", "\x00", "\xff\xfe", "\ufeffa", `"quoted", 'so'`, "a\rb", "", long, "last"}
	for suffix, magic := range suffixes {
		for name, lines := range map[string][]string{"nothing": nil, "nasty lines": lines} {
			t.Run(suffix+" of "+name, func(t *testing.T) {
				quiet(t)
				folder := t.TempDir()
				path := filepath.Join(folder, "out.txt"+suffix)
				for range 2 { // the second replaces the first
					n, err := sources.Slice(lines).Ordered().To(t.Context(), sinks.Lines(path).Outputs)
					require.NoError(t, err)
					require.EqualValues(t, len(lines), n)
				}
				require.True(t, strings.HasPrefix(read(t, path), magic))
				require.Equal(t, []string{"out.txt" + suffix}, names(t, folder))
				back, err := sources.Lines(path).Ordered().To(t.Context(), sinks.Collect)
				require.NoError(t, err)
				require.Equal(t, lines, back)
			})
		}
	}
}

func TestMuchIsPackedAndReadBack(t *testing.T) {
	for suffix := range suffixes {
		t.Run(suffix, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			path := filepath.Join(t.TempDir(), "out.jsonl"+suffix)
			all := numbers(50_000) // more than a block of zstd
			_, err := sources.Slice(all).Ordered().To(t.Context(), sinks.JSONLines(path).Outputs)
			require.NoError(t, err)
			back, err := sources.JSONLines[int](path).Ordered().To(t.Context(), sinks.Collect)
			require.NoError(t, err)
			require.Equal(t, all, back)
		})
	}
}

func TestFailureLeavesTheOldPackedFileAndNothingElse(t *testing.T) {
	for suffix := range suffixes {
		for name, after := range map[string]int{"at once": 0, "after much": 50_000} {
			t.Run(suffix+" "+name, func(t *testing.T) {
				rerun.Share(t, 4)
				quiet(t)
				folder := t.TempDir()
				path := filepath.Join(folder, "out"+suffix)
				write(t, path, "old\n")
				_, err := broken(after, errSeven).To(t.Context(), sinks.Lines(path).Outputs)
				require.ErrorIs(t, err, errSeven)
				require.Equal(t, "old\n", read(t, path))

				ctx, cancel := context.WithCancel(t.Context())
				_, err = endless().Map(func(n int) int {
					if n == after {
						cancel()
					}
					return n
				}).To(ctx, sinks.Lines(path).Outputs)
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, "old\n", read(t, path))
				require.Equal(t, []string{"out" + suffix}, names(t, folder))
			})
		}
	}
}

func TestAFullDiskIsAnErrorOfAPackedFileToo(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	for suffix := range suffixes {
		for name, n := range map[string]int{"nothing": 0, "little": 10, "much": 50_000} {
			t.Run(suffix+" of "+name, func(t *testing.T) {
				quiet(t)
				path := filepath.Join(t.TempDir(), "out"+suffix)
				require.NoError(t, os.Symlink("/dev/full", path))
				_, err := sources.Slice(numbers(n)).To(t.Context(), sinks.Lines(path).Outputs)
				require.ErrorContains(t, err, "sinks: Lines: write "+path+": ")
				require.ErrorContains(t, err, "no space left on device")
			})
		}
	}
}

func TestWhatHasNoPackerIsNotWritten(t *testing.T) {
	for _, suffix := range []string{".xz", ".bz2"} {
		folder := t.TempDir()
		path := filepath.Join(folder, "out"+suffix)
		_, err := endless().To(t.Context(), sinks.Lines(path).Outputs)
		require.ErrorContains(t, err, "sinks: Lines: "+path+": such archives are read but not written")
		require.Empty(t, names(t, folder))
	}
}

func TestAWriterPacksNothing(t *testing.T) {
	var written strings.Builder
	_, err := sources.Slice([]string{"a"}).To(t.Context(), sinks.LinesTo(struct{ io.Writer }{&written}).Outputs)
	require.NoError(t, err)
	require.Equal(t, "a\n", written.String())
}

func TestTheSuffixMayBeInCapitals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "OUT.TXT.GZ")
	_, err := sources.Slice([]string{"a"}).To(t.Context(), sinks.Lines(path).Outputs)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(read(t, path), suffixes[".gz"]))
}

func TestDeadLettersArePacked(t *testing.T) {
	quiet(t)
	path := filepath.Join(t.TempDir(), "failed.jsonl.gz")
	_, err := sources.Slice(numbers(10)).Try(notSeven).
		DeadLetters(sinks.JSONLines(path).DeadLetters).
		To(t.Context(), sinks.Ignore)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(read(t, path), suffixes[".gz"]))
	letters, err := sources.JSONLines[sinks.Letter[int]](path).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.ErrorContains(t, errors.New(letters[0].Error), "seven")
}
