package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
	"github.com/vimap-go/vimap/web"
)

func copyAll(w io.Writer, r io.Reader) (int64, error) { return io.Copy(w, r) }

type order struct {
	ID int `json:"id"`
}

type receipt struct {
	Order int    `json:"id"`
	Note  string `json:"note"`
}

func TestAStageOfThisPackageHoldsToWhatEveryStagePromises(t *testing.T) {
	rerun.Share(t, 4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path) //nolint:gosec // no browser shows it
	}))
	defer server.Close()
	vimaptest.TestStage(t, web.Get().Each(server.URL, server.URL, server.URL), "/a", "/b", "/c", "", "?d")
}

func TestEachFormSendsWhatItSaysAndDecodesTheAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, _ int) { _, _ = io.WriteString(w, r.body) })
		got, err := collect(t, sources.Slice([]order{{1}, {2}}).Via(servers.JSON[order, receipt](http.MethodPost, "/orders").Each("http://a")))
		require.NoError(t, err)
		require.Equal(t, []receipt{{Order: 1}, {Order: 2}}, got)
		for _, r := range servers.requests("a") {
			require.Equal(t, http.MethodPost, r.method)
			require.Equal(t, "/orders", r.path)
			require.Equal(t, "application/json", r.header.Get("Content-Type"))
		}
		note := func(ctx context.Context, o order) (*http.Request, error) {
			return web.Encode(ctx, http.MethodPut, "http://b/orders", o)
		}
		pages, err := collect(t, sources.Slice([]order{{3}}).Via(servers.Do(note, web.Read).Workers(2)))
		require.NoError(t, err)
		require.Equal(t, `{"id":3}`, string(pages[0].Body))
		require.Equal(t, http.StatusOK, pages[0].Status)
		require.Equal(t, http.MethodPut, servers.requests("b")[0].method)
	})
}

func TestTheRequestGoesToTheWorkersServerAndItsPath(t *testing.T) {
	for name, c := range map[string]struct{ server, in, want string }{
		"a path":                       {"http://a", "/x", "a/x"},
		"a path and a query":           {"http://a/", "/x?y=1&z=%2F", "a/x?y=1&z=%2F"},
		"behind the server's own path": {"http://a/v1", "/x", "a/v1/x"},
		"with slashes on both sides":   {"http://a/v1/", "/x", "a/v1/x"},
		"with none":                    {"http://a/v1", "x", "a/v1/x"},
		"an escaped slash stays":       {"http://a/v%2F1", "/x%2Fy", "a/v%2F1/x%2Fy"},
		"only a query":                 {"http://a/v1", "?q=1", "a/v1?q=1"},
		"nothing":                      {"http://a/v1", "", "a/v1"},
		"a URL of the same server":     {"http://a/v1", "http://A/other", "A/other"},
		"no server of the worker's":    {"", "http://b/x", "b/x"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, r request, _ int) { _, _ = io.WriteString(w, r.host+r.path) })
				stage := servers.Get().Workers(1)
				if c.server != "" {
					stage = servers.Get().Each(c.server)
				}
				got, err := collect(t, sources.Slice([]string{c.in}).Via(stage).Map(text))
				require.NoError(t, err)
				require.Equal(t, []string{c.want}, got)
			})
		})
	}
}

func TestWhatIsMeantForOneServerIsNotSentToAnother(t *testing.T) {
	for _, in := range []string{"http://b/x", "//b/x", "https://a/x", "http://a:81/x", "http://a.b/x", "mailto:x", "\x00"} {
		bubble(t, func(t *testing.T) {
			servers := newNetwork(t, echo)
			all, _ := outcomes(t.Context(), sources.Slice([]string{in}).Via(servers.Get().Each("http://a")))
			var item *vimap.ItemError
			require.ErrorAs(t, all[0].Err, &item, in)
			require.Equal(t, 1, item.Attempts)
			require.Empty(t, servers.requests(""))
		})
	}
}

func TestAURLThatRequestsShareIsNotWrittenTo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, echo)
		shared := &url.URL{Scheme: "http", Host: "a", Path: "/x"}
		_, err := collect(t, sources.Slice(paths(100)).Via(servers.Do(func(ctx context.Context, _ string) (*http.Request, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "", http.NoBody)
			req.URL = shared
			return req, err
		}, web.Read).Each("http://one:1@a", "http://two:2@a")))
		require.NoError(t, err)
		require.Nil(t, shared.User)
		for _, r := range servers.requests("") {
			require.NotEmpty(t, r.header.Get("Authorization"))
		}
	})
}

func TestTheHeaderIsSetWhereTheRequestDoesNotSetItItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, echo)
		servers.Header = http.Header{"Authorization": {"token"}, "Accept": {"text/plain"}}
		_, err := collect(t, sources.Slice([]order{{1}}).Via(servers.Do(func(ctx context.Context, o order) (*http.Request, error) {
			return web.Encode(ctx, http.MethodPost, "/", o)
		}, web.Read).Each("http://user:secret@a")))
		require.NoError(t, err)
		require.Equal(t, "token", servers.requests("")[0].header.Get("Authorization"))
		require.Equal(t, "application/json", servers.requests("")[0].header.Get("Accept"))
	})
}

