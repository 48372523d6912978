package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/samber/lo"

	"github.com/vimap-go/vimap"
)

// farm is a set of servers on this machine, the last of which dies.
type farm struct {
	servers []*server
}

// server answers with the body of the request.
type server struct {
	http     *httptest.Server
	lifetime int64        // how many requests it takes; 0 is no limit
	requests atomic.Int64 // that came
	answers  atomic.Int64
	refused  atomic.Int64 // answers that were a 503
	dead     atomic.Bool
}

// startFarm starts n servers. The last dies after lifetime requests.
func startFarm(n int, lifetime int64) *farm {
	return &farm{lo.Times(n, func(i int) *server {
		s := new(server)
		if i == n-1 {
			s.lifetime = lifetime
		}
		s.http = httptest.NewServer(s)
		return s
	})}
}

func (f *farm) addresses() []string {
	return lo.Map(f.servers, func(s *server, _ int) string { return s.http.URL })
}

func (f *farm) stop() {
	for _, s := range f.servers {
		s.http.Close()
	}
}

// ServeHTTP answers most requests at once, one in twenty after 2 ms, one in a
// hundred after 30 ms, and one in fifty with a 503, which sometimes says when to
// come back.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" && !s.dead.Load() {
		return
	}
	n := s.requests.Add(1)
	if s.dead.Load() || s.lifetime > 0 && n > s.lifetime {
		s.dead.Store(true)
		panic(http.ErrAbortHandler) // the connection breaks off
	}
	switch {
	case n%100 == 0:
		time.Sleep(30 * time.Millisecond)
	case n%20 == 0:
		time.Sleep(2 * time.Millisecond)
	}
	s.answers.Add(1)
	if n%50 == 25 {
		s.refused.Add(1)
		if n%100 == 25 {
			w.Header().Set("Retry-After", "0.02")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, _ = io.Copy(w, r.Body) // a client that has gone is its own matter
}

// summary says what became of the requests, and of each server.
func summary(w io.Writer, stats vimap.Stats, farm *farm, took time.Duration) {
	fmt.Fprintf(w, "%d requests in %v: %d answered, %d failed, %d tried again\n",
		stats.Read, took.Round(time.Millisecond), stats.Delivered, stats.Failed, stats.Retries)
	for _, s := range farm.servers {
		state := "alive"
		if s.dead.Load() {
			state = "died"
		}
		fmt.Fprintf(w, "  %s  %5d answers  %3d of them 503  %s\n", s.http.URL, s.answers.Load(), s.refused.Load(), state)
	}
	for _, err := range stats.Lost {
		fmt.Fprintln(w, "given up:", err)
	}
}
