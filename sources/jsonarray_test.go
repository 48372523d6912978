package sources_test

import (
	"encoding/json/v2"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

func TestTheElementsOfAnArrayAreDecoded(t *testing.T) {
	long := strings.Repeat("long ", 50_000)
	for name, c := range map[string]struct {
		text string
		want []any
	}{
		"an empty array":       {"[]", nil},
		"white space":          {" \r\n[\t]\n", nil},
		"one element":          {"[1]", []any{1.0}},
		"of every kind":        {`[1,"a",null,true,[2],{"b":3}]`, []any{1.0, "a", nil, true, []any{2.0}, map[string]any{"b": 3.0}}},
		"over lines, with CR":  {"[\r\n  1,\r\n  [\r\n 2 ]\r\n]\r\n", []any{1.0, []any{2.0}}},
		"brackets in a string": {`["]","[,\"]"]`, []any{"]", `[,"]`}},
		"NUL and quotes":       {`["\u0000\"\n"]`, []any{"\x00\"\n"}},
		"a long element":       {`["` + long + `",2]`, []any{long, 2.0}},
		"many elements":        {"[" + strings.Repeat("1,", 9999) + "1]", repeat[any](1.0, 10_000)},
		"much white space":     {"[" + strings.Repeat(" ", 20_000) + "1" + strings.Repeat(" ", 20_000) + ",2]", []any{1.0, 2.0}},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			got, err := collect(t, sources.JSONArray[any](file(t, "a.json", c.text)))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			zipped := packed(c.text, func(w io.Writer) (io.WriteCloser, error) { return gzipped(w), nil })
			got, err = collect(t, sources.JSONArray[any](file(t, "a", string(zipped))))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestArraysAreReadOneAfterAnother(t *testing.T) {
	quiet(t)
	one, two := file(t, "1.json", "[1,2]"), file(t, "2.json", "[]")
	got, err := collect(t, sources.JSONArray[int](one, two, one))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 1, 2}, got)
}

func TestAnElementThatIsNoSuchJSONFailsWithItsPlaceAndTheOthersGoOn(t *testing.T) {
	strict := sources.Text{JSON: json.RejectUnknownMembers(true)}
	for name, c := range map[string]struct {
		text    sources.Text
		element string
		says    string
	}{
		"another type":              {sources.Text{}, `{"data":{"n":"one"}}`, `within "/data/n"`},
		"another kind":              {sources.Text{}, `17`, "unmarshal JSON number into"},
		"a name twice":              {sources.Text{}, `{"uri":"/a","uri":"/b"}`, `duplicate object member name "uri"`},
		"invalid UTF-8":             {sources.Text{}, "{\"uri\":\"\xff\"}", "invalid UTF-8"},
		"an unknown name, if asked": {strict, `{"url":"/a"}`, `unknown object member name "url"`},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			path := file(t, "requests.json", "[{},\n"+c.element+" , {},"+c.element+"]")
			var good, places []string
			run := c.text.JSONArray[request](path).Ordered().Start(t.Context())
			for result := range run.Results() {
				if result.Err == nil {
					good = append(good, "good")
					continue
				}
				var item *vimap.ItemError
				require.ErrorAs(t, result.Err, &item)
				require.Equal(t, "decode", item.Stage)
				require.Equal(t, c.element, item.Input)
				require.ErrorContains(t, item, c.says)
				places = append(places, item.Place)
			}
			require.NoError(t, run.Err())
			require.Len(t, good, 2)
			require.Equal(t, []string{path + "[1]", path + "[3]"}, places)
		})
	}
}

