package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// worker sends one request at a time.
type worker[In, Out any] struct {
	*plan[In, Out]
	client  *http.Client
	base    *url.URL      // nil if requests say their server
	limiter *rate.Limiter // of this worker; nil if there is none
}

// open makes a worker. While its server wants nothing it is not open: it takes
// no inputs that others could have.
func (p *plan[In, Out]) open(ctx context.Context, s server) (*worker[In, Out], error) {
	w := &worker[In, Out]{plan: p}
	if s.address != "" {
		u, err := url.Parse(s.address)
		switch {
		case err != nil:
			return nil, retry.Permanent(s.hidden(err))
		case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
			return nil, retry.Permanent(fmt.Errorf("server %q must be http://host or https://host, with or without a path", s))
		}
		w.base = u
	}
	if w.bound() {
		if err := p.pauses.wait(ctx, w.key(w.base)); err != nil {
			return nil, err
		}
	}
	if p.PerWorker > 0 {
		w.limiter = rate.NewLimiter(p.PerWorker, 1)
	}
	client, err := p.Open(ctx, s.address)
	if err == nil && client == nil {
		err = errors.New("Client.Open returned no client")
	}
	w.client = client
	return w, err
}

func (w *worker[In, Out]) close() error { //nolint:unparam // it is the form that Close asks for
	w.client.CloseIdleConnections()
	return nil
}

// bound reports whether one pause holds back all that the worker does.
func (w *worker[In, Out]) bound() bool { return w.base != nil || w.PauseAll }

// key is what pauses know the server of u by.
func (w *worker[In, Out]) key(u *url.URL) string {
	if w.PauseAll {
		return ""
	}
	return strings.ToLower(u.Host)
}

// do is an attempt.
func (w *worker[In, Out]) do(ctx context.Context, in In) (out Out, err error) {
	req, err := w.request(ctx, in)
	if err != nil {
		return out, retry.Permanent(err)
	}
	if err := w.turn(ctx, w.key(req.URL)); err != nil {
		if req.Body != nil {
			err = errors.Join(err, req.Body.Close())
		}
		return out, err
	}
	c := &call{req: req, resend: w.Resend || idempotent(req), begun: time.Now()}
	// The request may have been made with another context than ctx.
	attempt, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	unbind := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer unbind()
	attempt, end := context.WithTimeout(attempt, w.Timeout)
	defer end()

	res, err := w.client.Do(req.WithContext(c.trace(attempt))) //nolint:bodyclose // it is closed as body
	switch {
	case err != nil && res != nil: // too many redirects, or one to nowhere
		return out, retry.Permanent(err)
	case err != nil:
		return out, w.unreached(attempt, c, err)
	}
	body := &body{ReadCloser: res.Body, left: w.MaxBody}
	res.Body = body
	defer body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return out, w.refused(c, res)
	}
	w.pauses.end(w.key(req.URL), c.begun)
	out, err = w.decode(res)
	switch {
	case body.tooLarge:
		return out, retry.Permanent(c.error(fmt.Errorf("%w: more than %d bytes", ErrTooLarge, w.MaxBody)))
	case body.err != nil:
		return out, c.lost(body.err)
	case err != nil && !c.resend:
		return out, retry.Permanent(c.error(err))
	case err != nil:
		return out, c.error(err)
	}
	return out, nil
}

// request makes the request of an input, complete.
func (w *worker[In, Out]) request(ctx context.Context, in In) (*http.Request, error) {
	req, err := w.build(ctx, in)
	if err != nil {
		return nil, err
	}
	if req == nil || req.URL == nil {
		return nil, errors.New("web: build returned no request")
	}
	if req.URL, err = w.address(req.URL); err != nil {
		if req.Body != nil {
			err = errors.Join(err, req.Body.Close())
		}
		return nil, err
	}
	if len(w.Header) > 0 {
		header := w.Header.Clone()
		maps.Copy(header, req.Header)
		req.Header = header
	}
	return req, nil
}

// address completes the URL of a request.
func (w *worker[In, Out]) address(u *url.URL) (*url.URL, error) {
	whole := u.Scheme != "" || u.Host != ""
	switch {
	case w.base == nil && (u.Scheme != "http" && u.Scheme != "https" || u.Host == ""):
		return nil, fmt.Errorf("web: %q must begin with http:// or https:// and a server, or Each say the server", u.Redacted())
	case w.base == nil:
		return u, nil
	case whole && (u.Scheme != w.base.Scheme || !strings.EqualFold(u.Host, w.base.Host)):
		return nil, fmt.Errorf("web: %q is not on the worker's server, %s", u.Redacted(), w.base.Redacted())
	case whole:
		own := *u // others may have it, too
		if own.User == nil {
			own.User = w.base.User
		}
		return &own, nil
	}
	text := u.String()
	if text != "" && text[0] != '/' && text[0] != '?' && text[0] != '#' {
		text = "/" + text
	}
	return url.Parse(strings.TrimSuffix(w.base.String(), "/") + text)
}