func TestAServerThatIsNoneIsSaidOnceAndForAll(t *testing.T) {
	for _, server := range []string{
		"a", "a:80", "ftp://a", "http://", "http://a?b=c", "http://a b", "http://u:secret@a#b", "http://a?",
		"http://u:secret%ss@a", "http://u:secret/@a", "http://u:12secret#@a", "u:secret@a",
	} {
		bubble(t, func(t *testing.T) {
			_, err := collect(t, sources.Slice([]string{"/"}).Via(web.Get().Each(server)))
			require.ErrorIs(t, err, vimap.ErrNoWorkers)
			require.NotContains(t, err.Error(), "secret")
			require.NotContains(t, err.Error(), "%ss")
			require.Equal(t, `vimap: stage "get": no worker left: vimap: stage "get": worker 0`, err.Error()[:len(`vimap: stage "get": no worker left: vimap: stage "get": worker 0`)])
		})
	}
}

func TestAServerThatDoesNotParseIsToldWhyIfThatHidesNoPassword(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, err := collect(t, sources.Slice([]string{"/"}).Via(web.Get().Each("http://a:port")))
		require.ErrorContains(t, err, `worker 0 (no URL): open: server is no URL: invalid port ":port" after host`)
	})
}

func TestWhatIsNoSuchJSONFailsWithTheLineOfItsInput(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		fails  bool
	}{
		"no JSON":        {http.StatusOK, "<html>", true},
		"another type":   {http.StatusOK, `{"id":"one"}`, true},
		"more than one":  {http.StatusOK, `{}{}`, true},
		"nothing":        {http.StatusOK, "", true},
		"no content":     {http.StatusNoContent, "", false},
		"reset":          {http.StatusResetContent, "", false},
		"created":        {http.StatusCreated, `{"id":1}`, false},
		"unknown fields": {http.StatusOK, `{"id":1,"x":[null]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) {
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, c.body)
				})
				path := filepath.Join(t.TempDir(), "orders.jsonl")
				require.NoError(t, os.WriteFile(path, []byte("\n{\"id\":1}\n"), 0o600))
				all, _ := outcomes(t.Context(), sources.JSONLines[order](path).Via(servers.JSON[order, receipt](http.MethodPut, "/").Each("http://a")))
				require.Len(t, servers.requests(""), 1, "such an answer is not asked for again")
				if !c.fails {
					require.NoError(t, all[0].Err)
					return
				}
				require.ErrorContains(t, all[0].Err, `vimap: stage "json": item 1 (`+path+`:2): Put "http://a/": `)
			})
		})
	}
}

func TestAStageRunsSeriallyToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			echo(w, r, n)
		})
		got, err := sources.Slice([]string{"/1", "/2"}).Via(servers.Get().Each("http://a", "http://b")).Map(text).
			To(vimaptest.Serial(t.Context()), collectSink)
		require.NoError(t, err)
		require.Equal(t, []string{"/1", "/2"}, got)
	})
}

func collectSink(run *vimap.Run[string, string]) (outs []string, err error) {
	for _, out := range run.Zip() {
		outs = append(outs, out)
	}
	return outs, run.Err()
}

func TestMistakesInTheSourcePanicWithTheirRule(t *testing.T) {
	build := func(context.Context, int) (*http.Request, error) { return nil, nil }
	for rule, mistake := range map[string]func(){
		"web: Do: build must not be nil":                                      func() { web.Do[int](nil, web.Read) },
		"web: Do: decode must not be nil":                                     func() { web.Do[int, int](build, nil) },
		"web: Get: Timeout must not be negative, got -1ns":                    func() { web.Client{Timeout: -1}.Get() },
		"web: Get: MaxBody must not be negative, got -1":                      func() { web.Client{MaxBody: -1}.Get() },
		"web: Get: PerWorker must not be negative, got -1":                    func() { web.Client{PerWorker: -1}.Get() },
		"web: Do: MaxPause must not be negative, got -1s":                     func() { web.Client{MaxPause: -1e9}.Do(build, web.Read) },
		`web: JSON: method must be one that sends a body, got "GET"`:          func() { web.JSON[int, int](http.MethodGet, "/") },
		`web: JSON: parse "%zz": invalid URL escape "%zz"`:                    func() { web.JSON[int, int](http.MethodPost, "%zz") },
		"web: Each: the calls must be made by Get, JSON or Do":                func() { web.Calls[int, int]{}.Each("http://a") },
		"vimap: Workers: n must be at least 1, got 0":                         func() { web.Get().Workers(0) },
		"vimap: Each: the number of configurations must be at least 1, got 0": func() { web.Get().Each() },
	} {
		t.Run(rule, func(t *testing.T) { require.PanicsWithValue(t, rule, mistake) })
	}
}
