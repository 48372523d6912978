package web_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/web"
)

// send is a stage that sends its inputs, each a method.
func send(c web.Client) web.Calls[string, web.Response] {
	return c.Do(func(ctx context.Context, method string) (*http.Request, error) {
		method, key, _ := strings.Cut(method, " with ")
		req, err := http.NewRequestWithContext(ctx, method, "/", strings.NewReader("body"))
		if key != "" {
			req.Header.Set(key, "1")
		}
		return req, err
	}, web.Read)
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "the reason")
	}
}

// broken ends the connection without a word, cut in the middle of the body.
func broken(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func cut(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "half")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func torn(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-")
		_ = conn.Close()
	}
}

// slow is so by two seconds, to those who wait for ten.
func slow(http.ResponseWriter) { time.Sleep(12 * time.Second) }

func TestARequestIsSentAgainOnlyIfThatCanDoNoHarm(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		answer func(http.ResponseWriter)
		resend bool
		again  bool
	}{
		"GET, 429":                          {"GET", status(429), false, true},
		"GET, 500":                          {"GET", status(500), false, true},
		"GET, 503":                          {"GET", status(503), false, true},
		"GET, 599":                          {"GET", status(599), false, true},
		"GET, 600":                          {"GET", status(600), true, false},
		"GET, 501":                          {"GET", status(501), true, false},
		"GET, 404":                          {"GET", status(404), true, false},
		"GET, 302 to nowhere":               {"GET", status(302), true, false},
		"GET, 304":                          {"GET", status(304), true, false},
		"GET, no answer":                    {"GET", broken, false, true},
		"GET, half a header":                {"GET", torn, false, true},
		"GET, half an answer":               {"GET", cut, false, true},
		"GET, too slow":                     {"GET", slow, false, true},
		"PUT, 500":                          {"PUT", status(500), false, true},
		"DELETE, no answer":                 {"DELETE", broken, false, true},
		"POST, 429":                         {"POST", status(429), false, true},
		"POST, 500":                         {"POST", status(500), false, false},
		"POST, 503":                         {"POST", status(503), false, false},
		"POST, 503 that says when":          {"POST", status(503, "Retry-After", "1"), false, true},
		"POST, no answer":                   {"POST", broken, false, false},
		"POST, half an answer":              {"POST", cut, false, false},
		"POST, too slow":                    {"POST", slow, false, false},
		"POST, 500, if asked":               {"POST", status(500), true, true},
		"POST, no answer, if asked":         {"POST", broken, true, true},
		"POST, half an answer, if asked":    {"POST", cut, true, true},
		"POST, too slow, if asked":          {"POST", slow, true, true},
		"POST with Idempotency-Key, broken": {"POST with Idempotency-Key", broken, false, true},
		"PATCH, 502":                        {"PATCH", status(502), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
					if n == 1 {
						c.answer(w)
						return
					}
					_, _ = io.WriteString(w, r.body)
				})
				servers.Resend, servers.Timeout = c.resend, 10*time.Second
				all, _ := outcomes(t.Context(), sources.Slice([]string{c.method}).Via(send(servers.Client).Each("http://a")))
				if c.again {
					require.NoError(t, all[0].Err)
					require.Equal(t, "body", text(all[0].Out), "the whole body is sent each time")
					require.Len(t, servers.requests(""), 2)
				} else {
					require.Error(t, all[0].Err)
					require.Len(t, servers.requests(""), 1)
				}
			})
		})
	}
}

func TestARequestThatFoundNobodyIsSentAgainWhateverItsMethod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, echo)
		servers.setDown("a", true)
		time.AfterFunc(time.Second, func() { servers.setDown("a", false) })
		all, run := outcomes(t.Context(), sources.Slice([]string{"POST"}).Via(send(servers.Client).Each("http://a")))
		require.NoError(t, all[0].Err)
		require.Len(t, servers.requests(""), 1)
		require.Positive(t, run.Stats().Retries)
	})
}

func TestATransportThatSaysNothingOfConnectionsMayHaveSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := 0
		c := web.Client{Open: func(context.Context, string) (*http.Client, error) {
			return &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { calls++; return nil, errNobody })}, nil
		}}
		all, _ := outcomes(t.Context(), sources.Slice([]string{"POST"}).Via(send(c).Each("http://a")))
		require.ErrorIs(t, all[0].Err, errNobody)
		require.Equal(t, 1, calls)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestAStatusThatStaysIsTheErrorWithAllThatTheServerSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) {
			status(502, "X-Reason", "none")(w)
			_, _ = io.WriteString(w, "\n"+strings.Repeat("\xff", 1<<20))
		})
		all, _ := outcomes(t.Context(), sources.Slice([]string{"/x"}).Via(servers.Get().Each("http://user:secret@a")))
		var item *vimap.ItemError
		require.ErrorAs(t, all[0].Err, &item)
		require.Equal(t, 8, item.Attempts)
		var failed *web.StatusError
		require.ErrorAs(t, all[0].Err, &failed)
		require.Equal(t, 502, failed.Code)
		require.Equal(t, "none", failed.Header.Get("X-Reason"))
		require.Len(t, failed.Body, 1024)
		require.True(t, strings.HasPrefix(string(failed.Body), "the reason\n"))
		require.Equal(t, "http://user:xxxxx@a/x", failed.URL)
		require.Contains(t, all[0].Err.Error(), `after 8 attempts: GET http://user:xxxxx@a/x: 502 Bad Gateway: "the reason\n`)
		require.NotContains(t, all[0].Err.Error(), "\n")
		require.Less(t, len(all[0].Err.Error()), 600)
	})
}

