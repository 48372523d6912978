package sinks_test

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestJSONArrayWritesOneArray(t *testing.T) {
	for name, c := range map[string]struct {
		values []any
		want   string
	}{
		"of nothing": {nil, "[\n]\n"},
		"of one":     {[]any{1}, "[\n1\n]\n"},
		"of several": {[]any{"a\n", nil, []int{}, map[string]int{"b": 1, "a": 2}}, "[\n\"a\\n\",\nnull,\n[],\n{\"a\":2,\"b\":1}\n]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var written bytes.Buffer
			n, err := sources.Slice(c.values).Ordered().To(t.Context(), sinks.JSONArrayTo(&written).Outputs)
			require.NoError(t, err)
			require.EqualValues(t, len(c.values), n)
			require.Equal(t, c.want, written.String())

			path := filepath.Join(t.TempDir(), "out.json")
			_, err = sources.Slice(c.values).Ordered().To(t.Context(), sinks.JSONArray(path).Outputs)
			require.NoError(t, err)
			require.Equal(t, c.want, read(t, path))
		})
	}
}

func TestAnArrayIsReadBack(t *testing.T) {
	var texts []string
	for _, text := range nastyTexts {
		texts = append(texts, strings.ToValidUTF8(text, "?")) // JSON has no other
	}
	for _, suffix := range []string{"", ".gz", ".zst"} {
		t.Run(suffix, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			path := filepath.Join(t.TempDir(), "out.json"+suffix)
			doubled := sources.Slice(texts).Map(func(s string) string { return s + s }).Ordered()
			_, err := doubled.To(t.Context(), sinks.JSONArray(path).Pairs)
			require.NoError(t, err)
			want, err := doubled.To(t.Context(), sinks.Zip)
			require.NoError(t, err)
			got, err := sources.JSONArray[vimap.Pair[string, string]](path).Ordered().To(t.Context(), sinks.Collect)
			require.NoError(t, err)
			require.Equal(t, want, got)

			many := numbers(10_000)
			_, err = sources.Slice(many).Try(notSeven).Ordered().To(t.Context(), sinks.JSONArray(path).Results)
			require.NoError(t, err)
			outcomes, err := sources.JSONArray[sinks.Outcome[int, int]](path).Ordered().To(t.Context(), sinks.Collect)
			require.NoError(t, err)
			require.Len(t, outcomes, len(many))
			require.ErrorContains(t, errors.New(outcomes[7].Error), "seven")
			require.Equal(t, 9_999, *outcomes[9_999].Out)
		})
	}
}

func TestAnArrayIsWholeWhenTheRunFails(t *testing.T) {
	for name, c := range map[string]struct {
		outputs vimap.Pipeline[int, any]
		want    []any
	}{
		"a failed source":          {broken(3, errSeven).Ordered().Map(anyOf), []any{0.0, 1.0, 2.0}},
		"at once":                  {broken(0, errSeven).Map(anyOf), []any{}},
		"a failed input":           {endless().Try(notSeven).Ordered().Map(anyOf), []any{0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0}},
		"a value that is no JSON":  {sources.Slice([]int{1, 7}).Ordered().Map(nanAtSeven), []any{1.0}},
		"a panic in MarshalJSON":   {sources.Slice([]int{1, 7}).Ordered().Map(func(n int) any { return panicky(n) }), []any{1.0}},
		"much before it":           {broken(10_000, errSeven).Ordered().Map(anyOf), nil},
		"the first is no JSON":     {sources.Slice([]int{7}).Map(nanAtSeven), []any{}},
		"a panic in the last step": {sources.Slice([]int{1, 0}).Ordered().Map(func(n int) any { return 1 / n }), []any{1.0}},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			var written bytes.Buffer
			n, err := c.outputs.To(t.Context(), sinks.JSONArrayTo(&written).Outputs)
			require.Error(t, err)
			var got []any
			require.NoError(t, json.Unmarshal(written.Bytes(), &got), written.String())
			if c.want != nil {
				require.Equal(t, c.want, got)
			} else {
				require.Len(t, got, 10_000)
				require.EqualValues(t, 10_000, n)
			}

			folder := t.TempDir()
			path := filepath.Join(folder, "out.json")
			write(t, path, "old\n")
			_, err = c.outputs.To(t.Context(), sinks.JSONArray(path).Outputs)
			require.Error(t, err)
			require.Equal(t, "old\n", read(t, path))
			require.Equal(t, []string{"out.json"}, names(t, folder))
		})
	}
}

func anyOf(n int) any { return n }

func nanAtSeven(n int) any {
	if n == 7 {
		return math.NaN()
	}
	return n
}

type panicky int

func (p panicky) MarshalJSON() ([]byte, error) {
	if p == 7 {
		panic("boom")
	}
	return []byte("1"), nil
}

func TestAValueThatIsNoJSONEndsTheArrayWithItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.json")
	outputs := sources.Slice([]int{1, 7}).Ordered().Map(nanAtSeven)
	_, err := outputs.To(t.Context(), sinks.JSONArray(path).Outputs)
	require.ErrorContains(t, err, "sinks: JSONArray: "+path+"[1]: json: ")
	var written bytes.Buffer
	_, err = outputs.To(t.Context(), sinks.JSONArrayTo(&written).Outputs)
	require.ErrorContains(t, err, "sinks: JSONArrayTo: element 1: json: ")
}

func TestDeadLettersMayBeAnArray(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.json")
	_, err := broken(10, errSeven).Try(notSeven).
		DeadLetters(sinks.JSONArray(path).DeadLetters).
		To(t.Context(), sinks.Ignore)
	require.ErrorIs(t, err, errSeven)
	letters, err := sources.JSONArray[sinks.Letter[int]](path).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.Equal(t, 7, letters[0].In)
}

func TestAWriterThatFailsIsNotWrittenToAgain(t *testing.T) {
	errFull := errors.New("full")
	failed := false
	w := writerFunc(func([]byte) (int, error) {
		require.False(t, failed)
		failed = true
		return 0, errFull
	})
	_, err := endless().To(t.Context(), sinks.JSONArrayTo(w).Outputs)
	require.ErrorIs(t, err, errFull)
	require.ErrorContains(t, err, "sinks: JSONArrayTo: full")
}
