package main

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachImageHasAThumbnailAndABrokenOneCostsItselfAlone(t *testing.T) {
	from, into := t.TempDir(), t.TempDir()
	require.NoError(t, makeImages(filepath.Join(from, "deep"), 5))
	require.NoError(t, os.WriteFile(filepath.Join(from, "broken.png"), []byte("no image"), 0o600))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, from, into))
	require.Equal(t, "broken.png: vimap: stage \"func\": item 0: image: unknown format\n5 thumbnails in "+into+"\n", out.String())

	made, err := filepath.Glob(filepath.Join(into, "*.jpg"))
	require.NoError(t, err)
	require.Len(t, made, 5)
	for _, path := range made {
		file, err := os.Open(path)
		require.NoError(t, err)
		config, format, err := image.DecodeConfig(file)
		require.NoError(t, file.Close())
		require.NoError(t, err)
		require.Equal(t, "jpeg", format)
		require.Equal(t, side, max(config.Width, config.Height))
	}
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	require.Error(t, run(t.Context(), &bytes.Buffer{}, filepath.Join(t.TempDir(), "none"), t.TempDir()))
}
