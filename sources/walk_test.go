package sources_test

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sources"
)

var pages = fstest.MapFS{
	"b.txt": {}, "a/z.html": {}, "a/b/c.html": {}, "a.txt": {}, "c/d/e.txt": {},
	"empty": {Mode: fs.ModeDir},
}

func TestWalkYieldsFilesInLexicalOrder(t *testing.T) {
	quiet(t)
	for name, c := range map[string]struct {
		patterns []string
		want     []string
	}{
		"all":                {nil, []string{"a/b/c.html", "a/z.html", "a.txt", "b.txt", "c/d/e.txt"}},
		"those of a pattern": {[]string{"a/**/*.html"}, []string{"a/b/c.html", "a/z.html"}},
		"a path":             {[]string{"c/d/e.txt"}, []string{"c/d/e.txt"}},
		"of several":         {[]string{"c/*/*", "*.txt", "**/e.txt"}, []string{"c/d/e.txt", "a.txt", "b.txt"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := collect(t, sources.Walk(pages, c.patterns...))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// The files below were left out, without a word.
func TestAnyNumberOfFoldersMayStandAmongAlternatives(t *testing.T) {
	quiet(t)
	for pattern, want := range map[string][]string{
		"a/{x,**}":     {"a/b/c.html", "a/z.html"},
		"{a.txt,c/**}": {"a.txt", "c/d/e.txt"},
		"{**,x}/*.txt": {"a.txt", "b.txt", "c/d/e.txt"},
	} {
		got, err := collect(t, sources.Walk(pages, pattern))
		require.NoError(t, err)
		require.Equal(t, want, got, pattern)
	}
}

func TestWhatWalkRefuses(t *testing.T) {
	quiet(t)
	for _, pattern := range []string{"missing", "missing/*", "../*", "..", "/a/*", "/a.txt", "empty", "[", ""} {
		t.Run(pattern, func(t *testing.T) {
			got, err := collect(t, sources.Walk(pages, pattern))
			require.Empty(t, got)
			require.Error(t, err)
			t.Log(err)
		})
	}
}

func TestFoldersAreReadAsPathsAreUsed(t *testing.T) {
	quiet(t)
	watched := &watchedFS{files: fstest.MapFS{}}
	for i := range 10_000 {
		watched.files[fmt.Sprintf("%04d/file", i)] = &fstest.MapFile{}
	}
	require.Equal(t, []string{"0000/file", "0001/file"}, take(t, 2, sources.Walk(watched)))
	require.Less(t, len(watched.folders), 5000)
}

func TestNoFolderIsReadThatCannotMatch(t *testing.T) {
	quiet(t)
	for pattern, folders := range map[string][]string{
		"a/b/c.html":    nil,
		"a/b/*.html":    {"a/b"},
		"*.txt":         {"."},
		"*/b/*":         {".", "a", "a/b", "c", "empty"},
		"[ac]/[bd]/*":   {".", "a", "a/b", "c", "c/d"},
		"[bc]/**/d/*":   {".", "c", "c/d"},
		"{a/b,c}/*":     {".", "a", "a/b", "c", "c/d", "empty"}, // a slash between braces: all are looked at
		"**/{c,d}.html": {".", "a", "a/b", "c", "c/d", "empty"},
	} {
		watched := &watchedFS{files: pages}
		_, err := collect(t, sources.Walk(watched, pattern))
		require.NoError(t, err)
		require.Equal(t, folders, watched.folders, pattern)
	}
}
