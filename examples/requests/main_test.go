package main

import (
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

type outcome = sinks.Outcome[Request, Response]

func TestEveryRequestHasExactlyOneLineWithItsOwnResponse(t *testing.T) {
	const n = 2_000
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.jsonl"), filepath.Join(folder, "out.jsonl")
	require.NoError(t, writeSample(t.Context(), in, n))
	require.NoError(t, run(t.Context(), io.Discard, in, out, 3))

	lines, err := sources.JSONLines[outcome](out).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, lines, n)
	seen := map[string]bool{}
	for _, line := range lines {
		require.False(t, seen[line.In.URI], "%s has two lines", line.In.URI)
		seen[line.In.URI] = true
		require.Empty(t, line.Error)
		require.JSONEq(t, string(line.In.Data), line.Out.Body)
	}
	for i := range n {
		require.True(t, seen[fmt.Sprintf("/item/%d", i)], "item %d has no line", i)
	}
}

func TestARequestThatNoServerUnderstandsHasALineWithItsError(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.jsonl"), filepath.Join(folder, "out.jsonl")
	bad := []Request{{URI: "/good"}, {URI: "/%zz"}}
	_, err := sources.Slice(bad).To(t.Context(), sinks.JSONLines(in).Outputs)
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), io.Discard, in, out, 2))

	lines, err := sources.JSONLines[outcome](out).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.Equal(t, line.In.URI == "/%zz", line.Error != "", "%+v", line)
	}
}
