package web_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/vimaptest"
	"github.com/vimap-go/vimap/web"
)

var errNobody = errors.New("nobody is there")

// bubble runs f in fake time and fails t if it leaves something behind.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vimaptest.NoLeaks(t)
		f(t)
	})
}

// A network is all the servers there are, in memory. It keeps what they were
// asked.
type network struct {
	web.Client
	began time.Time

	mu   sync.Mutex
	seen []request
	down map[string]bool // hosts that nobody listens on
}

type request struct {
	host, method, path, body string
	header                   http.Header
	after                    time.Duration // since the network began
}

// newNetwork makes a network whose servers answer by handler: whatever host it
// is asked for, and the how manieth request of all it is, from 1.
func newNetwork(t *testing.T, handler func(w http.ResponseWriter, r request, n int)) *network {
	servers := &network{began: time.Now(), down: map[string]bool{}}
	server := httptest.NewTestServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body strings.Builder
		_, _ = copyAll(&body, r.Body)
		got := request{r.Host, r.Method, r.URL.RequestURI(), body.String(), r.Header, time.Since(servers.began)}
		servers.mu.Lock()
		servers.seen = append(servers.seen, got)
		n := len(servers.seen)
		servers.mu.Unlock()
		handler(w, got, n)
	}))
	transport, _ := server.Client().Transport.(*http.Transport)
	servers.Open = func(context.Context, string) (*http.Client, error) {
		own := transport.Clone()
		own.DialContext = servers.dial(own.DialContext)
		return &http.Client{Transport: own}, nil
	}
	return servers
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

func (n *network) dial(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		down := n.down[host]
		n.mu.Unlock()
		if down {
			return nil, errNobody
		}
		return dial(ctx, network, address)
	}
}

func (n *network) setDown(host string, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[host] = down
}

// requests returns what was asked so far, of one host or, for "", of all.
func (n *network) requests(host string) []request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(n.seen), func(r request) bool { return host != "" && r.host != host })
}

// outcomes runs p to its end over all failures.
func outcomes[In, Out any](ctx context.Context, p vimap.Pipeline[In, Out]) ([]vimap.Result[In, Out], *vimap.Run[In, Out]) {
	run := p.Start(ctx)
	return slices.Collect(run.Results()), run
}

func collect[In, Out any](t *testing.T, p vimap.Pipeline[In, Out]) ([]Out, error) {
	t.Helper()
	return p.Ordered().To(t.Context(), sinks.Collect)
}

func text(r web.Response) string { return string(r.Body) }

// echo answers with the path.
func echo(w http.ResponseWriter, r request, _ int) { _, _ = w.Write([]byte(r.path)) }
