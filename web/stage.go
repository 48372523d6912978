package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// Calls is a stage that lacks its workers: [Calls.Each] or [Calls.Workers]
// completes it.
type Calls[In, Out any] struct {
	name string
	plan *plan[In, Out]
}

// plan is what the workers of a stage have in common.
type plan[In, Out any] struct {
	Client
	build  func(context.Context, In) (*http.Request, error)
	decode func(*http.Response) (Out, error)
	pauses pauses
}

// again is the Retry policy of a stage that is given no other.
var again = retry.Exponential(100*time.Millisecond, 10*time.Second).Attempts(8)

// Do makes a stage of two functions: build makes a request of an input, decode
// an output of its response. [Encode] helps with the one, [Read] and [Decode]
// are ready ones of the other:
//
//	web.Do(func(ctx context.Context, p Parcel) (*http.Request, error) {
//		return web.Encode(ctx, http.MethodPut, "/parcels/"+url.PathEscape(p.ID), p)
//	}, web.Decode[Receipt]).Each(servers...)
//
// build is called anew for each attempt. Its error fails the input for good. It
// should give the request the context that it gets, and may leave the server out
// of its URL where Each says it.
//
// decode gets responses with a status from 200 to 299 only, any other is a
// [StatusError]. It need not close the body. Its error is tried again as the
// Retry policy says, if the request may be sent again at all; with
// [retry.Permanent] it is not.
//
// Both may be called from several goroutines at once. Do panics if one is nil.
func Do[In, Out any](build func(context.Context, In) (*http.Request, error), decode func(*http.Response) (Out, error)) Calls[In, Out] {
	return Client{}.Do(build, decode)
}

// Do is [Do] with the options of c.
func (c Client) Do[In, Out any](build func(context.Context, In) (*http.Request, error), decode func(*http.Response) (Out, error)) Calls[In, Out] {
	return c.calls("Do", "do", build, decode)
}

func (c Client) calls[In, Out any](rule, name string, build func(context.Context, In) (*http.Request, error), decode func(*http.Response) (Out, error)) Calls[In, Out] {
	if build == nil {
		panic("web: " + rule + ": build must not be nil")
	}
	if decode == nil {
		panic("web: " + rule + ": decode must not be nil")
	}
	return Calls[In, Out]{name, &plan[In, Out]{Client: c.with(rule), build: build, decode: decode}}
}

// Each completes the stage with a worker for each server: "https://a.example"
// or, with the beginning of every path, "https://a.example/v1". What a request's
// URL says follows behind it, and a request to another server is refused, since
// it would carry what is meant for this one. A server that is given twice makes
// two workers.
//
// A worker whose server refuses, or can't be reached, takes no input until the
// pause is over (see the package's comment): the others do its work meanwhile.
func (c Calls[In, Out]) Each(servers ...string) vimap.Stage[In, Out] {
	c.notZero("Each")
	configs := make([]server, len(servers))
	for i, text := range servers {
		configs[i] = server{text}
	}
	return c.stage(configs)
}

// Workers completes the stage with n workers that are all alike: the URLs of
// their requests say the server.
func (c Calls[In, Out]) Workers(n int) vimap.Stage[In, Out] {
	c.notZero("Workers")
	p := c.plan
	return c.options(vimap.Open(func(ctx context.Context) (*worker[In, Out], error) { return p.open(ctx, server{}) }).
		Close((*worker[In, Out]).close).
		Do((*worker[In, Out]).do).
		Workers(n))
}

func (c Calls[In, Out]) stage(servers []server) vimap.Stage[In, Out] {
	return c.options(vimap.OpenWith(c.plan.open).
		Close((*worker[In, Out]).close).
		Do((*worker[In, Out]).do).
		Each(servers...))
}

func (c Calls[In, Out]) options(s vimap.Stage[In, Out]) vimap.Stage[In, Out] {
	return s.Named(c.name).Retry(again)
}

func (c Calls[In, Out]) notZero(method string) {
	if c.plan == nil {
		panic("web: " + method + ": the calls must be made by Get, JSON or Do")
	}
}

// server is the configuration of a worker.
type server struct{ address string }

// String hides a password: errors of the worker print it.
func (s server) String() string {
	u, err := url.Parse(s.address)
	if err != nil || u.Host == "" && strings.Contains(s.address, "@") { // what of it is a password can't be said
		return "no URL"
	}
	return u.Redacted()
}

// hidden is the error of url.Parse without what may be of a password.
func (s server) hidden(err error) error {
	var failed *url.Error
	if strings.Contains(s.address, "@") || !errors.As(err, &failed) {
		return errors.New("server is no URL")
	}
	return fmt.Errorf("server is no URL: %w", failed.Err)
}
