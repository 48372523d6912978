package sources_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// tree makes files and links (name → target) in a new folder and goes there.
func tree(t *testing.T, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range names {
		name, target, link := strings.Cut(name, " → ")
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		if link {
			require.NoError(t, os.Symlink(target, name))
		} else {
			require.NoError(t, os.WriteFile(name, nil, 0o600))
		}
	}
}

func TestFilesOfPatterns(t *testing.T) {
	quiet(t)
	tree(t, "a/1.txt", "a/2.log", "a/b/3.txt", "a/b/c/4.txt", "a.txt", "d/e/5.txt", "z.txt", ".hidden/6.txt", "x[1].txt", "x1.txt", "bad[.txt")
	for name, c := range map[string]struct {
		patterns []string
		want     []string
	}{
		"a path":                            {[]string{"a/1.txt"}, []string{"a/1.txt"}},
		"a path that is written oddly":      {[]string{"./a//b/../1.txt"}, []string{"a/1.txt"}},
		"a star":                            {[]string{"a/*"}, []string{"a/1.txt", "a/2.log"}},
		"a star for a folder":               {[]string{"*/*.txt"}, []string{".hidden/6.txt", "a/1.txt"}},
		"two stars":                         {[]string{"a/**/*.txt"}, []string{"a/1.txt", "a/b/3.txt", "a/b/c/4.txt"}},
		"two stars at the end":              {[]string{"a/**"}, []string{"a/1.txt", "a/2.log", "a/b/3.txt", "a/b/c/4.txt"}},
		"two stars at the end of a pattern": {[]string{"[ad]/**"}, []string{"a/1.txt", "a/2.log", "a/b/3.txt", "a/b/c/4.txt", "d/e/5.txt"}},
		"two stars in between":              {[]string{"*/**/c/*"}, []string{"a/b/c/4.txt"}},
		"two stars twice":                   {[]string{"**/b/**/*.txt"}, []string{"a/b/3.txt", "a/b/c/4.txt"}},
		"folder by folder":                  {[]string{"**/[a1].txt"}, []string{"a/1.txt", "a.txt"}},
		"alternatives":                      {[]string{"{a,d/e}/*.txt"}, []string{"a/1.txt", "d/e/5.txt"}},
		"alternatives that share a folder":  {[]string{"a/{b/c,b}/*"}, []string{"a/b/3.txt", "a/b/c/4.txt"}},
		"a question mark":                   {[]string{"?.txt"}, []string{"a.txt", "z.txt"}},
		"patterns in their order":           {[]string{"z*", "a.*"}, []string{"z.txt", "a.txt"}},
		"no path twice":                     {[]string{"a/*.txt", "./a/1.txt", "a/**/*.txt"}, []string{"a/1.txt", "a/b/3.txt", "a/b/c/4.txt"}},
		"no match in a folder that exists":  {[]string{"a/*.gz", "q*/**/*"}, nil},
		"a file with special characters":    {[]string{"x[1].txt", "bad[.txt"}, []string{"x[1].txt", "bad[.txt"}},
		"a class":                           {[]string{"x[0-9].txt"}, []string{"x1.txt"}},
		"an escaped character":              {[]string{`x\[1].tx?`}, []string{"x[1].txt"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := collect(t, sources.Files(c.patterns...))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestFilesOfAnAbsolutePattern(t *testing.T) {
	quiet(t)
	tree(t, "a/1.txt", "a/b/2.txt")
	folder, err := os.Getwd()
	require.NoError(t, err)
	got, err := collect(t, sources.Files(filepath.Join(folder, "**", "*.txt")))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(folder, "a", "1.txt"), filepath.Join(folder, "a", "b", "2.txt")}, got)

	t.Chdir("a/b")
	got, err = collect(t, sources.Files("../*.txt"))
	require.NoError(t, err)
	require.Equal(t, []string{"../1.txt"}, got)
}

func TestLinksAreFollowedWhereAPatternNamesThem(t *testing.T) {
	quiet(t)
	tree(t, "real/1.txt", "real/deep/2.txt", "real/circle → ..", "link → real", "1.txt → real/1.txt", "lost.txt → nowhere")
	for name, c := range map[string]struct {
		pattern string
		want    []string
	}{
		"a folder spelled out":          {"link/*.txt", []string{"link/1.txt"}},
		"a folder matched":              {"l*/*.txt", []string{"link/1.txt"}},
		"not by two stars":              {"**/*1.txt", []string{"1.txt", "real/1.txt"}},
		"below a folder spelled out":    {"link/**/*.txt", []string{"link/1.txt", "link/deep/2.txt"}},
		"a link to nothing is yielded":  {"l*.txt", []string{"lost.txt"}},
		"a link to a folder is no file": {"lin*", nil},
		"a link to a file, spelled out": {"1.txt", []string{"1.txt"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := collect(t, sources.Files(c.pattern))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestWhatFilesRefuses(t *testing.T) {
	quiet(t)
	tree(t, "a/1.txt")
	for name, c := range map[string]struct {
		pattern string
		is      error
		says    string
	}{
		"a path where nothing is":       {"missing.txt", fs.ErrNotExist, "missing.txt: "},
		"a folder":                      {"a", nil, `sources: Files: "a" is a folder: its files are "a/*", all files below it "a/**"`},
		"a pattern in a missing folder": {"b/c/*.txt", fs.ErrNotExist, "open b/c: "},
		"a pattern below a file":        {"a/1.txt/*", nil, "a/1.txt: not a directory"},
		"a malformed pattern":           {"a/[", path.ErrBadPattern, `sources: Files: pattern "a/[": syntax error in pattern`},
		"a brace that is not closed":    {"{a", path.ErrBadPattern, `pattern "{a"`},
		"an empty pattern":              {"", nil, "sources: Files: pattern must not be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := collect(t, sources.Files("a/*", c.pattern))
			require.Equal(t, []string{"a/1.txt"}, got, "what came before is delivered")
			require.ErrorContains(t, err, c.says)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

func TestAFolderThatCannotBeReadIsTheRunsError(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("may read everything")
	}
	quiet(t)
	tree(t, "a/1.txt", "b/2.txt")
	require.NoError(t, os.Chmod("b", 0))
	defer func() { require.NoError(t, os.Chmod("b", 0o700)) }() // or its files could not be removed
	got, err := collect(t, sources.Files("**/*.txt"))
	require.Equal(t, []string{"a/1.txt"}, got)
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "open b: ")
}

func TestFilesYieldsWhatDoublestarFinds(t *testing.T) {
	rerun.Once(t)
	quiet(t)
	tree(t, "a/a.a", "a/b/a.b", "a/b/b/a", "b/a", "b/b", "a.b", "b/ab/a/b/a.a", "ab/a", "ab/b/a.b", "ba/aa/bb/ab")
	elements := []string{"*", "**", "a", "b", "?", "a*", "*.b", "{a,b}", "[ab]*", "{a/b,b}", "*b*"}
	for _, one := range elements {
		for _, two := range elements {
			for _, three := range append(elements, "") {
				pattern := path.Join(one, two, three)
				if info, err := os.Stat(pattern); err == nil && info.IsDir() {
					continue
				}
				want, err := doublestar.FilepathGlob(pattern, doublestar.WithFilesOnly())
				require.NoError(t, err)
				got, err := collect(t, sources.Files(pattern))
				if err != nil {
					require.Empty(t, want, pattern)
					continue
				}
				slices.Sort(want)
				require.ElementsMatch(t, slices.Compact(want), got, pattern)
			}
		}
	}
}
