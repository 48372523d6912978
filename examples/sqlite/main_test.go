package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/vimaptest"
)

func TestEveryRowIsInTheMeanOfItsStation(t *testing.T) {
	vimaptest.NoLeaks(t)
	var report strings.Builder
	require.NoError(t, run(t.Context(), &report, t.TempDir(), 28_000))
	require.Equal(t, "Bergen     3.0\nHarare     8.0\nLima      13.0\nNome, AK  18.0\n", report.String())
}
