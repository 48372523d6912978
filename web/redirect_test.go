package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sources"
)

func TestAServerThatRedirectsIsNotPausedForWhatIsBehindIt(t *testing.T) {
	for name, c := range map[string]struct {
		location string
		times    int // that the server is asked
		wants    string
	}{
		"nobody":                   {"http://dead/", 8, "nobody is there"},
		"a scheme that is unknown": {"gopher://b/", 1, "unsupported protocol scheme"},
		"no server":                {"http:///x", 1, "no Host in request URL"},
		"what is no URL":           {"http://b:port/", 1, "failed to parse Location header"},
		"a server that refuses":    {"http://b/", 8, "503 Service Unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
					switch {
					case r.host == "b":
						status(503)(w)
					case r.path == "/moved":
						status(302, "Location", c.location)(w)
					default:
						echo(w, r, n)
					}
				})
				servers.setDown("dead", true)
				all, run := outcomes(t.Context(), sources.Slice(append([]string{"/moved"}, paths(20)...)).Via(servers.Get().Each("http://a")))
				var failed []string
				for _, result := range all {
					if result.Err != nil {
						failed = append(failed, result.In)
						require.ErrorContains(t, result.Err, c.wants)
					}
				}
				require.Equal(t, []string{"/moved"}, failed)
				require.Len(t, servers.requests("a"), 20+c.times)
				require.Zero(t, run.Stats().Restarts, "the worker is not lost")
				for _, r := range servers.requests("a") {
					require.True(t, r.path == "/moved" || r.after == 0, "%v", r)
				}
			})
		})
	}
}

func TestARefusalBehindARedirectIsWaitedForByItsInputAlone(t *testing.T) {
	for all, wait := range map[bool]time.Duration{false: 0, true: time.Minute} { // with PauseAll by all
		bubble(t, func(t *testing.T) {
			servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
				switch {
				case n == 2:
					status(429, "Retry-After", "60")(w)
				case r.path == "/moved":
					status(302, "Location", "http://b/")(w)
				default:
					echo(w, r, n)
				}
			})
			servers.PauseAll = all
			_, err := collect(t, sources.Slice([]string{"/moved", "/x"}).Via(servers.Get().Each("http://a")))
			require.NoError(t, err)
			asked := map[string]time.Duration{} // when it was asked last
			for _, r := range servers.requests("a") {
				asked[r.path] = r.after
			}
			require.Equal(t, map[string]time.Duration{"/moved": time.Minute, "/x": wait}, asked)
		})
	}
}
