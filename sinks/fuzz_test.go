package sinks_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// FuzzLinesComeBack holds that sources.Lines reads what sinks.Lines wrote, and
// that nothing is written of what would come back as something else.
func FuzzLinesComeBack(f *testing.F) {
	for _, text := range []string{"", "a", "a\n", "a\r", "\r\r", "a\rb", "\t", "a\tb", "\x00", "\xff\xfe", "\ufeff", "\u2028", strings.Repeat("x", 70_000)} {
		f.Add(text, "b", uint8(3))
		f.Add("", text, uint8(200))
	}
	f.Fuzz(func(t *testing.T, a, b string, times uint8) {
		rerun.Share(t, 8)
		var lines []string
		for range times {
			lines = append(lines, a, b)
		}
		bad := func(s string) bool { return strings.Contains(s, "\n") || strings.HasSuffix(s, "\r") }
		path := filepath.Join(t.TempDir(), "lines.txt")
		n, err := sources.Slice(lines).Ordered().To(t.Context(), sinks.Lines(path).Outputs)
		if times > 0 && (bad(a) || bad(b)) {
			require.ErrorContains(t, err, "write JSONLines")
			require.NoFileExists(t, path)
			return
		}
		require.NoError(t, err)
		require.EqualValues(t, len(lines), n)
		back, err := sources.Lines(path).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		require.Equal(t, lines, back)

		var pairs bytes.Buffer
		_, err = sources.Slice(lines).Ordered().To(t.Context(), sinks.LinesTo(&pairs).Pairs)
		if times > 0 && strings.Contains(a+b, "\t") {
			require.ErrorContains(t, err, "holds a tab")
			return
		}
		require.NoError(t, err)
		back, err = sources.Reader(&pairs).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		require.Len(t, back, len(lines))
		for i, line := range back {
			require.Equal(t, lines[i]+"\t"+lines[i], line)
		}
	})
}

// value has a field of each kind that JSON has a form for.
type value struct {
	Text   string
	Number int64
	Ratio  float64
	Bytes  []byte
	Is     *bool
	List   []string
	Map    map[string]int64
	Any    any
}

// FuzzJSONLinesComeBack holds that sources.JSONLines reads what sinks.JSONLines
// wrote, and that nothing is written of what JSON has no form for.
func FuzzJSONLinesComeBack(f *testing.F) {
	f.Add("", int64(0), 0.0, []byte{}, false, uint8(0))
	f.Add("a\n\r\u2028<&>\"\\", int64(math.MinInt64), math.SmallestNonzeroFloat64, []byte("\x00\xff"), true, uint8(3))
	f.Add("\xff", int64(-1), math.MaxFloat64, []byte("a"), true, uint8(1))
	f.Add("\ufeff\x00", int64(math.MaxInt64), math.Copysign(0, -1), []byte(nil), false, uint8(1))
	f.Add("a", int64(1), math.NaN(), []byte{1}, true, uint8(1))
	f.Add("a", int64(1), math.Inf(-1), []byte{1}, true, uint8(2))
	f.Add(strings.Repeat("long", 20_000), int64(1), 0.1, []byte{1}, true, uint8(9))
	f.Fuzz(func(t *testing.T, text string, number int64, ratio float64, raw []byte, is bool, times uint8) {
		rerun.Share(t, 4)
		v := value{
			Text: text, Number: number, Ratio: ratio, Bytes: append([]byte{}, raw...), Is: &is,
			List: []string{text, ""}, Map: map[string]int64{text: number, text + "b": 2}, Any: []any{text, is, nil, ratio},
		}
		values := make([]value, times)
		for i := range values {
			values[i] = v
		}
		path := filepath.Join(t.TempDir(), "values.jsonl")
		_, err := sources.Slice(values).Ordered().To(t.Context(), sinks.JSONLines(path).Pairs)
		if times > 0 && (!utf8.ValidString(text) || math.IsNaN(ratio) || math.IsInf(ratio, 0)) {
			require.ErrorContains(t, err, path+":1: ")
			require.NoFileExists(t, path)
			return
		}
		require.NoError(t, err)
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, int(times), bytes.Count(written, []byte("\n")), "a line each")
		back, err := sources.JSONLines[vimap.Pair[value, value]](path).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		require.Len(t, back, len(values))
		for _, pair := range back {
			require.Equal(t, v, pair.In)
			require.Equal(t, v, pair.Out)
		}
	})
}
