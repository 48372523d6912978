package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/progress"
)

func TestSumsAreThoseThatSha256sumFinds(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "deep", "er"), 0o750))
	for name, text := range map[string]string{"b": "", "a": "abc", "deep/er/c": strings.Repeat("x", 100_000)} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	var sums, shown bytes.Buffer
	display := progress.Display{To: &shown}
	require.NoError(t, run(display.Show(t.Context(), "hashing"), &sums, folder))
	lines := strings.Split(strings.TrimSpace(sums.String()), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  "+filepath.Join(folder, "a"), lines[0])
	require.Contains(t, shown.String(), "hashing: 3 items in ")

	program, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("there is no sha256sum here")
	}
	check := exec.CommandContext(t.Context(), program, "-c", "--quiet")
	check.Stdin = &sums
	out, err := check.CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestWhatCanNotBeReadIsAnError(t *testing.T) {
	folder := t.TempDir()
	_, err := sum(t.Context(), file{path: filepath.Join(folder, "gone")})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, run(t.Context(), io.Discard, filepath.Join(folder, "gone")), os.ErrNotExist)
}
