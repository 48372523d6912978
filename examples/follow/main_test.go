package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/vimaptest"
)

func TestEveryEntryIsCountedAcrossRotations(t *testing.T) {
	vimaptest.NoLeaks(t)
	var report strings.Builder
	require.NoError(t, run(t.Context(), &report, filepath.Join(t.TempDir(), "app.log"), 10_500))
	require.Equal(t, "END        1\nERROR    105\nINFO   10395\n11 rotations\n", report.String())
}
