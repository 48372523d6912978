package sources_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// split is what Lines should do, in three lines.
func split(text []byte) (lines []string) {
	for line := range bytes.SplitAfterSeq(text, []byte{'\n'}) {
		if whole, ended := bytes.CutSuffix(line, []byte{'\n'}); ended {
			lines = append(lines, string(bytes.TrimSuffix(whole, []byte{'\r'})))
		} else if len(line) > 0 {
			lines = append(lines, string(line))
		}
	}
	return lines
}

// A chopper reads by the sizes given, over and over; 0 is a read of nothing.
type chopper struct {
	text  []byte
	sizes []byte
	scale int
	reads int
	last  error // nil: the last bytes come with io.EOF beside them
}

func (c *chopper) Read(p []byte) (int, error) {
	size := len(p)
	if len(c.sizes) > 0 {
		size = int(c.sizes[c.reads%len(c.sizes)]) * c.scale
		c.reads++
		if size == 0 && c.reads%2 == 0 {
			size = 1 // or nothing would ever come
		}
	}
	n := copy(p[:min(size, len(p))], c.text)
	c.text = c.text[n:]
	if len(c.text) == 0 && (c.last == nil || n == 0) {
		if c.last != nil {
			return n, c.last
		}
		return n, io.EOF
	}
	return n, nil
}

func chopped(text string) []io.Reader {
	return []io.Reader{
		strings.NewReader(text),
		iotest.OneByteReader(strings.NewReader(text)),
		iotest.HalfReader(strings.NewReader(text)),
		&chopper{text: []byte(text), sizes: []byte{1, 0, 7, 255}, scale: 3},
	}
}

// FuzzLines is best run with -fuzzminimizetime=10x: what a run covers varies
// with its goroutines, which keeps the fuzzer minimising.
func FuzzLines(f *testing.F) {
	for _, text := range []string{
		"", "\n", "a", "a\nb", "a\r\nb\r", "\r\n\r\n", "\r\r\n", "\x00\xff\n\ufeff",
		strings.Repeat("\n", 5000), strings.Repeat("abcdefg\r\n", 600),
		strings.Repeat("x", 4095) + "\n" + strings.Repeat("y", 4096) + "\n" + strings.Repeat("z", 4097) + "\n",
		strings.Repeat("x", 16<<10) + "\n" + strings.Repeat("y", 16<<10-1) + "\n",
	} {
		f.Add([]byte(text), []byte{}, uint8(1), false)
		f.Add([]byte(text), []byte{1}, uint8(1), true)
		f.Add([]byte(text), []byte{1, 2, 0, 255}, uint8(17), false)
	}
	f.Fuzz(func(t *testing.T, text, sizes []byte, scale uint8, fails bool) {
		rerun.Share(t, 4)
		want := split(text)
		r := &chopper{text: text, sizes: sizes, scale: int(scale)}
		errBroken := errors.New("broken")
		if fails {
			r.last = errBroken
			want = split(text[:bytes.LastIndexByte(text, '\n')+1])
		}
		got, err := collect(t, sources.Reader(r))
		require.Equal(t, want, got)
		if fails {
			require.ErrorIs(t, err, errBroken)
		} else {
			require.NoError(t, err)
		}
	})
}

var passes atomic.Uint64

var noise = sync.OnceValue(func() []byte {
	random := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 4<<20)
	for i := range noise {
		noise[i] = "abc\r\x00\xff"[random.IntN(6)]
	}
	return noise
})

func TestAnyTextReadInAnyPiecesIsCutAsSplitDoes(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	seed := 20261123 + passes.Add(1) // each pass of the binary tries other texts
	random := rand.New(rand.NewPCG(seed, seed))
	// Lengths about the sizes at which the cutter changes its mind.
	lengths := []int{0, 1, 60, 4094, 4095, 4096, 4097, 16<<10 - 1, 16 << 10, 20 << 10, 36 << 10, 256<<10 - 1, 256 << 10, 256<<10 + 1, 260 << 10, 1 << 20, 1<<20 + 4<<10, 3 << 19}
	noise := noise()
	for range 12 {
		var text bytes.Buffer
		for range random.IntN(30) {
			length := lengths[min(random.IntN(len(lengths)), random.IntN(len(lengths)))]
			from := random.IntN(len(noise) - length)
			text.Write(noise[from : from+length])
			text.WriteString([]string{"\n", "\r\n", ""}[random.IntN(3)])
		}
		sizes := make([]byte, random.IntN(5))
		for i := range sizes {
			sizes[i] = byte(random.IntN(256))
		}
		scale := 1 << (2 + random.IntN(11))
		got, err := collect(t, sources.Reader(&chopper{text: text.Bytes(), sizes: sizes, scale: scale}))
		require.NoError(t, err)
		if want := split(text.Bytes()); !equal(want, got) {
			t.Fatalf("seed %d: sizes %v · %d: %d lines, want %d", seed, sizes, scale, len(got), len(want))
		}
	}
}

func equal(a, b []string) bool {
	return len(a) == len(b) && strings.Join(a, "\n") == strings.Join(b, "\n")
}
