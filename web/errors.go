package web

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// ErrTooLarge is wrapped by the error of an input whose response is longer than
// [Client.MaxBody].
var ErrTooLarge = errors.New("response too large")

// StatusError is a response whose status is not one from 200 to 299. It is
// found by errors.As in the error of its input.
type StatusError struct {
	Method string
	URL    string // without a password
	Code   int    // such as 503
	Header http.Header
	Body   []byte // its first 1024 bytes
}

const (
	bodyStart = 1 << 10
	bodyRest  = 64 << 10 // read, so that the connection can be used again
	bodyShown = 100
)

func newStatusError(req *http.Request, res *http.Response) *StatusError {
	e := &StatusError{Method: req.Method, URL: req.URL.Redacted(), Code: res.StatusCode, Header: res.Header}
	if res.Request != nil && res.Request.URL != nil { // the one that was answered, after redirects
		e.Method, e.URL = res.Request.Method, res.Request.URL.Redacted()
	}
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	// An error in it is less than the status.
	e.Body, _ = io.ReadAll(io.LimitReader(res.Body, bodyStart))
	_, _ = io.CopyN(io.Discard, res.Body, bodyRest)
	return e
}

// Error is one line: the request, the status and the beginning of the body.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %d", e.Method, e.URL, e.Code)
	if name := http.StatusText(e.Code); name != "" {
		text += " " + name
	}
	switch {
	case len(e.Body) > bodyShown:
		text += fmt.Sprintf(": %q…", e.Body[:bodyShown])
	case len(e.Body) > 0:
		text += fmt.Sprintf(": %q", e.Body)
	}
	return text
}

// retryAfter returns the wait that a Retry-After of seconds or of a date asks
// for. A date is compared with the server's own clock, if it says what that is.
func retryAfter(header http.Header, now time.Time) (wait time.Duration, said bool) {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if seconds >= 0 { // which NaN is not
			return time.Duration(min(seconds*float64(time.Second), math.MaxInt64/2)), true
		}
		return 0, false
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return max(0, until.Sub(now)), true
}
