package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// tree returns the files below a folder with what they hold.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(name)] = read(t, path)
		return err
	}))
	return files
}

// held counts the open files of the process, where the system tells.
func held(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// byItself is a key that is the output.
func byItself(_, key string) string { return key }

func TestSplitWritesAFileForEachKey(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
		before, folder := held(t), t.TempDir()
		remainder := func(_, n int) string { return fmt.Sprintf("by %d/%d.txt", n%2, n%3) }
		lines, err := sources.Slice(numbers(12)).Ordered().To(ctx, sinks.Split(folder, remainder).Lines().Pairs)
		require.NoError(t, err)
		require.Equal(t, int64(12), lines)
		require.Equal(t, map[string]string{
			"by 0/0.txt": "0\t0\n6\t6\n", "by 1/1.txt": "1\t1\n7\t7\n", "by 0/2.txt": "2\t2\n8\t8\n",
			"by 1/0.txt": "3\t3\n9\t9\n", "by 0/1.txt": "4\t4\n10\t10\n", "by 1/2.txt": "5\t5\n11\t11\n",
		}, tree(t, folder))
		require.LessOrEqual(t, held(t), before)
	}
}

func TestSplitWritesTheLinesOfTheOtherSinks(t *testing.T) {
	one := func(int, string) string { return "one" }
	p := sources.Slice([]int{1, 2}).Map(strconv.Itoa).Ordered()
	for want, split := range map[string]func(sinks.Folder[int, string]) func(*vimap.Run[int, string]) (int64, error){
		"1\n2\n": func(f sinks.Folder[int, string]) func(*vimap.Run[int, string]) (int64, error) {
			return f.Lines().Outputs
		},
		"1\t1\n2\t2\n": func(f sinks.Folder[int, string]) func(*vimap.Run[int, string]) (int64, error) { return f.Lines().Pairs },
		"\"1\"\n\"2\"\n": func(f sinks.Folder[int, string]) func(*vimap.Run[int, string]) (int64, error) {
			return f.JSONLines().Outputs
		},
		"{\"in\":1,\"out\":\"1\"}\n{\"in\":2,\"out\":\"2\"}\n": func(f sinks.Folder[int, string]) func(*vimap.Run[int, string]) (int64, error) {
			return f.JSONLines().Pairs
		},
	} {
		folder := t.TempDir()
		lines, err := p.To(t.Context(), split(sinks.Split(folder, one)))
		require.NoError(t, err)
		require.Equal(t, int64(2), lines)
		require.Equal(t, map[string]string{"one": want}, tree(t, folder))
	}
}

func TestAnySplitIsThatOfALoopOverASlice(t *testing.T) {
	for range rerun.Rounds(t, 10, 2) {
		before, folder := held(t), t.TempDir()
		keys, most := 1+rand.IntN(50), 1+rand.IntN(20)
		n, size := rand.IntN(3_000), 1+rand.IntN(1_000)
		want := map[string]string{}
		text := func(n int) string { return strings.Repeat(strconv.Itoa(n), 1+n%size) }
		key := func(n int, _ string) string { return fmt.Sprintf("%d/%d", n%3, n*n%keys) }
		for i := range n {
			want[key(i, "")] += text(i) + "\n"
		}
		opened := 0
		counting := func(n int, text string) string {
			opened = max(opened, held(t)-before)
			return key(n, text)
		}
		lines, err := sources.Slice(numbers(n)).Map(text).Ordered().To(t.Context(), sinks.Split(folder, counting).MaxOpen(most).Lines().Outputs)
		require.NoError(t, err)
		require.Equal(t, int64(n), lines)
		require.Equal(t, want, tree(t, folder))
		require.LessOrEqual(t, opened, most+3, "files, two folders, and the one that is looked at")
		require.LessOrEqual(t, held(t), before)
	}
}

