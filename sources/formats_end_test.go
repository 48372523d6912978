package sources_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// canceled runs a source over a pipe that brings text and is not closed, and
// cancels when the first item has come.
func canceled[T any](t *testing.T, source vimap.Pipeline[T, T], text string) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer closing(r)
	defer closing(w)
	before := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = before }()
	_, err = w.WriteString(text)
	require.NoError(t, err)

	errEnough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	run := source.Start(ctx)
	n := 0
	for range run.Zip() {
		n++
		cancel(errEnough)
	}
	require.Equal(t, 1, n)
	require.ErrorIs(t, run.Err(), errEnough)
}

func TestTheEndOfTheContextInterruptsAReadOfATableOrAnArray(t *testing.T) {
	quiet(t)
	canceled(t, sources.CSV[person](), "name,age,City\nAda,36,\nAlan,")
	canceled(t, sources.JSONArray[string](), `["a","b`)
	canceled(t, sources.CSV[person](), string(cutOff("name,age,City\nAda,36,\nAlan,")))
	canceled(t, sources.JSONArray[string](), string(cutOff(`["a","b`)))
}

// Whatever a decoder or packer keeps for its next use must not hang in a bubble
// that is another's.
func TestPackedFilesAreReadAndWrittenInsideBubbles(t *testing.T) {
	rerun.Share(t, 8)
	folder := t.TempDir()
	lines := strings.Split(strings.TrimSuffix(many, "\n"), "\n")
	for range 2 {
		for _, suffix := range []string{".gz", ".zst"} {
			quiet(t)
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(folder, "many"+suffix)
				_, err := sources.Slice(lines).Ordered().To(t.Context(), sinks.Lines(path).Outputs)
				require.NoError(t, err)
				got, err := collect(t, sources.Lines(path))
				require.NoError(t, err)
				require.Equal(t, lines, got)
			})
		}
	}
}

func TestFormatsWorkInASerialRun(t *testing.T) {
	quiet(t)
	ctx := vimaptest.Serial(t.Context())
	path := file(t, "a.csv", string(packs["zstd"]("name,age,City\nAda,36,\n\"Al\nan\",41,\nx,y,\n")))
	var places []string
	run := sources.CSV[person](path).Try(func(person) (int, error) { return 0, errRefused }).Start(ctx)
	for result := range run.Results() {
		var item *vimap.ItemError
		require.ErrorAs(t, result.Err, &item)
		places = append(places, item.Place)
	}
	require.NoError(t, run.Err())
	require.Equal(t, []string{place(path, 2), place(path, 3), place(path, 5)}, places)

	got, err := sources.JSONArray[int](file(t, "a.json", "[1,2,3]")).To(ctx, sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, got)
}
