package sources_test

import (
	"encoding/csv"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

type triple struct{ A, B, C string }

// FuzzCSV holds CSV to what encoding/csv says of each record.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"", "\n", "A,B,C", "A,B,C\n1,2,3\n", "C,x,A,B\r\n1,2,3,4\r\n", "\ufeffA,B,C\n\ufeff1,2,3", "A,B\n1,2\n", "A,B,C,A\n",
		"A,B,C\n1,2\n1,2,3,4\n\n\"1\n\n\",2,3\n1,2,3\n", "A,B,C\n\"1\"x,2,3\n1\",2,3\n1,2,3\n", "A,B,C\n1,2,3\n\"1,2,3\n1,2,3\n",
		"A,B,C\n\x00,\xff,\r\n\r,\r\r\n,3\n", "A,B,C\n" + strings.Repeat("1,2,3\n", 2000), "A,B,C\n" + strings.Repeat("x", 5000) + ",2,3\n1,2,3", "\"A\nB\",B,C,A\n1,2,3,4\n1",
	} {
		f.Add([]byte(text), false, uint16(0))
		f.Add([]byte(text), true, uint16(20))
	}
	f.Add([]byte("\n\n\n"), true, uint16(2))
	f.Add([]byte("A,B,C\n1,2,3\n\n\r\n\n\n\n\n"), false, uint16(6))
	f.Add([]byte("A,B,C\n1,2,3\n\n\r\n\n\n\n"), false, uint16(6))
	f.Fuzz(func(t *testing.T, text []byte, lazy bool, limit uint16) {
		rerun.Share(t, 4)
		path := filepath.Join(t.TempDir(), "f.csv")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		table := sources.Table{LazyQuotes: lazy, Text: sources.Text{MaxLength: int(limit), Raw: true}}
		run := table.CSV[triple](path).Ordered().Start(t.Context())
		var results []vimap.Result[triple, triple]
		for result := range run.Results() {
			results = append(results, result)
		}

		all := strings.TrimPrefix(string(text), "\ufeff")
		r := csv.NewReader(strings.NewReader(all))
		r.FieldsPerRecord, r.LazyQuotes = -1, lazy
		header := map[string]int{}
		for first, before := true, int64(0); ; first = false {
			record, err := r.Read()
			if record == nil && err != nil && !errors.As(err, new(*csv.ParseError)) {
				if limit > 0 && int64(len(all))-before > int64(limit) { // empty lines at the end
					require.ErrorIs(t, run.Err(), sources.ErrLineTooLong)
					require.Empty(t, results)
					return
				}
				break
			}
			size := r.InputOffset() - before
			before += size
			if limit > 0 && size > int64(limit) {
				require.ErrorIs(t, run.Err(), sources.ErrLineTooLong)
				require.Empty(t, results)
				return
			}
			if first {
				twice := false
				for i, name := range record {
					_, has := header[name]
					twice = twice || has && (name == "A" || name == "B" || name == "C")
					header[name] = i
				}
				_, a := header["A"]
				_, b := header["B"]
				_, c := header["C"]
				if err != nil || twice || !a || !b || !c {
					require.Error(t, run.Err())
					require.Empty(t, results)
					return
				}
				header[""] = len(record)
				continue
			}
			require.NotEmpty(t, results)
			result := results[0]
			results = results[1:]
			switch {
			case err != nil:
				require.ErrorContains(t, result.Err, err.Error())
				require.ErrorContains(t, result.Err, place(path, err.(*csv.ParseError).StartLine)) //nolint:errorlint // it is
			case len(record) != header[""]:
				require.ErrorIs(t, result.Err, csv.ErrFieldCount)
				line, _ := r.FieldPos(0)
				require.ErrorContains(t, result.Err, place(path, line)+")")
			default:
				require.NoError(t, result.Err)
				require.Equal(t, triple{record[header["A"]], record[header["B"]], record[header["C"]]}, result.Out)
			}
		}
		require.NoError(t, run.Err())
		require.Empty(t, results)
	})
}

// FuzzJSONArray holds JSONArray to what encoding/json/v2 says of the whole.
func FuzzJSONArray(f *testing.F) {
	for _, text := range []string{
		"", "[]", " [ ] ", "[1,2]", "[1,2", "[1,]", "[1][2]", `{"a":1}`, `["a\n",null,{"a":[1]},tru]`, `[{"a":1,"a":2},1]`, "[\"\xff\",1]",
		"[" + strings.Repeat("1,", 5000) + "1]", "[\"" + strings.Repeat("x", 5000) + "\",1]", "[1, 2", "[-]", "[1e400]", "\ufeff[1]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rerun.Share(t, 4)
		path := filepath.Join(t.TempDir(), "f.json")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		run := sources.Text{Raw: true}.JSONArray[any](path).Ordered().Start(t.Context())
		var results []vimap.Result[any, any]
		for result := range run.Results() {
			results = append(results, result)
		}
		var want []jsontext.Value
		err := json.Unmarshal(text, &want, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		require.Equal(t, err == nil && trimmed(text) != "null", run.Err() == nil, "%v, %v", err, run.Err())
		if run.Err() == nil {
			require.Len(t, results, len(want))
		}
		for i, result := range results {
			if i >= len(want) {
				break // of what ends in a failure, Unmarshal says nothing of the rest
			}
			var one any
			if err := json.Unmarshal(want[i], &one); err != nil {
				require.ErrorContains(t, result.Err, err.Error())
				continue
			}
			require.NoError(t, result.Err)
			require.Equal(t, one, result.Out)
		}
	})
}

func trimmed(text []byte) string { return strings.Trim(string(text), " \t\r\n") }
