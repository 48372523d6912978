package sources_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// FuzzUnpack holds that no bytes crash a decoder or make it unpack without end,
// that a gzip archive is what the standard library takes it for, and that all
// else is text.
func FuzzUnpack(f *testing.F) {
	for _, pack := range packs {
		archive := pack(nasty)
		f.Add(archive)
		f.Add(archive[:len(archive)-1])
		f.Add(append(bytes.Clone(archive), archive...))
		f.Add(append(bytes.Clone(archive), 0, 0, 0, 0))
		f.Add(append(bytes.Clone(archive), 'x'))
		f.Add(pack(""))
	}
	f.Add(packs["gzip"]("a\nb"))
	f.Add([]byte("a\r\nb"))
	f.Add([]byte("BZh"))
	const most = 1 << 20
	f.Fuzz(func(t *testing.T, data []byte) {
		rerun.Share(t, 4)
		got, err := collect(t, sources.Text{MaxUnpacked: most}.Reader(bytes.NewReader(data)))
		_, panicked := errors.AsType[*vimap.PanicError](err)
		require.False(t, panicked, "%v", err)
		size := 0
		for _, line := range got {
			size += len(line)
		}
		require.LessOrEqual(t, size, max(most, len(data)))
		again, err2 := collect(t, sources.Text{MaxUnpacked: most}.Reader(&chopper{text: data, sizes: []byte{1, 3, 200}, scale: 7}))
		require.Equal(t, err == nil, err2 == nil, "%v, %v", err, err2)
		if err == nil {
			require.Equal(t, got, again)
		}

		switch {
		case bytes.HasPrefix(data, []byte("\x1f\x8b\x08")):
			text, ungzipped := gunzip(data)
			if ungzipped == nil && len(text) <= most {
				require.NoError(t, err)
			}
			if err == nil {
				require.Equal(t, split(text), got)
			}
		case !archived(data):
			require.NoError(t, err)
			require.Equal(t, split(data), got)
		}
	})
}

func gunzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func archived(data []byte) bool {
	for _, magic := range []string{"\x28\xb5\x2f\xfd", "BZh", "\xfd7zXZ\x00"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return len(data) >= 4 && string(data[1:4]) == "\x2a\x4d\x18"
}
