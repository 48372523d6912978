package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// Client holds the options of the stages of this package. The zero value is
// what the functions [Get], [JSON] and [Do] use:
//
//	web.Client{Timeout: time.Minute}.Get().Workers(16)
//
// Each worker has an [http.Client] of its own, which Open makes; a Client only
// says how it is used. The methods panic if a number is negative.
type Client struct {
	// Header is set on each request that does not set these fields itself.
	Header http.Header

	// Timeout bounds each attempt, from when it is sent to when its response
	// was decoded. What a worker waits for before that, a pause or a rate, does
	// not count, which it would in [vimap.Stage.Timeout]. 0 means 30 s.
	Timeout time.Duration

	// MaxBody is the most bytes that are read of a response, after it was
	// decompressed; a longer one fails its input with [ErrTooLarge]. 0 means
	// 64 MB, math.MaxInt64 no limit.
	MaxBody int64

	// Limiter bounds the requests of all workers together, those tried again
	// included: whoever shares it, other stages and runs too. Nil means no
	// limit.
	Limiter *rate.Limiter

	// PerWorker is how many requests a second each worker may send, evenly
	// spaced. 0 means no limit.
	PerWorker rate.Limit

	// MaxPause is the longest wait that a server may ask for. A Retry-After
	// beyond it is not waited for: it fails its input. 0 means 5 min.
	MaxPause time.Duration

	// PauseAll has a server that refuses hold back the whole stage, not only
	// the workers that would send to it: for servers that share a quota.
	PauseAll bool

	// Resend allows to send a request again that may have reached its server
	// and is not idempotent, such as a POST that got no response.
	Resend bool

	// Open makes the client of a worker that is opened, for the server that
	// Each gave it ("" for Workers): where to log in, or to set a proxy. Its
	// context ends when the stage has nothing more to do. The worker closes the
	// client's idle connections at its end, so the client and its transport
	// should be its own. Nil means a client with a copy of
	// [http.DefaultTransport].
	Open func(ctx context.Context, server string) (*http.Client, error)
}

const (
	defaultTimeout  = 30 * time.Second
	defaultMaxBody  = 64 << 20
	defaultMaxPause = 5 * time.Minute
)

// with returns c with its defaults, for the constructor called name.
func (c Client) with(name string) Client {
	notNegative(name, "Timeout", c.Timeout)
	notNegative(name, "MaxBody", c.MaxBody)
	notNegative(name, "PerWorker", c.PerWorker)
	notNegative(name, "MaxPause", c.MaxPause)
	c.Header = c.Header.Clone()
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxPause == 0 {
		c.MaxPause = defaultMaxPause
	}
	if c.Open == nil {
		c.Open = open
	}
	return c
}

// notNegative panics if the option called name is, of the function rule.
func notNegative[N int64 | float64 | time.Duration | rate.Limit](rule, name string, n N) {
	if n >= 0 { // which NaN is not
		return
	}
	panic(fmt.Sprintf("web: %s: %s must not be negative, got %v", rule, name, n))
}

func open(context.Context, string) (*http.Client, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if set, ok := http.DefaultTransport.(*http.Transport); ok { // a program may have replaced it
		transport = set.Clone()
	}
	return &http.Client{Transport: transport}, nil
}
