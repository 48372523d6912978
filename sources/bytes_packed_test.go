package sources_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

func TestBytesOfAPackedFileAreItsUnpackedLinesWhoeverReadsThem(t *testing.T) {
	rerun.Share(t, 4)
	text := numbered(30_000, 17)
	want := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	sorted := slices.Sorted(slices.Values(want))
	path := file(t, "lines", string(packed(text, func(w io.Writer) (io.WriteCloser, error) { return gzipped(w), nil })))
	for _, ordered := range []bool{false, true} {
		for _, lines := range cut(sources.Text{}, path) {
			got, err := gathered(t.Context(), lines, ordered)
			require.NoError(t, err)
			if ordered {
				require.Equal(t, want, got)
			} else {
				require.Equal(t, sorted, got)
			}
		}
	}
	raw := sources.Text{Raw: true}
	packed, err := collect(t, raw.Lines(path))
	require.NoError(t, err)
	require.NotEqual(t, want, packed)
	for _, lines := range cut(raw, path) {
		got, err := gathered(t.Context(), lines, true)
		require.NoError(t, err)
		require.Equal(t, packed, got, "as it is, it is text of a kind, too")
	}
}

func TestAnErrorInAPackedFileEndsBytesBehindItsWholeLines(t *testing.T) {
	rerun.Share(t, 4)
	path := file(t, "lines.gz", string(cutOff(numbered(30_000, 17))))
	lines, want := collect(t, sources.Lines(path))
	require.Error(t, want)
	for _, p := range cut(sources.Text{}, path) {
		got, err := gathered(t.Context(), p, true)
		require.EqualError(t, err, want.Error(), "the same error, at the same place")
		require.Equal(t, lines, got)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	for _, p := range cut(sources.Text{MaxUnpacked: 1000}, path) {
		_, err := gathered(t.Context(), p, false)
		var source *vimap.SourceError
		require.ErrorAs(t, err, &source)
		require.ErrorIs(t, err, sources.ErrUnpackedTooLarge)
	}
}
