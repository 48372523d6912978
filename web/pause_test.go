package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/web"
)

// paths are n inputs.
func paths(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "/" + strconv.Itoa(i)
	}
	return all
}

// answered returns what of all has an output, sorted; t fails for any other.
func answered(t *testing.T, all []vimap.Result[string, web.Response]) []string {
	t.Helper()
	var got []string
	for _, result := range all {
		require.NoError(t, result.Err)
		require.Equal(t, result.In, text(result.Out))
		got = append(got, result.In)
	}
	slices.Sort(got)
	return got
}

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}

func TestAServerThatRefusesIsLeftAloneUntilItsRetryAfter(t *testing.T) {
	for name, header := range map[string]func(now time.Time) []string{
		"in seconds": func(time.Time) []string { return []string{"Retry-After", "60"} },
		"by a date": func(now time.Time) []string {
			return []string{"Retry-After", now.Add(60 * time.Second).UTC().Format(http.TimeFormat)}
		},
		"by a date of a clock that is an hour ahead": func(now time.Time) []string {
			ahead := now.Add(time.Hour).UTC()
			return []string{"Date", ahead.Format(http.TimeFormat), "Retry-After", ahead.Add(time.Minute).Format(http.TimeFormat)}
		},
	} {
		for _, code := range []int{429, 503} {
			t.Run(fmt.Sprint(code, " ", name), func(t *testing.T) {
				rerun.Share(t, 4)
				bubble(t, func(t *testing.T) {
					servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
						time.Sleep(10 * time.Millisecond)
						if n == 20 {
							status(code, header(time.Now())...)(w)
							return
						}
						echo(w, r, n)
					})
					all, run := outcomes(t.Context(), sources.Slice(paths(100)).Via(servers.Get().Each(slices.Repeat([]string{"http://a"}, 8)...)))
					require.Equal(t, sorted(paths(100)), answered(t, all))
					require.Equal(t, int64(1), run.Stats().Retries, "no other input lost an attempt")
					var between int
					refused := servers.requests("")[19].after
					for _, r := range servers.requests("") {
						// What was on its way goes on.
						if since := r.after - refused; since > 20*time.Millisecond && since < time.Minute {
							between++
						}
					}
					require.Zero(t, between)
				})
			})
		}
	}
}

func TestTheOthersDoTheWorkOfAWorkerWhoseServerRefuses(t *testing.T) {
	for name, refuse := range map[string]func(w http.ResponseWriter, servers *network){
		"a 429":                  func(w http.ResponseWriter, _ *network) { status(429, "Retry-After", "300")(w) },
		"a 503 without a word":   func(w http.ResponseWriter, _ *network) { status(503)(w) },
		"a broken connection":    func(w http.ResponseWriter, _ *network) { broken(w) },
		"nobody there from then": func(w http.ResponseWriter, servers *network) { servers.setDown("a", true); broken(w) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var servers *network
				servers = newNetwork(t, func(w http.ResponseWriter, r request, n int) {
					time.Sleep(50 * time.Millisecond)
					if r.host == "a" {
						refuse(w, servers)
						return
					}
					echo(w, r, n)
				})
				all, _ := outcomes(t.Context(), sources.Slice(paths(100)).Via(servers.Get().Each("http://a", "http://b", "http://c")))
				require.Equal(t, sorted(paths(100)), answered(t, all))
				require.Less(t, time.Since(servers.began), 3*time.Second, "50 rounds of two workers, and some that are tried again")
				require.Less(t, len(servers.requests("a")), 8, "100 ms, 200 ms and so on")
			})
		})
	}
}

func TestTheRunDoesNotWaitForAPauseThatNobodyNeeds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if r.host == "a" {
				status(429, "Retry-After", "300")(w)
				return
			}
			time.Sleep(time.Second)
			echo(w, r, n)
		})
		all, run := outcomes(t.Context(), sources.Slice(paths(3)).Via(servers.Get().Each("http://a", "http://b")))
		answered(t, all)
		require.NoError(t, run.Err())
		require.Less(t, time.Since(servers.began), 5*time.Second)
	})
}

