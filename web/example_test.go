package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/web"
)

// serve starts a server that answers with what it was sent, or else the path.
func serve() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		switch {
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		case r.URL.Path == "/missing":
			http.Error(w, "no such page", http.StatusNotFound)
		case len(sent) == 0:
			_, _ = io.WriteString(w, r.URL.Path) //nolint:gosec // no browser shows it
		default:
			_, _ = w.Write(sent)
		}
	}))
}

type Parcel struct {
	ID     string `json:"id"`
	Weight int    `json:"weight"`
}

type Receipt struct {
	Weight int `json:"weight"`
}

func Example() {
	ctx := context.Background()
	a, b := serve(), serve()
	defer a.Close()
	defer b.Close()

	parcels := sources.Slice([]Parcel{{"x", 7}, {"y", 12}})
	receipts, err := parcels.
		Via(web.JSON[Parcel, Receipt](http.MethodPost, "/parcels").Each(a.URL, b.URL)).
		Ordered().
		To(ctx, sinks.Collect)
	fmt.Println(receipts, err)
	// Output: [{7} {12}] <nil>
}

func ExampleGet() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	pages, err := sources.Slice([]string{server.URL + "/one", server.URL + "/two"}).
		Via(web.Get().Workers(2)).
		Map(func(r web.Response) string { return string(r.Body) }).
		Ordered().
		To(ctx, sinks.Collect)
	fmt.Println(pages, err)
	// Output: [/one /two] <nil>
}

func ExampleJSON() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	receipts, err := sources.Slice([]Parcel{{"x", 7}}).
		Via(web.JSON[Parcel, Receipt](http.MethodPut, server.URL+"/parcels").Workers(4)).
		To(ctx, sinks.Zip)
	fmt.Println(receipts, err)
	// Output: [{{x 7} {7}}] <nil>
}

func ExampleDo() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	weigh := web.Do(func(ctx context.Context, p Parcel) (*http.Request, error) {
		return web.Encode(ctx, http.MethodPut, "/parcels/"+url.PathEscape(p.ID), p)
	}, web.Decode[Receipt]).Each(server.URL)
	receipts, err := sources.Slice([]Parcel{{"x/1", 7}}).Via(weigh).To(ctx, sinks.Collect)
	fmt.Println(receipts, err)
	// Output: [{7}] <nil>
}

func ExampleEncode() {
	req, err := web.Encode(context.Background(), http.MethodPost, "/parcels", Parcel{"x", 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(req.Method, req.URL, req.Header.Get("Content-Type"))
	text, err := io.ReadAll(req.Body)
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// POST /parcels application/json
	// {"id":"x","weight":7} <nil>
}

func ExampleDecode() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	echo := web.Do(func(ctx context.Context, weight int) (*http.Request, error) {
		return web.Encode(ctx, http.MethodPut, "/", Parcel{"x", weight})
	}, web.Decode[map[string]any]).Each(server.URL)
	outs, err := sources.Slice([]int{7}).Via(echo).To(ctx, sinks.Collect)
	fmt.Println(outs, err)
	// Output: [map[id:x weight:7]] <nil>
}

func ExampleRead() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	search := web.Do(func(ctx context.Context, word string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, "/search/"+url.PathEscape(word), http.NoBody)
	}, web.Read).Each(server.URL)
	run := sources.Slice([]string{"blue parcels"}).Via(search).Start(ctx)
	for word, page := range run.Zip() {
		fmt.Printf("%s: %d %s\n", word, page.Status, page.Body)
	}
	fmt.Println(run.Err())
	// Output:
	// blue parcels: 200 /search/blue parcels
	// <nil>
}

func ExampleCalls_Each() {
	ctx := context.Background()
	a, b := serve(), serve()
	defer a.Close()
	defer b.Close()

	// A worker for each server, two more for the second.
	fetch := web.Get().Each(a.URL, b.URL, b.URL, b.URL)
	n, err := sources.Slice([]string{"/1", "/2", "/3", "/4"}).Via(fetch).To(ctx, sinks.Ignore)
	fmt.Println(n, err)
	// Output: 4 <nil>
}

func ExampleCalls_Workers() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	run := sources.Slice([]string{server.URL + "/1", server.URL + "/missing"}).
		Via(web.Get().Workers(4)).
		Ordered().
		Start(ctx)
	for result := range run.Results() {
		var refused *web.StatusError
		if errors.As(result.Err, &refused) {
			fmt.Printf("%d %s", refused.Code, refused.Body)
			continue
		}
		fmt.Printf("%d %s\n", result.Out.Status, result.Out.Body)
	}
	// Output:
	// 200 /1
	// 404 no such page
}

func ExampleClient_Get() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	client := web.Client{
		Header:    http.Header{"User-Agent": {"example (ops@example.com)"}},
		Timeout:   10 * time.Second,
		MaxBody:   1 << 20,
		PerWorker: 100, // a second
	}
	n, err := sources.Slice([]string{"/1", "/2"}).Via(client.Get().Each(server.URL)).To(ctx, sinks.Ignore)
	fmt.Println(n, err)
	// Output: 2 <nil>
}

func ExampleClient_JSON() {
	ctx := context.Background()
	server := serve()
	defer server.Close()

	// One limit for all that is sent to the service, in this stage and others.
	service := web.Client{Limiter: rate.NewLimiter(1000, 10), PauseAll: true}
	weigh := service.JSON[Parcel, Receipt](http.MethodPost, "/weigh").Each(server.URL)
	outs, err := sources.Slice([]Parcel{{"x", 7}}).Via(weigh).To(ctx, sinks.Collect)
	fmt.Println(outs, err)
	// Output: [{7}] <nil>
}

func ExampleClient_Do() {
	ctx := context.Background()
	var logins atomic.Int64
	server := serve()
	defer server.Close()

	client := web.Client{
		// Each worker logs in when it is opened.
		Open: func(context.Context, string) (*http.Client, error) {
			logins.Add(1)
			return &http.Client{Transport: &http.Transport{}}, nil
		},
		Resend: true, // this service knows a request by its id
	}
	weigh := client.Do(func(ctx context.Context, p Parcel) (*http.Request, error) {
		return web.Encode(ctx, http.MethodPost, "/parcels", p)
	}, web.Decode[Receipt]).Each(server.URL, server.URL)
	outs, err := sources.Slice([]Parcel{{"x", 7}}).Via(vimap.Zip(weigh)).To(ctx, sinks.Collect)
	fmt.Println(outs, err, logins.Load())
	// Output: [{{x 7} {7}}] <nil> 2
}
