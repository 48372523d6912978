package sources_test

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

var errBroken, errRefused = errors.New("broken"), errors.New("refused")

// refusals are the failures of a run in which every line fails.
func refusals(t *testing.T, lines vimap.Pipeline[string, string]) ([]vimap.Result[string, string], error) {
	t.Helper()
	run := lines.Try(func(string) (string, error) { return "", errRefused }).Ordered().Start(t.Context())
	var all []vimap.Result[string, string]
	for result := range run.Results() {
		all = append(all, result)
	}
	return all, run.Err()
}

// FuzzLimitsAndPlaces holds the cutter to what a split says, with a limit for
// the length of a line, errors of reading, and the place of every line.
func FuzzLimitsAndPlaces(f *testing.F) {
	long := strings.Repeat("x", 5000)
	for _, text := range []string{
		"", "a", "abc\n", "abc\r\nabcd\r\n", "abcd", "abc\r", "abcd\r", "a\n\nabc\rd\n", "\r\n\r\r\n", "\x00\xff\n\ufeff",
		long + "\r\n" + long + "x", strings.Repeat("ab\r\n", 5000),
	} {
		for _, limit := range []uint16{0, 1, 3, 5000} {
			f.Add([]byte(text), []byte{}, uint8(1), limit, false)
			f.Add([]byte(text), []byte{1, 2, 0, 255}, uint8(17), limit, true)
		}
	}
	f.Fuzz(func(t *testing.T, text, sizes []byte, scale uint8, limit uint16, fails bool) {
		rerun.Share(t, 4)
		r := &chopper{text: text, sizes: sizes, scale: int(scale)}
		want, last := split(text), error(nil)
		if fails {
			r.last, last = errBroken, errBroken
			whole := bytes.LastIndexByte(text, '\n') + 1
			want = split(text[:whole])
			if rest := bytes.TrimSuffix(text[whole:], []byte{'\r'}); limit > 0 && len(rest) > int(limit) {
				last = sources.ErrLineTooLong
			}
		}
		for i, line := range want {
			if limit > 0 && len(line) > int(limit) {
				want, last = want[:i], sources.ErrLineTooLong
				break
			}
		}

		results, err := refusals(t, sources.Text{MaxLength: int(limit)}.Reader(r))
		require.Len(t, results, len(want))
		for i, result := range results {
			require.Equal(t, want[i], result.In)
			var item *vimap.ItemError
			require.ErrorAs(t, result.Err, &item)
			require.Equal(t, fmt.Sprintf("reader:%d", i+1), item.Place)
		}
		require.ErrorIs(t, err, last)
		if last != nil {
			require.ErrorContains(t, err, fmt.Sprintf("reader:%d: ", len(want)+1))
		}
	})
}

// record has a field of each kind that JSON can decode into.
type record struct {
	Name   string
	Number int
	Ratio  float64
	Is     *bool
	List   []record
	Map    map[string]any
	Any    any
	Bytes  []byte
}

// FuzzJSONLines holds JSONLines to what encoding/json/v2 says of each line.
func FuzzJSONLines(f *testing.F) {
	for _, text := range []string{
		"", "\n", " \t\r\n", "1\n2", "null\r\n", `"a` + "\n" + `b"`, `{"Name":"a","Number":1}` + "\n" + `{"Name":1}` + "\n\n{}",
		`{"a":1,"a":2}`, `{"Name":"` + "\xff" + `"}`, "\ufeff1", "1 2", "[", `{"List":[{"Any":[1,{}]}],"Bytes":"aGk="}`, "\x00", "\v1",
		`{"Number":1e400,"Ratio":1e400}`, strings.Repeat("[", 20000), "{}\n" + strings.Repeat("{}\r\n", 2000) + "x",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rerun.Share(t, 4)
		path := filepath.Join(t.TempDir(), "f.jsonl")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		decodesAsLineByLine[record](t, path, text)
		decodesAsLineByLine[any](t, path, text)
		decodesAsLineByLine[int](t, path, text)
	})
}

func decodesAsLineByLine[T any](t *testing.T, path string, text []byte) {
	t.Helper()
	run := sources.JSONLines[T](path).Ordered().Start(t.Context())
	var results []vimap.Result[T, T]
	for result := range run.Results() {
		results = append(results, result)
	}
	require.NoError(t, run.Err())
	for number, line := range split(text) {
		if strings.Trim(line, " \t\r\n") == "" {
			continue
		}
		require.NotEmpty(t, results, "line %d has no outcome", number+1)
		result := results[0]
		results = results[1:]
		var want T
		err := json.Unmarshal([]byte(line), &want)
		if err == nil {
			require.NoError(t, result.Err)
			require.Equal(t, want, result.Out)
			require.Equal(t, want, result.In)
			continue
		}
		var item *vimap.ItemError
		require.ErrorAs(t, result.Err, &item)
		require.Equal(t, err.Error(), item.Err.Error())
		require.Equal(t, line, item.Input)
		require.Equal(t, fmt.Sprintf("%s:%d", path, number+1), item.Place)
	}
	require.Empty(t, results, "outcomes that belong to no line")
}
