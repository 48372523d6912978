package sources_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// forest has names that patterns have trouble with.
var forest = []string{
	".hidden", "a.txt", "b.log", "a/x.txt", "a/y.log", "a/b/c.txt", "a/b/d/e.txt",
	"c/.d/f", "odd/[z].txt", "odd/{p,q}", "odd/*", "odd/a b", "odd/ü", "z/b/c.txt",
}

var treePatterns = []string{
	"", ".", "*", "**", "**/*", "*.txt", "**/*.txt", "a/**", "a/**/c.txt", "**/b/*", "?", "[a-c]/*", "[^a]/**", "{a,c}/**",
	"a/{b,x}*", "{a/b,z/b}/*.txt", "{**,a}/x.txt", "a/{b,**}", "**/{b,d}/**", "odd/[z].txt", `odd/\[z\].txt`, `odd/\*`, "odd/{p,q}",
	"a", "a/", "a/x.txt", "./a/../b.log", "../*", "/*", "/a.txt", "missing", "missing/*", "a.txt/*", "[", "{a", `\`, "a//x.txt",
	"**/**", "a**", "**a/*", "***", "a/***/c.txt", "*/*", "c/**", "c/*/*", "\x00", "\xff*", "{}", "{,a}", "[]", "[^]", "[]a]", "{{a,b},c}*",
	"a/{*}*", "a/*{*,b}", "{*,a}{*,b}/x.txt", "a*{}/{b,}*", "*{,x}/*",
}

// FuzzWalk holds Walk to what doublestar says of each file of a small tree.
func FuzzWalk(f *testing.F) {
	files := fstest.MapFS{}
	for _, name := range forest {
		files[name] = &fstest.MapFile{}
	}
	for _, pattern := range treePatterns {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		rerun.Share(t, 4)
		got, err := collect(t, sources.Walk(files, pattern))
		clean := path.Clean(pattern)
		info, statErr := fs.Stat(files, clean)
		switch {
		case pattern == "" || statErr == nil && info.IsDir():
			require.Error(t, err)
			return
		case statErr == nil:
			require.NoError(t, err)
			require.Equal(t, []string{clean}, got)
			return
		case !strings.ContainsAny(clean, `*?[{\`):
			require.Error(t, err)
			return
		case !doublestar.ValidatePattern(clean):
			require.ErrorIs(t, err, doublestar.ErrBadPattern)
			return
		}
		base, _ := doublestar.SplitPattern(clean)
		if info, statErr := fs.Stat(files, base); statErr != nil || !info.IsDir() {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		if clean == "**" || strings.HasSuffix(clean, "/**") {
			clean += "/*" // the files below
		}
		want := []string{}
		for _, name := range forest {
			if matched, _ := doublestar.Match(clean, name); matched {
				want = append(want, name)
			}
		}
		if starsMeet(clean) {
			require.Subset(t, want, got)
		} else {
			require.ElementsMatch(t, want, got)
		}
		require.True(t, slices.IsSortedFunc(got, byFolder), "%q", got)
	})
}

// starsMeet reports whether choosing among the alternatives of pattern can put
// two stars side by side, as in "{*}*": doublestar takes these for a "**" and
// looks below, while Walk stays in the folder, as each star says.
func starsMeet(pattern string) bool {
	return beside.MatchString(pattern) && border.MatchString(pattern)
}

var (
	beside = regexp.MustCompile(`\*\{|\}\*|\}\{`)
	border = regexp.MustCompile(`[{,]\*|\*[,}]`)
)

// byFolder is the order of filepath.WalkDir.
func byFolder(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

// FuzzFiles holds Files to what Walk finds in the same folder.
func FuzzFiles(f *testing.F) {
	folder := f.TempDir()
	for _, name := range forest {
		file := filepath.Join(folder, filepath.FromSlash(name))
		require.NoError(f, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(f, os.WriteFile(file, nil, 0o600))
	}
	for _, pattern := range treePatterns {
		f.Add(pattern, "")
		f.Add(pattern, "**/c.txt")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		rerun.Share(t, 4)
		clean := path.Clean(first)
		if strings.Contains(first+second, "..") || clean == "." || strings.HasPrefix(clean, "/") || path.Clean(second) == "." || strings.HasPrefix(second, "/") {
			t.Skip("it leads out of the folder, or is the folder")
		}
		patterns, joined := []string{first}, []string{folder + "/" + first}
		if second != "" {
			patterns, joined = append(patterns, second), append(joined, folder+"/"+second)
		}
		want, wantErr := collect(t, sources.Walk(os.DirFS(folder), patterns...))
		got, err := collect(t, sources.Files(joined...))
		for i, file := range got {
			name, inside := strings.CutPrefix(filepath.ToSlash(file), filepath.ToSlash(folder)+"/")
			require.True(t, inside && fs.ValidPath(name), file)
			got[i] = name
		}
		require.Equal(t, wantErr == nil, err == nil, "%v, %v", wantErr, err)
		require.Equal(t, want, got)
	})
}
