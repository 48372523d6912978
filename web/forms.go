package web

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"net/http"

	"github.com/vimap-go/vimap/retry"
)

// Response is what a server answered, read to its end.
type Response struct {
	Status int // from 200 to 299
	Header http.Header
	Body   []byte
}

// Get makes a stage that fetches what its inputs are the URLs of:
//
//	sources.Lines("urls.txt").Via(web.Get().Workers(16))
//
// With [Calls.Each] an input may also be a path of the worker's server.
func Get() Calls[string, Response] { return Client{}.Get() }

// Get is [Get] with the options of c.
func (c Client) Get() Calls[string, Response] {
	return c.calls("Get", "get", func(ctx context.Context, address string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	}, Read)
}

// JSON makes a stage that sends its inputs as JSON, all to one path or URL, and
// decodes the responses from JSON:
//
//	sources.JSONLines[Order]("orders.jsonl").
//		Via(web.JSON[Order, Receipt](http.MethodPost, "/orders").Each(servers...))
//
// It panics if the method is none that sends a body, or the path can't be part
// of a URL.
func JSON[In, Out any](method, path string) Calls[In, Out] {
	return Client{}.JSON[In, Out](method, path)
}

// JSON is [JSON] with the options of c.
func (c Client) JSON[In, Out any](method, path string) Calls[In, Out] {
	switch method {
	case "", http.MethodGet, http.MethodHead:
		panic(fmt.Sprintf("web: JSON: method must be one that sends a body, got %q", method))
	}
	if _, err := http.NewRequest(method, path, http.NoBody); err != nil { //nolint:noctx // it is not sent
		panic("web: JSON: " + err.Error())
	}
	return c.calls("JSON", "json", func(ctx context.Context, in In) (*http.Request, error) {
		return Encode(ctx, method, path, in)
	}, Decode[Out])
}

// Encode makes a request whose body is value in JSON, for the build function of
// [Do]. It says that it sends JSON and would like to get some.
func Encode[T any](ctx context.Context, method, url string, value T) (*http.Request, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// Decode decodes the body of a response from JSON, by the rules of
// encoding/json/v2, for [Do]. A response that says that it has no content (204,
// 205) is the zero value. What is no such JSON is not asked for again.
func Decode[T any](res *http.Response) (value T, err error) {
	if res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusResetContent {
		return value, nil
	}
	if err := json.UnmarshalRead(res.Body, &value); err != nil {
		return value, retry.Permanent(err)
	}
	return value, nil
}

// Read reads a response to its end, for [Do].
func Read(res *http.Response) (Response, error) {
	body, err := io.ReadAll(res.Body)
	return Response{res.StatusCode, res.Header, body}, err
}