func TestAKeyCannotLeadOutOfItsFolder(t *testing.T) {
	outside := t.TempDir()
	for _, key := range []string{
		"", ".", "..", "../x", "a/../../x", "a/../b", "./a", "a//b", "a/", "/a", "/", outside + "/x", "a\x00b", "\xff", "link/x", strings.Repeat("long", 100),
	} {
		before, folder := held(t), t.TempDir()
		require.NoError(t, os.Symlink(outside, filepath.Join(folder, "link")))
		lines, err := sources.Slice([]string{"fine", key}).Ordered().To(t.Context(), sinks.Split(folder, byItself).Lines().Outputs)
		require.Error(t, err, "key %q", key)
		if key != "link/x" { // found in the end only
			var bad *sinks.KeyError
			require.ErrorAs(t, err, &bad, "key %q", key)
			require.Equal(t, key, bad.Key)
			require.Equal(t, int64(1), lines)
		}
		require.Equal(t, []string{"link"}, names(t, folder), "key %q", key)
		require.Empty(t, names(t, outside), "key %q", key)
		require.LessOrEqual(t, held(t), before)
	}
	require.EqualError(t, &sinks.KeyError{Key: "../x", Err: fs.ErrInvalid}, `sinks: Split: key "../x": invalid argument`)
}

func TestKeysMayHoldWhatFileNamesMay(t *testing.T) {
	folder := t.TempDir()
	keys := []string{"a b", "-rf", "*", "~", "ä", "\n", "..a", "a..", ".hidden", "a\\b"}
	lines, err := sources.Slice(keys).Ordered().
		Map(func(key string) string { return key }).
		To(t.Context(), sinks.Split(folder, byItself).JSONLines().Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(len(keys)), lines)
	require.Len(t, tree(t, folder), len(keys))
}

func TestAnErrorOfALineOfASplitNamesItsPlace(t *testing.T) {
	folder := t.TempDir()
	_, err := sources.Slice([]string{"fine", "a\nb"}).Ordered().
		To(t.Context(), sinks.Split(folder, func(string, string) string { return "sub/one.txt" }).Lines().Outputs)
	require.ErrorContains(t, err, "sinks: Split: "+filepath.Join(folder, "sub", "one.txt")+":2: output \"a\\nb\" holds a newline")
	require.Empty(t, names(t, folder))
}

func TestAKeyThatIsAFolderOfAnotherIsRefused(t *testing.T) {
	for _, keys := range [][]string{{"a", "a/b"}, {"a/b", "a"}} {
		folder := t.TempDir()
		_, err := sources.Slice(keys).Ordered().To(t.Context(), sinks.Split(folder, byItself).Lines().Outputs)
		var bad *sinks.KeyError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, keys[1], bad.Key)
		require.Empty(t, names(t, folder))
	}
}

func TestTwoKeysThatAreOneFileThroughALinkAreRefused(t *testing.T) {
	split := func(folder string, keys ...string) error {
		_, err := sources.Slice(keys).Ordered().To(t.Context(), sinks.Split(folder, byItself).Lines().Outputs)
		return err
	}
	for _, test := range []struct{ first, second, says string }{
		{"a/x", "link/x", `sinks: Split: key "link/x": is the file of key "a/x", through a link`},
		{"a/new/x", "link/new/x", `sinks: Split: key "link/new/x": is the file of key "a/new/x", through a link`},
		{"a/x", "self/a/x", `sinks: Split: key "self/a/x": is the file of key "a/x", through a link`},
		{"0/x", "a/x", `sinks: Split: key "a/x": is the file of key "0/x", through a link`},
		{"0/x", "link/x", `sinks: Split: key "link/x": is the file of key "0/x", through a link`},
		{"later/x", "soon/x", "no such file"},
	} {
		folder := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(folder, "a"), 0o700))
		write(t, filepath.Join(folder, "a", "x"), "old\n")
		for link, to := range map[string]string{"0": "a", "link": "a", "self": ".", "soon": "later"} {
			require.NoError(t, os.Symlink(to, filepath.Join(folder, link)))
		}
		require.ErrorContains(t, split(folder, test.first, test.second), test.says)
		require.Equal(t, "old\n", read(t, filepath.Join(folder, "a", "x")))
		require.Equal(t, []string{"0", "a", "link", "self", "soon"}, names(t, folder))

		require.NoError(t, split(folder, "link/x", "a/y", "self/x"), "these are three files")
		require.Equal(t, "link/x\n", read(t, filepath.Join(folder, "a", "x")))
		require.Equal(t, "a/y\n", read(t, filepath.Join(folder, "a", "y")))
		require.Equal(t, "self/x\n", read(t, filepath.Join(folder, "x")))
	}
}

