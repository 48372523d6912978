package sources_test

import (
	"encoding/json/v2"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

type request struct {
	URI  string         `json:"uri"`
	Data map[string]int `json:"data"`
}

func TestJSONLinesAreDecoded(t *testing.T) {
	quiet(t)
	path := file(t, "requests.jsonl", `{"uri":"/a","data":{"n":1}}`+"\r\n\n \t\n"+`  {"uri":"/b","more":[{}]}`)
	got, err := collect(t, sources.JSONLines[request](path))
	require.NoError(t, err)
	require.Equal(t, []request{{"/a", map[string]int{"n": 1}}, {"/b", nil}}, got)
}

func TestTheInputOfARunOverJSONIsWhatWasDecoded(t *testing.T) {
	quiet(t)
	pairs, err := sources.JSONLines[int](file(t, "numbers.jsonl", "1\n2\n")).
		Map(func(n int) int { return n * n }).
		Ordered().
		To(t.Context(), sinks.Zip)
	require.NoError(t, err)
	require.Equal(t, []vimap.Pair[int, int]{{In: 1, Out: 1}, {In: 2, Out: 4}}, pairs)
}

func TestALineThatIsNoSuchJSONFailsWithItsPlace(t *testing.T) {
	strict := sources.Text{JSON: json.RejectUnknownMembers(true)}
	for name, c := range map[string]struct {
		text sources.Text
		line string
		says string
	}{
		"no JSON at all":            {sources.Text{}, `uri: /a`, "invalid character 'u'"},
		"cut off":                   {sources.Text{}, `{"uri":"/a"`, "unexpected EOF"},
		"two values":                {sources.Text{}, `{} {}`, "after top-level value"},
		"another type":              {sources.Text{}, `{"data":{"n":"one"}}`, `within "/data/n"`},
		"a name twice":              {sources.Text{}, `{"uri":"/a","uri":"/b"}`, `duplicate object member name "uri"`},
		"invalid UTF-8":             {sources.Text{}, "{\"uri\":\"\xff\"}", "invalid UTF-8"},
		"an unknown name, if asked": {strict, `{"url":"/a"}`, `unknown object member name "url"`},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			path := file(t, "requests.jsonl", "{}\n\n{}\n"+c.line+"\n{}\n")
			got, err := collect(t, c.text.JSONLines[request](path))
			require.Len(t, got, 2)
			var item *vimap.ItemError
			require.ErrorAs(t, err, &item)
			require.Equal(t, "decode", item.Stage)
			require.Equal(t, path+":4", item.Place)
			require.ErrorContains(t, err, path+":4")
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestTheOtherLinesGoOnAfterOneThatIsNoJSON(t *testing.T) {
	quiet(t)
	path := file(t, "numbers.jsonl", "1\ntwo\n3\n")
	var got []int
	var failed []error
	run := sources.JSONLines[int](path).Ordered().Start(t.Context())
	for result := range run.Results() {
		if result.Err != nil {
			failed = append(failed, result.Err)
		} else {
			got = append(got, result.Out)
		}
	}
	require.NoError(t, run.Err())
	require.Equal(t, []int{1, 3}, got)
	require.Len(t, failed, 1)
	require.ErrorContains(t, failed[0], "numbers.jsonl:2")
}

func TestALaterStageFailsWithThePlaceOfTheLine(t *testing.T) {
	quiet(t)
	path := file(t, "numbers.jsonl", "1\n\n2\n")
	_, err := collect(t, sources.JSONLines[int](path).Try(func(n int) (int, error) {
		if n == 2 {
			return 0, errors.New("two is too much")
		}
		return n, nil
	}))
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.True(t, strings.HasSuffix(item.Place, "numbers.jsonl:3"), item.Place)
	require.Equal(t, 2, item.Input)
}

func TestALongLineOfJSONIsRefused(t *testing.T) {
	quiet(t)
	path := file(t, "numbers.jsonl", "1\n[1,2,3,4,5]\n")
	_, err := collect(t, sources.Text{MaxLength: 5}.JSONLines[int](path))
	require.ErrorIs(t, err, sources.ErrLineTooLong)
	require.ErrorContains(t, err, "numbers.jsonl:2: ")
}
