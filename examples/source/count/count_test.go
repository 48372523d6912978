package count_test

import (
	"context"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/examples/source/count"
	"github.com/vimap-go/vimap/internal/rerun"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return folder
}

// both counts with and without vimap and requires that it makes no difference.
func both(t *testing.T, folder string) count.Summary {
	t.Helper()
	sequential, err := count.Sequential(t.Context(), folder)
	require.NoError(t, err)
	for _, workers := range []int{1, 2, 16} {
		parallel, err := count.Parallel(t.Context(), folder, workers)
		require.NoError(t, err)
		require.Equal(t, sequential, parallel)
	}
	return sequential
}

func TestFilesAndLinesAreThoseOfFindAndWc(t *testing.T) {
	folder := tree(t, map[string]string{
		"a.go":                 "one\ntwo\n",
		"empty.go":             "",
		"no final newline.go":  "one\ntwo",
		"crlf.go":              "one\r\ntwo\r\n",
		".hidden/_x/[deep].go": "\n\n\n",
		"not.gone":             "one\n",
		"folder.go/readme.md":  "one\n",
	})
	require.NoError(t, os.Symlink("a.go", filepath.Join(folder, "link.go")))
	summary := both(t, folder)
	require.Equal(t, int64(5), summary.Files)
	require.Equal(t, int64(2+0+1+2+3), summary.Lines)
}

func TestLongestLineIsCountedWithoutItsLineEnd(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	for name, test := range map[string]struct {
		content string
		number  int64
		length  int
	}{
		"with a newline":     {"a\nlonger\nb\n", 2, 6},
		"with CRLF":          {"abc\r\nabcd\r\n", 2, 4},
		"without a line end": {"a\nb\nlast", 3, 4},
		"huge":               {"a\n" + long + "\nb\n", 2, len(long)},
		"the first of equal": {"ab\ncd\n", 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			folder := tree(t, map[string]string{"x.go": test.content, "y.go": "z\n"})
			require.Equal(t,
				count.Line{Path: filepath.Join(folder, "x.go"), Number: test.number, Length: test.length},
				both(t, folder).Longest)
		})
	}
}

func TestOfEquallyLongLinesTheFirstPathIsReported(t *testing.T) {
	folder := tree(t, map[string]string{"a.go": "x\nlong\n", "b.go": "long\n", "c.go": "long\n"})
	require.Equal(t, filepath.Join(folder, "a.go"), both(t, folder).Longest.Path)
}

func TestIdentifiersAreCountedWithoutKeywordsCommentsAndLiterals(t *testing.T) {
	folder := tree(t, map[string]string{"a.go": strings.Join([]string{
		"package p // comment p",
		"/* p p",
		"p */ var größe, x1, _ = 0x1F, 1e+5, 'p'",
		"var s = \"p \\\" p\" + `p",
		"p` // p",
		"func größe2() { x1 = '\\'' }",
	}, "\n")})
	require.Equal(t, []count.Name{
		{Name: "x1", Times: 2},
		{Name: "_", Times: 1},
		{Name: "größe", Times: 1},
		{Name: "größe2", Times: 1},
		{Name: "p", Times: 1},
		{Name: "s", Times: 1},
	}, both(t, folder).Names)
}

func TestSourceThatDoesNotCompileIsReadToItsEnd(t *testing.T) {
	folder := tree(t, map[string]string{"a.go": "a \"b\nc", "b.go": "a 'b", "c.go": "a `b", "d.go": "a /* b", "e.go": "a \"\\", "f.go": "a /", "g.go": "a \xff\xe2"})
	require.Equal(t, []count.Name{{Name: "a", Times: 7}, {Name: "c", Times: 1}}, both(t, folder).Names)
}

func TestManyDifferentIdentifiersAreAllCounted(t *testing.T) {
	rerun.Share(t, 4)
	files := map[string]string{}
	for i := range 30 {
		var names strings.Builder
		for j := range 1000 {
			fmt.Fprintf(&names, "n%d_%d ", i, j)
		}
		files[fmt.Sprint(i, ".go")] = names.String() + "common n0_0"
	}
	names := both(t, tree(t, files)).Names
	require.Len(t, names, 10)
	require.Equal(t, []count.Name{{Name: "n0_0", Times: 31}, {Name: "common", Times: 30}, {Name: "n0_1", Times: 1}}, names[:3])
}

func TestPackageStringsIsCountedAsByGoScanner(t *testing.T) {
	folder := filepath.Join(goroot(t), "src", "strings")
	naive, times := count.Summary{}, map[string]int64{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		src, err := os.ReadFile(path)
		require.NoError(t, err)
		naive.Files++
		naive.Lines += int64(strings.Count(string(src), "\n"))
		for i, line := range strings.Split(string(src), "\n") {
			if len(line) > naive.Longest.Length {
				naive.Longest = count.Line{Path: path, Number: int64(i + 1), Length: len(line)}
			}
		}
		var s scanner.Scanner
		s.Init(token.NewFileSet().AddFile(path, -1, len(src)), src, nil, 0)
		for {
			_, kind, name := s.Scan()
			if kind == token.EOF {
				return nil
			}
			if kind == token.IDENT {
				times[name]++
			}
		}
	}))
	summary := both(t, folder)
	require.Len(t, summary.Names, 10)
	for i, name := range summary.Names {
		require.Equal(t, times[name.Name], name.Times, name.Name)
		if i > 0 {
			require.LessOrEqual(t, name.Times, summary.Names[i-1].Times)
		}
		delete(times, name.Name)
	}
	for name, left := range times {
		require.LessOrEqual(t, left, summary.Names[9].Times, name)
	}
	summary.Names = nil
	require.Equal(t, naive, summary)
}

func TestFolderThatIsMissingIsAnError(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := count.Sequential(t.Context(), missing)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = count.Parallel(t.Context(), missing, 2)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestCancellationEndsTheCount(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	_, err := count.Parallel(ctx, t.TempDir(), 2)
	require.ErrorIs(t, err, enough)
}

// goroot asks the go command; go test puts that of its own toolchain first.
func goroot(t *testing.T) string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(root))
}
