package sources_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

// trickles writes parts to the standard input, each after the items before it
// have come, and returns what came.
func trickles[T any](t *testing.T, source vimap.Pipeline[T, T], parts ...string) (items []T) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	before := os.Stdin
	os.Stdin = r
	defer func() {
		os.Stdin = before
		require.NoError(t, r.Close())
	}()
	write := func() {
		_, err := w.WriteString(parts[0])
		require.NoError(t, err)
		parts = parts[1:]
		if len(parts) == 0 {
			require.NoError(t, w.Close())
		}
	}
	late := time.AfterFunc(time.Minute, func() { panic("an item was held back") })
	defer late.Stop()
	run := source.Start(t.Context())
	write()
	for _, item := range run.Zip() {
		items = append(items, item)
		write()
	}
	require.NoError(t, run.Err())
	return items
}

func TestRowsAndElementsThatTrickleInAreNotHeldBack(t *testing.T) {
	quiet(t)
	require.Equal(t, []person{named("A", 1), named("B\n", 2)},
		trickles(t, sources.CSV[person](), "name,age,City\nA,1,\n", "\"B\n\",2,\n", ""))
	require.Equal(t, []string{"a", "b"},
		trickles(t, sources.JSONArray[string](), `["a"`, `,"b"`, `]`))
}
