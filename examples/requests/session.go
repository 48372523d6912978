package main

import (
	"bytes"
	"context"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// Request is a line of the input.
type Request struct {
	URI  string         `json:"uri"`
	Data jsontext.Value `json:"data"`
}

// Response is what a server answered.
type Response struct {
	Server string `json:"server"`
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// Session is what a worker opens once, uses for each of its requests, and
// closes.
type Session struct {
	client *http.Client
	server string
}

// dial opens a session and sees that somebody is there.
func dial(ctx context.Context, server string) (*Session, error) {
	s := &Session{client: &http.Client{Transport: &http.Transport{}}, server: server}
	if _, err := s.call(ctx, http.MethodGet, "/health", nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Post sends a request. A status from 500 on is an error, as is every other
// that asks for another attempt.
func (s *Session) Post(ctx context.Context, r Request) (Response, error) {
	return s.call(ctx, http.MethodPost, r.URI, r.Data)
}

// Close ends the session.
func (s *Session) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *Session) call(ctx context.Context, method, uri string, data []byte) (Response, error) {
	none := Response{}
	req, err := http.NewRequestWithContext(ctx, method, s.server+uri, bytes.NewReader(data))
	if err != nil {
		return none, retry.Permanent(err) // no server would understand it
	}
	res, err := s.client.Do(req)
	if err != nil {
		return none, s.broken(ctx, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return none, s.broken(ctx, err)
	}
	answer := Response{Server: s.server, Status: res.StatusCode, Body: string(body)}
	switch {
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		err := fmt.Errorf("server answered %s", res.Status)
		if seconds, parseErr := strconv.ParseFloat(res.Header.Get("Retry-After"), 64); parseErr == nil {
			return none, retry.After(err, time.Duration(seconds*float64(time.Second)))
		}
		return none, err
	case res.StatusCode >= 400:
		return none, retry.Permanent(fmt.Errorf("server answered %s", res.Status))
	}
	return answer, nil
}

// broken is the error of a connection. If it was not for want of time, the
// session is lost with it: the worker dials again before it goes on.
func (s *Session) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return vimap.Lost(err)
}
