package sinks_test

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// indented encodes itself over several lines.
type indented struct{}

func (indented) MarshalJSON() ([]byte, error) { return []byte("{\n  \"a\": 1\n}\n"), nil }

func TestJSONLinesWritesOneValueALine(t *testing.T) {
	var written bytes.Buffer
	lines, err := sources.Slice([]any{
		"text\nwith <b>&\u2028", 17, 0.1, nil, true, []int(nil), map[string]int{"b": 1, "c": 2, "a": 3}, indented{}, struct {
			Name string `json:"name"`
			Note string `json:"note,omitzero"`
		}{"n", ""},
	}).Ordered().To(t.Context(), sinks.JSONLinesTo(&written).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(9), lines)
	require.Equal(t, strings.Join([]string{
		`"text\nwith <b>&` + "\u2028" + `"`, `17`, `0.1`, `null`, `true`, `[]`, `{"a":3,"b":1,"c":2}`, `{"a":1}`, `{"name":"n"}`,
	}, "\n")+"\n", written.String())
}

func TestJSONLinesPairsWritesInputAndOutput(t *testing.T) {
	var written bytes.Buffer
	lines, err := sources.Slice([]string{"a", "bb"}).
		Map(func(word string) int { return len(word) }).
		Ordered().
		To(t.Context(), sinks.JSONLinesTo(&written).Pairs)
	require.NoError(t, err)
	require.Equal(t, int64(2), lines)
	require.Equal(t, `{"in":"a","out":1}`+"\n"+`{"in":"bb","out":2}`+"\n", written.String())
}

func TestJSONLinesPairsAreReadBackAsPairs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	doubled := sources.Slice(numbers(1000)).Map(func(n int) int { return 2 * n }).Ordered()
	_, err := doubled.To(t.Context(), sinks.JSONLines(path).Pairs)
	require.NoError(t, err)
	wanted, err := doubled.To(t.Context(), sinks.Zip)
	require.NoError(t, err)
	got, err := sources.JSONLines[vimap.Pair[int, int]](path).Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, wanted, got)
}

func TestValueThatIsNoJSONEndsTheRunWithItsPlace(t *testing.T) {
	for name, value := range map[string]any{
		"not a number":  math.NaN(),
		"a channel":     make(chan int),
		"invalid UTF-8": "\xff",
		"an error":      errors.New("has no fields"),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.jsonl")
			outputs := sources.Slice([]any{"good", value, "never"}).Ordered()
			lines, err := outputs.To(t.Context(), sinks.JSONLines(path).Outputs)
			require.ErrorContains(t, err, "sinks: JSONLines: "+path+":2: json")
			require.Equal(t, int64(1), lines)
			require.NoFileExists(t, path)

			var written bytes.Buffer
			_, err = outputs.To(t.Context(), sinks.JSONLinesTo(&written).Outputs)
			require.ErrorContains(t, err, "sinks: JSONLinesTo: line 2: json")
			require.Equal(t, "\"good\"\n", written.String())
		})
	}
}

func TestJSONLinesResultsWritesALineForEveryInputAndGoesOnAfterFailures(t *testing.T) {
	var written bytes.Buffer
	lines, err := sources.Slice([]int{6, 7, 8}).Try(notSeven).Ordered().
		To(t.Context(), sinks.JSONLinesTo(&written).Results)
	require.NoError(t, err)
	require.Equal(t, int64(3), lines)
	got := strings.Split(written.String(), "\n")
	require.Equal(t, `{"in":6,"out":6}`, got[0])
	require.Regexp(t, `^{"in":7,"error":".*seven is too much"}$`, got[1])
	require.Equal(t, `{"in":8,"out":8}`, got[2])
}

func TestJSONLinesResultsAreReadBackAsOutcomes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	_, err := sources.Slice(numbers(10)).Try(notSeven).Ordered().To(t.Context(), sinks.JSONLines(path).Results)
	require.NoError(t, err)
	outcomes, err := sources.JSONLines[sinks.Outcome[int, int]](path).Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, outcomes, 10)
	for n, outcome := range outcomes {
		require.Equal(t, n, outcome.In)
		if n == 7 {
			require.Nil(t, outcome.Out)
			require.ErrorContains(t, errors.New(outcome.Error), errSeven.Error())
		} else {
			require.Equal(t, n, *outcome.Out)
			require.Empty(t, outcome.Error)
		}
	}
}

func TestJSONLinesResultsEndsWithTheErrorOfTheSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	_, err := broken(3, errSeven).To(t.Context(), sinks.JSONLines(path).Results)
	require.ErrorIs(t, err, errSeven)
	require.NoFileExists(t, path)
}