// turn waits until a request to the server of that key may be sent.
func (w *worker[In, Out]) turn(ctx context.Context, key string) error {
	for {
		if err := w.pauses.wait(ctx, key); err != nil {
			return err
		}
		if err := admit(ctx, w.limiter); err != nil {
			return err
		}
		if err := admit(ctx, w.Limiter); err != nil {
			return err
		}
		if w.pauses.left(key) == 0 {
			return nil
		}
	}
}

// unreached is the error of a request that got no response.
func (w *worker[In, Out]) unreached(attempt context.Context, c *call, err error) error {
	if !c.resend && c.maybeSent() || nowhere(err) {
		err = retry.Permanent(err)
	}
	// It is slow, not down; or was not even tried; or another is, to which it redirected.
	if attempt.Err() != nil || !c.dialed.Load() || c.answered.Load() {
		return err
	}
	return w.hold(c, err, -1)
}

// nowhere reports whether err is of a redirect that nobody can follow. Only the
// text says so.
func nowhere(err error) bool {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return false
	}
	text := failed.Err.Error()
	return strings.HasPrefix(text, "failed to parse Location header") ||
		strings.HasPrefix(text, "unsupported protocol scheme") || strings.HasPrefix(text, "http: no Host in request URL")
}

// refused is the error of a response with a status of failure.
func (w *worker[In, Out]) refused(c *call, res *http.Response) error {
	var err error = newStatusError(c.req, res)
	wait, said := retryAfter(res.Header, time.Now())
	again, full := false, false
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		again, full = true, true // it did nothing, whatever the method
	case res.StatusCode == http.StatusServiceUnavailable:
		again, full = c.resend || said, true
	case res.StatusCode >= 500 && res.StatusCode < 600 && res.StatusCode != http.StatusNotImplemented:
		again = c.resend
	}
	if said && wait > w.MaxPause {
		again, said = false, false
		err = fmt.Errorf("%w; it asks for a pause of %v, MaxPause is %v", err, wait, w.MaxPause)
	}
	if !said {
		wait = -1
	}
	if to := res.Request; to != nil && to.URL != nil && w.key(to.URL) != w.key(c.req.URL) { // this one only redirected
		full = false
	}
	if elsewhere := full && w.base != nil && !w.PauseAll; said && !elsewhere { // another server may take it at once
		err = retry.After(err, wait)
	}
	if !again {
		err = retry.Permanent(err)
	}
	if !full {
		w.pauses.end(w.key(c.req.URL), c.begun)
		return err
	}
	return w.hold(c, err, wait)
}

// hold begins a pause of the server that err is of; a negative wait is one
// that it did not say.
func (w *worker[In, Out]) hold(c *call, err error, wait time.Duration) error {
	w.pauses.begin(w.key(c.req.URL), c.begun, wait, w.MaxPause)
	if w.bound() {
		return vimap.Lost(err)
	}
	return err
}

// call is a request on its way.
type call struct {
	req       *http.Request
	resend    bool // it may reach the server twice
	begun     time.Time
	dialed    atomic.Bool // a connection was asked for
	connected atomic.Bool // and was there
	answered  atomic.Bool // at least the first of redirects
}

func (c *call) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.dialed.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.connected.Store(true) },

		GotFirstResponseByte: func() { c.answered.Store(true) },
	})
}

// maybeSent is true for a transport that says nothing, too.
func (c *call) maybeSent() bool { return c.connected.Load() || !c.dialed.Load() }

// lost is the error of a connection that broke in the response.
func (c *call) lost(err error) error {
	if err = c.error(err); !c.resend {
		err = retry.Permanent(err)
	}
	return err
}

// error says which request err is of, as the errors of http.Client do.
func (c *call) error(err error) error {
	return &url.Error{Op: operation(c.req.Method), URL: c.req.URL.Redacted(), Err: err}
}

// idempotent reports whether a request may reach its server twice, by the rule
// of net/http.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace:
		return true
	}
	return req.Header.Get("Idempotency-Key") != "" || req.Header.Get("X-Idempotency-Key") != ""
}

// operation is what http.Client calls a method in its errors.
func operation(method string) string {
	if method == "" {
		method = http.MethodGet
	}
	return method[:1] + strings.ToLower(method[1:])
}

// body is that of a response, with a bound.
type body struct {
	io.ReadCloser
	left     int64 // bytes that may come
	err      error // of reading
	tooLarge bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.tooLarge {
		return 0, ErrTooLarge
	}
	if b.left < int64(len(p))-1 { // one more than may come, to see whether it does
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		b.tooLarge = true
		return int(b.left), ErrTooLarge
	}
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
