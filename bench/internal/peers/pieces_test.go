package peers_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/peers"
)

// A piece has 256 KB: lines of each length end before, at and behind its end.
func TestPiecesHaveEachLineOnce(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int{
		"empty lines":                  0,
		"short lines":                  1,
		"lines that fill a piece":      63,
		"lines that cross its end":     60,
		"lines as long as they may be": 4_000,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for i := range 600_000 / (length + 1) {
				want = append(want, strings.Repeat(string(rune('a'+i%26)), length))
			}
			path := filepath.Join(t.TempDir(), "lines.txt")
			require.NoError(t, os.WriteFile(path, []byte(strings.Join(want, "\n")+"\n"), 0o600))

			var mu sync.Mutex
			var got []string
			require.NoError(t, peers.Pieces(path, 3, func(_ int, lines []byte) {
				mu.Lock()
				defer mu.Unlock()
				for line := range bytes.Lines(lines) {
					got = append(got, strings.TrimSuffix(string(line), "\n"))
				}
			}))
			slices.Sort(want)
			slices.Sort(got)
			require.True(t, slices.Equal(want, got), "%d lines, want %d", len(got), len(want))
		})
	}
}

func TestPiecesRefuseALineThatIsTooLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "line.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("x", 300_000)+"\n"), 0o600))
	require.ErrorContains(t, peers.Pieces(path, 1, func(int, []byte) {}), "longer than")
}
