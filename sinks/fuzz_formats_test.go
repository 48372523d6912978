package sinks_test

import (
	"math"
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

// FuzzRowsComeBack holds that sources.CSV reads what sinks.CSV wrote, packed or
// not, but for the CR of a CRLF.
func FuzzRowsComeBack(f *testing.F) {
	for i, text := range nastyTexts {
		f.Add(text, "b", i, uint8(3), uint8(i))
		f.Add("a", text, -i, uint8(1), uint8(i+1))
	}
	f.Fuzz(func(t *testing.T, text, note string, count int, times, how uint8) {
		rerun.Share(t, 4)
		times %= 20
		comma := []rune{',', '\t', ';'}[how%3]
		path := filepath.Join(t.TempDir(), "rows"+[]string{"", ".gz", ".zst"}[how/3%3])
		sink, table := sinks.CSV(path).Comma(comma), sources.Table{Comma: comma}
		one := table
		if how/9%2 == 1 {
			sink, table.Header, one.Header = sink.NoHeader(), []string{"text", "count", "ratio", "Note"}, []string{"text"}
		}
		var rows []cell
		var lones []lone
		for range times {
			row := cell{Text: text, Count: count, Note: &note}
			if note == "" {
				row.Note = nil // CSV has one form for both
			}
			rows, lones = append(rows, row), append(lones, lone{text}, lone{note})
		}
		_, err := sources.Slice(rows).Ordered().To(t.Context(), sink.Outputs)
		require.NoError(t, err)
		back, err := table.CSV[cell](path).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		for i := range rows {
			rows[i].Text = read1(text)
			if note := read1(note); rows[i].Note != nil {
				rows[i].Note = &note
			}
		}
		require.Equal(t, rows, back)

		_, err = sources.Slice(lones).Ordered().To(t.Context(), sink.Outputs)
		require.NoError(t, err)
		backs, err := one.CSV[lone](path).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		for i := range lones {
			lones[i].Text = read1(lones[i].Text)
		}
		require.Equal(t, lones, backs)
	})
}

// read1 is what encoding/csv reads of a field.
func read1(field string) string { return strings.ReplaceAll(field, "\r\n", "\n") }

// FuzzArraysComeBack holds that sources.JSONArray reads what sinks.JSONArray
// wrote, packed or not.
func FuzzArraysComeBack(f *testing.F) {
	for i, text := range nastyTexts {
		f.Add(text, float64(i)/3, uint8(i))
	}
	f.Add("a", math.NaN(), uint8(1))
	f.Fuzz(func(t *testing.T, text string, ratio float64, times uint8) {
		rerun.Share(t, 4)
		times %= 20
		path := filepath.Join(t.TempDir(), "array"+[]string{"", ".gz", ".zst"}[times%3])
		values := make([]value, times)
		for i := range values {
			values[i] = value{Text: text, Ratio: ratio, Bytes: []byte(text), List: []string{text}, Map: map[string]int64{text: 1}}
		}
		_, err := sources.Slice(values).Ordered().To(t.Context(), sinks.JSONArray(path).Pairs)
		if times > 0 && (!utf8.ValidString(text) || math.IsNaN(ratio) || math.IsInf(ratio, 0)) {
			require.ErrorContains(t, err, path+"[0]: ")
			require.NoFileExists(t, path)
			return
		}
		require.NoError(t, err)
		back, err := sources.JSONArray[vimap.Pair[value, value]](path).Ordered().To(t.Context(), sinks.Collect)
		require.NoError(t, err)
		require.Len(t, back, len(values))
		for _, pair := range back {
			require.Equal(t, values[0], pair.In)
			require.Equal(t, values[0], pair.Out)
		}
	})
}