func TestRedirectsInARingAreFinal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, _ int) { status(302, "Location", r.path)(w) })
		all, _ := outcomes(t.Context(), sources.Slice([]string{"/x"}).Via(servers.Get().Each("http://a")))
		require.ErrorContains(t, all[0].Err, "stopped after 10 redirects")
		require.Len(t, servers.requests(""), 10)
	})
}

func TestAResponseMayHaveSoManyBytesAndNoMore(t *testing.T) {
	rerun.Share(t, 4)
	for size, fails := range map[int]bool{0: false, 999: false, 1000: false, 1001: true, 5 << 20: true} {
		for _, most := range []int64{1000, math.MaxInt64} {
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) { _, _ = io.WriteString(w, strings.Repeat("x", size)) })
				servers.MaxBody = most
				all, _ := outcomes(t.Context(), sources.Slice([]string{"/x"}).Via(servers.Get().Each("http://a")))
				if fails && most == 1000 {
					require.ErrorIs(t, all[0].Err, web.ErrTooLarge)
					require.ErrorContains(t, all[0].Err, `Get "http://a/x": response too large: more than 1000 bytes`)
				} else {
					require.NoError(t, all[0].Err)
					require.Len(t, all[0].Out.Body, size)
				}
				require.Len(t, servers.requests(""), 1)
			})
		}
	}
}

func TestTheLimitHoldsForAFunctionThatReadsOnOverTheError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) { _, _ = io.WriteString(w, strings.Repeat("x", 100)) })
		servers.MaxBody = 10
		read := 0
		all, _ := outcomes(t.Context(), sources.Slice([]string{"/x"}).Via(servers.Do(
			func(ctx context.Context, path string) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
			},
			func(res *http.Response) (int, error) {
				for range 20 {
					n, _ := res.Body.Read(make([]byte, 8))
					read += n
				}
				return read, nil
			}).Each("http://a")))
		require.ErrorIs(t, all[0].Err, web.ErrTooLarge)
		require.Equal(t, 10, read)
	})
}

func TestHalfAnAnswerFailsAlsoIfDecodeDoesNotMind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) { cut(w) })
		all, _ := outcomes(t.Context(), sources.Slice([]string{"POST"}).Via(servers.Do(
			func(ctx context.Context, method string) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, method, "/", http.NoBody)
			},
			func(res *http.Response) (string, error) {
				body, _ := io.ReadAll(res.Body)
				return string(body), nil
			}).Each("http://a")))
		require.ErrorIs(t, all[0].Err, io.ErrUnexpectedEOF)
	})
}

func TestAnErrorOfDecodeIsTriedAgainIfTheRequestMayBe(t *testing.T) {
	for method, want := range map[string]int{"GET": 3, "POST": 1} {
		bubble(t, func(t *testing.T) {
			servers := newNetwork(t, echo)
			times := 0
			all, _ := outcomes(t.Context(), sources.Slice([]string{method}).Via(servers.Do(
				func(ctx context.Context, method string) (*http.Request, error) {
					return http.NewRequestWithContext(ctx, method, "/", http.NoBody)
				},
				func(*http.Response) (int, error) {
					if times++; times < 3 {
						return 0, errNobody
					}
					return times, nil
				}).Each("http://a")))
			require.Len(t, servers.requests(""), want, method)
			require.Equal(t, method == "POST", errors.Is(all[0].Err, errNobody))
		})
	}
}

func TestTheTimeOfAnAttemptIsThatOfTheRequestAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if n == 1 {
				status(429, "Retry-After", "100")(w)
				return
			}
			time.Sleep(9 * time.Second)
			echo(w, r, n)
		})
		servers.Timeout, servers.PerWorker = 10*time.Second, 0.01
		got, err := collect(t, sources.Slice([]string{"/1", "/2", "/3"}).Via(servers.Get().Each("http://a")).Map(text))
		require.NoError(t, err)
		require.Equal(t, []string{"/1", "/2", "/3"}, got)
	})
}

func TestAnAttemptThatTakesTooLongIsADeadlineExceeded(t *testing.T) {
	for name, handler := range map[string]func(http.ResponseWriter){
		"before the answer": func(http.ResponseWriter) { time.Sleep(32 * time.Second) },
		"in its body": func(w http.ResponseWriter) {
			_ = http.NewResponseController(w).Flush()
			time.Sleep(32 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) { handler(w) })
				began := time.Now()
				all, _ := outcomes(t.Context(), sources.Slice([]string{"POST"}).Via(send(servers.Client).Each("http://a")))
				require.ErrorIs(t, all[0].Err, context.DeadlineExceeded)
				require.Equal(t, 30*time.Second, time.Since(began))
			})
		})
	}
}

// A dial that hangs would outlive the request that asked for it.
func TestTheEndOfAWorkerEndsADialThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := web.Client{Open: func(context.Context, string) (*http.Client, error) {
			return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}}, nil
		}}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errNobody)
		defer cancel()
		_, run := outcomes(ctx, sources.Slice([]string{"/"}).Via(c.Get().Each("http://a")))
		require.ErrorIs(t, run.Err(), errNobody)
	})
}
