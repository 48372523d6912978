package inspect_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/inspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask asks a page for what an address such as "?run=1" names.
func ask(t *testing.T, page *inspect.Page, query string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/vimap/"+query, http.NoBody))
	return answer
}

// shown is what the page shows.
func shown(t *testing.T, page *inspect.Page, query string) string {
	t.Helper()
	answer := ask(t, page, query)
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	return answer.Body.String()
}

// has says that a page has a text; a page is too long to be printed.
func has(t *testing.T, body, text string) {
	t.Helper()
	require.True(t, strings.Contains(body, text), "the page lacks %q", text) //nolint:testifylint // the page is too long
}

func hasNot(t *testing.T, body, text string) {
	t.Helper()
	require.False(t, strings.Contains(body, text), "the page has %q", text) //nolint:testifylint // the page is too long
}

// figures are the figures of a page, as it gives them as JSON.
type figures struct {
	Runs []struct {
		ID    int
		Name  string
		State string
		Read  int64
		Rate  float64
	}
	Unlisted int
	Run      *struct {
		ID         int
		State      string
		Delivered  int64
		Failed     int64
		Conclusion string
		Parts      []struct {
			Name, Role string
			Size       int
			Started    int64
			Queue      int
			Busy       float64
			Rate       float64
			Workers    []struct {
				State, Input, Config string
				Index                int64
				Age                  float64
			}
			UnlistedWorkers int
		}
		Slowest  []struct{ Input, Place string }
		Failures []struct {
			Stage, What, Input, Error, Stack string
			Index                            int64
			Attempts                         int
		}
		FailuresSeen int64
		Throughput   struct {
			Points []struct{ At, Rate float64 }
		}
	}
}

func asked(t *testing.T, page *inspect.Page, query string) (f figures) {
	t.Helper()
	answer := ask(t, page, query)
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	require.Equal(t, "application/json", answer.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &f)) //nolint:musttag // names are matched whatever their case
	return f
}

// fake is a run that says what a test wants.
type fake struct{ stats vimap.Stats }

func (f *fake) Stats() vimap.Stats { return f.stats }

func length(_ context.Context, word string) (int, error) { return len(word), nil }