func TestAPauseOfAllHoldsEveryWorkerBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			time.Sleep(50 * time.Millisecond)
			if r.host == "a" && n < 4 {
				status(429, "Retry-After", "60")(w)
				return
			}
			echo(w, r, n)
		})
		servers.PauseAll = true
		all, _ := outcomes(t.Context(), sources.Slice(paths(100)).Via(servers.Get().Each("http://a", "http://b", "http://c")))
		require.Equal(t, sorted(paths(100)), answered(t, all))
		for _, r := range servers.requests("") {
			require.True(t, r.after < 200*time.Millisecond || r.after >= 60*time.Second, r.after)
		}
	})
}

func TestWorkersWithoutAServerPauseByTheServerOfTheInput(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if r.host == "a" && n < 10 {
				status(429, "Retry-After", "60")(w)
				return
			}
			time.Sleep(time.Second)
			echo(w, r, n)
		})
		urls := []string{"http://a/1", "http://a/2"}
		for i := range 20 {
			urls = append(urls, fmt.Sprint("http://b/", i))
		}
		host := func(address string) string { return address[:8] }
		all, _ := outcomes(t.Context(), sources.Slice(urls).Via(servers.Get().Workers(2).KeyBy(host)))
		for _, result := range all {
			require.NoError(t, result.Err)
		}
		last := servers.requests("b")[19]
		require.Less(t, last.after, 21*time.Second, "one worker had all of b, in turn")
		require.Len(t, servers.requests("a"), 3)
	})
}

func TestAServerIsTheSameInCapitals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if n == 1 {
				status(429, "Retry-After", "60")(w)
				return
			}
			echo(w, r, n)
		})
		_, err := collect(t, sources.Slice([]string{"http://a/", "http://A/"}).Via(servers.Get().Workers(1)))
		require.NoError(t, err)
		for _, r := range servers.requests("")[1:] {
			require.GreaterOrEqual(t, r.after, time.Minute)
		}
	})
}

func TestAServerThatSaysNothingIsLeftAloneForLongerEachTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if n <= 12 || n == 15 {
				status(503)(w)
				return
			}
			echo(w, r, n)
		})
		stage := servers.Get().Each("http://a").Retry(retry.Fixed(0).Attempts(20))
		got, err := collect(t, sources.Slice([]string{"/1", "/2", "/3"}).Via(stage).Map(text))
		require.NoError(t, err)
		require.Equal(t, []string{"/1", "/2", "/3"}, got)
		seen := servers.requests("")
		for i := 1; i <= 12; i++ {
			wait := seen[i].after - seen[i-1].after
			most := min(100*time.Millisecond<<(i-1), 30*time.Second)
			require.GreaterOrEqual(t, wait, most/2, i)
			require.LessOrEqual(t, wait, most, i)
		}
		require.Equal(t, seen[13].after, seen[12].after, "an answer ends it")
		require.LessOrEqual(t, seen[15].after-seen[14].after, 100*time.Millisecond, "and the next begins anew")
	})
}

func TestRefusalsOfRequestsThatWereOnTheirWayAreOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			time.Sleep(10 * time.Millisecond)
			if n <= 50 {
				status(503)(w)
				return
			}
			echo(w, r, n)
		})
		urls := make([]string, 100)
		for i := range urls {
			urls[i] = fmt.Sprint("http://a/", i)
		}
		begin := time.Now()
		got, _ := outcomes(t.Context(), sources.Slice(urls).Via(servers.Get().Workers(50)).InFlight(100))
		for _, result := range got {
			require.NoError(t, result.Err)
		}
		require.Less(t, time.Since(begin), 500*time.Millisecond, "a pause of 100 ms, not one doubled 50 times")
	})
}

func TestAPauseHoldsForWhoWaitedForARateMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if n == 1 {
				time.Sleep(time.Second)
				status(429, "Retry-After", "60")(w)
				return
			}
			echo(w, r, n)
		})
		servers.Limiter = rate.NewLimiter(0.5, 1)
		all, _ := outcomes(t.Context(), sources.Slice(paths(2)).Via(servers.Get().Each("http://a", "http://a")))
		answered(t, all)
		require.GreaterOrEqual(t, servers.requests("")[1].after, 60*time.Second)
	})
}

func TestAServerThatIsSlowIsNotLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
			if n == 1 {
				slow(w)
			}
			echo(w, r, n)
		})
		servers.Timeout = 10 * time.Second
		all, run := outcomes(t.Context(), sources.Slice(paths(20)).Via(servers.Get().Each("http://a", "http://a")))
		require.Equal(t, sorted(paths(20)), answered(t, all))
		require.Equal(t, int64(1), run.Stats().Retries)
		require.Zero(t, run.Stats().Restarts)
	})
}

func TestAServerThatAsksForTooLongIsNotWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, func(w http.ResponseWriter, _ request, _ int) { status(429, "Retry-After", "3600")(w) })
		servers.MaxPause = 10 * time.Minute
		all, _ := outcomes(t.Context(), sources.Slice([]string{"/"}).Via(servers.Get().Each("http://a")))
		require.ErrorContains(t, all[0].Err, `429 Too Many Requests: "the reason"; it asks for a pause of 1h0m0s, MaxPause is 10m0s`)
		var failed *web.StatusError
		require.ErrorAs(t, all[0].Err, &failed)
		require.Len(t, servers.requests(""), 1)
	})
}

func TestARetryAfterThatIsNoneIsNotMinded(t *testing.T) {
	for _, value := range []string{"", "soon", "-5", "NaN", "Inf", "1e300", "0x", "Wed, 99 Jan"} {
		bubble(t, func(t *testing.T) {
			servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
				if n == 1 {
					status(429, "Retry-After", value)(w)
					return
				}
				echo(w, r, n)
			})
			all, _ := outcomes(t.Context(), sources.Slice([]string{"/"}).Via(servers.Get().Each("http://a")))
			if value == "Inf" || value == "1e300" {
				require.ErrorContains(t, all[0].Err, "it asks for a pause of", value)
				return
			}
			require.NoError(t, all[0].Err, value)
			require.LessOrEqual(t, time.Since(servers.began), time.Second)
		})
	}
}

func TestTheEndOfTheContextEndsAWait(t *testing.T) {
	for name, c := range map[string]struct {
		limiter   *rate.Limiter
		perWorker rate.Limit
	}{
		"for a pause":            {nil, 0},
		"for a rate of a worker": {nil, 1e-3},
		"for the common rate":    {rate.NewLimiter(1e-3, 1), 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				servers := newNetwork(t, func(w http.ResponseWriter, r request, n int) {
					if c.limiter == nil && c.perWorker == 0 {
						status(429, "Retry-After", "200")(w)
						return
					}
					echo(w, r, n)
				})
				servers.Limiter, servers.PerWorker = c.limiter, c.perWorker
				errEnough := errors.New("enough")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errEnough)
				defer cancel()
				_, run := outcomes(ctx, sources.Slice(paths(4)).Via(servers.Get().Each("http://a", "http://a")))
				require.ErrorIs(t, run.Err(), errEnough)
				require.Equal(t, 10*time.Second, time.Since(servers.began))
			})
		})
	}
}

func TestRequestsKeepToTheRates(t *testing.T) {
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, echo)
		servers.PerWorker = 10
		_, err := collect(t, sources.Slice(paths(40)).Via(servers.Get().Each("http://a", "http://b")))
		require.NoError(t, err)
		for _, host := range []string{"a", "b"} {
			seen := servers.requests(host)
			for i := range seen[1:] {
				require.GreaterOrEqual(t, seen[i+1].after-seen[i].after, 100*time.Millisecond)
			}
		}
		require.InDelta(t, 2, time.Since(servers.began).Seconds(), 0.3, "both at once")
	})
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, echo)
		servers.Limiter = rate.NewLimiter(10, 5)
		stage := servers.Get().Each("http://a", "http://b", "http://c")
		_, err := collect(t, sources.Slice(paths(20)).Via(stage.Then(vimap.Func(func(_ context.Context, r web.Response) (string, error) {
			return text(r), nil
		})).Then(stage)))
		require.NoError(t, err)
		require.InDelta(t, 3.5, time.Since(servers.began).Seconds(), 0.01, "40 requests, 5 of them at once, of two stages")
	})
	bubble(t, func(t *testing.T) {
		servers := newNetwork(t, echo)
		servers.Limiter = rate.NewLimiter(10, 0)
		_, err := collect(t, sources.Slice(paths(1)).Via(servers.Get().Each("http://a")))
		require.ErrorContains(t, err, "web: the burst of Limiter must be at least 1, got 0")
	})
}