func TestFailureOfASplitLeavesTheFolderAsItWas(t *testing.T) {
	rerun.Share(t, 4)
	errBroken := errors.New("broken")
	inside := func(n, _ int) string { return fmt.Sprintf("%d/x", n%30) }
	panics := func(n, _ int) string {
		if n == 50 {
			panic(errBroken)
		}
		return inside(n, n)
	}
	fails := sources.Slice(numbers(100)).Ordered().Try(func(n int) (int, error) {
		if n == 50 {
			return 0, errBroken
		}
		return n, nil
	})
	for name, run := range map[string]func(ctx context.Context, folder string) error{
		"an item": func(ctx context.Context, folder string) error {
			_, err := fails.To(ctx, sinks.Split(folder, inside).MaxOpen(3).Lines().Outputs)
			return err
		},
		"a key": func(ctx context.Context, folder string) error {
			_, err := endless().Ordered().To(ctx, sinks.Split(folder, panics).MaxOpen(3).Lines().Outputs)
			return err
		},
		"a place": func(ctx context.Context, folder string) error {
			_, err := sources.Slice([]string{"1/x", "2", "old"}).Ordered().To(ctx, sinks.Split(folder, byItself).Lines().Outputs)
			return errors.Join(err, errBroken)
		},
	} {
		for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
			before, folder := held(t), t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(folder, "2"), 0o700))
			write(t, filepath.Join(folder, "old"), "old\n")
			require.ErrorIs(t, run(ctx, folder), errBroken, name)
			require.Equal(t, []string{"2", "old"}, names(t, folder), name)
			require.Equal(t, map[string]string{"old": "old\n"}, tree(t, folder), name)
			require.LessOrEqual(t, held(t), before)

			fresh := filepath.Join(folder, "fresh")
			if name != "a place" {
				require.Error(t, run(ctx, fresh))
				require.NoDirExists(t, fresh)
			}
		}
	}
}

func TestSplitReplacesWholeFilesAndNoOthers(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a"), "old and long\n")
	write(t, filepath.Join(folder, "other"), "other\n")
	require.NoError(t, os.Chmod(filepath.Join(folder, "a"), 0o640))
	for range 2 {
		_, err := sources.Slice([]string{"a", "b"}).To(t.Context(), sinks.Split(folder, byItself).Lines().Outputs)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"a": "a\n", "b": "b\n", "other": "other\n"}, tree(t, folder))
		info, err := os.Stat(filepath.Join(folder, "a"))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o640), info.Mode())
	}
}

func TestWithoutOutputsASplitMakesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	lines, err := sources.Slice([]string(nil)).To(t.Context(), sinks.Split(folder, byItself).Lines().Outputs)
	require.NoError(t, err)
	require.Zero(t, lines)
	require.NoDirExists(t, folder)
	write(t, filepath.Join(filepath.Dir(folder), "file"), "")
	_, err = sources.Slice([]string{"a"}).To(t.Context(), sinks.Split(filepath.Join(filepath.Dir(folder), "file"), byItself).Lines().Outputs)
	require.ErrorContains(t, err, "sinks: Split: ")
}

func TestMistakesWithASplitPanicWithTheirRule(t *testing.T) {
	require.PanicsWithValue(t, "sinks: Split: dir must not be empty", func() { sinks.Split("", byItself) })
	require.PanicsWithValue(t, "sinks: Split: key must not be nil", func() { sinks.Split[int, int]("x", nil) })
	require.PanicsWithValue(t, "sinks: MaxOpen: n must be at least 1, got 0", func() { sinks.Split("x", byItself).MaxOpen(0) })
}
