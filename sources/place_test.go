package sources_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func TestTheSourcesOwnErrorReachesTheSinkWithItsPlaceAfterTheItemsReadBeforeIt(t *testing.T) {
	quiet(t)
	path := file(t, "requests.jsonl", strings.Repeat("{}\n", 16)+strings.Repeat("x", 100)+"\n{}\n")
	source := sources.Text{MaxLength: 50}.Lines(path)
	upper := vimap.Func(func(_ context.Context, line string) (string, error) { return strings.ToUpper(line), nil }).Workers(3)
	for i, p := range []vimap.Pipeline[string, string]{source, source.Ordered(), source.Via(upper), source.Via(upper).Ordered()} {
		run := p.Start(t.Context())
		read := 0
		for result := range run.Results() {
			require.NoError(t, result.Err, "the error of the source is no item's")
			read++
		}
		require.Equal(t, 16, read, fmt.Sprint("pipeline ", i))
		var own *vimap.SourceError
		require.ErrorAs(t, run.Err(), &own)
		require.ErrorIs(t, run.Err(), sources.ErrLineTooLong)
		require.Contains(t, run.Err().Error(), filepath.Base(path)+":17: ")
	}
}