func TestTextThatIsNoArrayEndsTheRunWithItsPlaceAfterTheElementsBeforeIt(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []int
		says string
	}{
		"an empty file":           {"", nil, "[0]: unexpected EOF"},
		"white space":             {" \n", nil, "[0]: unexpected EOF"},
		"an object":               {`{"a":1}`, nil, ": want an array, got {"},
		"a number":                {`17`, nil, ": want an array, got number"},
		"no JSON":                 {`what`, nil, "[0]: jsontext: invalid character 'w' at start of value"},
		"a byte order mark":       {"\ufeff[1]", nil, "[0]: jsontext: invalid character '\\ufeff' at start of value"},
		"no comma":                {"[1,2 3]", []int{1, 2}, "[2]: jsontext: invalid character '3'"},
		"two commas":              {"[1,,2]", []int{1}, `[1]: jsontext: invalid character ','`},
		"a comma at the end":      {"[1,]", []int{1}, `[1]: jsontext: invalid character ','`},
		"within an element":       {`[1,{"a":}]`, []int{1}, `[1]: jsontext: invalid character '}' after array element (expecting ',' or ']') within "/1" after offset 8`},
		"a control character":     {"[1,\"a\nb\"]", []int{1}, "[1]: jsontext: invalid character '\\n' in string"},
		"cut short in the array":  {"[1,2", []int{1}, "[1]: "},
		"cut short behind it":     {"[1,2,", []int{1, 2}, "[2]: "},
		"cut short in an element": {`[1,"a`, []int{1}, "[1]: "},
		"another array":           {"[1][2]", []int{1}, ": there is something after the array, which ends at offset 3"},
		"garbage behind it":       {"[1] x", []int{1}, ": there is something after the array, which ends at offset 3"},
		"a bracket too many":      {"[1]]", []int{1}, ": there is something after the array, which ends at offset 3"},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			path := file(t, "a.json", c.text)
			got, err := collect(t, sources.JSONArray[int](path, path))
			require.Equal(t, c.want, got)
			var own *vimap.SourceError
			require.ErrorAs(t, err, &own)
			require.ErrorContains(t, err, path+c.says)
			if strings.HasPrefix(name, "cut") || c.text == "" {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			}
		})
	}
}

func TestALongElementIsRefused(t *testing.T) {
	quiet(t)
	limit := sources.Text{MaxLength: 5}
	got, err := collect(t, limit.JSONArray[any](file(t, "a.json", `[12345,"abc",123456,1]`)))
	require.Equal(t, []any{12345.0, "abc"}, got)
	require.ErrorIs(t, err, sources.ErrLineTooLong)
	require.ErrorContains(t, err, "a.json[2]: line too long: more than 5 bytes")

	// Of one without an end no more is read than it takes.
	path := file(t, "b.json", string(cutOff(`[1,"`+strings.Repeat("x", 1<<20))))
	got, err = collect(t, limit.JSONArray[any](path))
	require.Equal(t, []any{1.0}, got)
	require.ErrorIs(t, err, sources.ErrLineTooLong)
	require.ErrorContains(t, err, "b.json[1]: ")
}

func TestATruncatedPackedArrayGivesItsElementsAndThenItsPlace(t *testing.T) {
	quiet(t)
	path := file(t, "a.json.gz", string(cutOff("["+strings.Repeat("1,\n", 9999)+"1")))
	got, err := collect(t, sources.JSONArray[int](path))
	require.Len(t, got, 9999)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, path+"[9999]: unpack gzip: ")

	limit := sources.Text{MaxUnpacked: 10}
	_, err = collect(t, limit.JSONArray[int](path))
	require.ErrorIs(t, err, sources.ErrUnpackedTooLarge)
	require.ErrorContains(t, err, path+"[3]: ")
}

func TestALaterStageFailsWithThePlaceOfTheElement(t *testing.T) {
	quiet(t)
	path := file(t, "numbers.json", "[1,\n2,3]")
	_, err := collect(t, sources.JSONArray[int](path).Try(func(n int) (int, error) {
		if n == 2 {
			return 0, errors.New("two is too much")
		}
		return n, nil
	}))
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.Equal(t, path+"[1]", item.Place)
	require.Equal(t, 2, item.Input)
}

func TestAnArrayIsLeftEarly(t *testing.T) {
	path := file(t, "many.json", "["+strings.Repeat("1,", 100_000)+"1]")
	quiet(t)
	for range 10 {
		require.Equal(t, []int{1, 1, 1}, take(t, 3, sources.JSONArray[int](path, path)))
	}
	table := file(t, "many.csv", "name,age,City\n"+strings.Repeat("Ada,36,\n", 100_000))
	for range 10 {
		require.Len(t, take(t, 3, sources.CSV[person](table, table)), 3)
	}
}

func TestDeepNestingEndsTheRunAndNotTheProgram(t *testing.T) {
	quiet(t)
	got, err := collect(t, sources.JSONArray[any](file(t, "a.json", "[1,"+strings.Repeat("[", 100_000))))
	require.Equal(t, []any{1.0}, got)
	require.ErrorContains(t, err, "exceeded max depth")
}
