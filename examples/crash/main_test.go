package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/process"
)

func TestMain(m *testing.M) {
	// Or a child with the race detector takes a second to end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	process.Init()
	os.Exit(m.Run())
}

func TestACrashCostsItsInputAlone(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, 20))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 20)
	require.Equal(t, "7: crash, exit status 134: double free or corruption", lines[7])
	require.Equal(t, "8: 64", lines[8])
	require.Equal(t, "19: 361", lines[19])
}
