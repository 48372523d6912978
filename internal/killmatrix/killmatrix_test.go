//go:build linux

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestMain(m *testing.M) {
	faultBeforeInit()
	// Or a child with the race detector takes a second to end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	process.Init()
	os.Exit(m.Run())
}

// The whole matrix takes a minute or two: it is a program. What is here is one
// fault for each moment, and all of them for the moment that matters most.
func TestSomeCellsOfTheMatrix(t *testing.T) {
	rerun.Share(t, 12)
	vimaptest.NoLeaks(t)
	for _, c := range []cell{
		{moment: "handshake", fault: "SIGKILL"},
		{moment: "open", fault: "garbage"},
		{moment: "idle", fault: "exit 0"},
		{moment: "half-written", fault: "exit 1"},
		{moment: "close", fault: "SIGKILL"},
		{moment: "in hand", fault: "SIGKILL"},
		{moment: "in hand", fault: "exit 0"},
		{moment: "in hand", fault: "garbage"},
		{moment: "in hand", fault: "hang"},
		{moment: "in hand", fault: "SIGSTOP"},
		{moment: "in hand", fault: "stack overflow"},
		{moment: "in hand", fault: "memory"},
	} {
		c.variant = variant{all: true, ordered: true}
		t.Run(c.moment+" "+c.fault, func(t *testing.T) { require.NoError(t, c.run(t.Context())) })
	}
}

func TestAShortSoak(t *testing.T) {
	rerun.Share(t, 8)
	vimaptest.NoLeaks(t)
	require.NoError(t, soaked(t.Context(), 3000))
}
