package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
	"github.com/vimap-go/vimap/web"
)

func TestPeakMemoryOfWhatIsFetchedIsFlat(t *testing.T) {
	rerun.Once(t)
	vimaptest.NoLeaks(t)
	var once sync.Once
	body := []byte(strings.Repeat("0123456789", 10_000))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(body)
	}))
	defer server.Close()
	items := int(heap.Size(24<<20)) / len(body)
	paths := sources.Seq(func(yield func(string) bool) {
		for range items {
			if !yield("/page") {
				return
			}
		}
	})
	watch := heap.Over(int64(items))
	pages := paths.Via(web.Get().Each(server.URL, server.URL, server.URL, server.URL))
	run := pages.InFlight(16).Start(t.Context()) // the default look-ahead counts pages, not bytes
	for _, page := range run.Zip() {
		once.Do(func() { require.Len(t, page.Body, len(body)) })
		watch.See()
	}
	require.NoError(t, run.Err())
	require.Equal(t, int64(items), watch.Seen())
	require.Less(t, watch.Tell("pages"), int64(6<<20))
}
