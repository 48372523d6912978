package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/inspect"
	"github.com/vimap-go/vimap/sources"
)

// A program that serves anyway puts the page where its guards are.
func Example() {
	loggedIn := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); password != "open sesame" {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	var page inspect.Page
	mux := http.NewServeMux()
	mux.Handle("/debug/vimap/", loggedIn(&page))

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/debug/vimap/", http.NoBody))
	fmt.Println(answer.Code)
	// Output: 401
}

func ExampleHandler() {
	run := sources.Slice([]string{"apple", "fig"}).Map(strings.ToUpper).Start(context.Background())
	server := httptest.NewServer(inspect.Handler(inspect.Run{Name: "fruit", Of: run}))
	defer server.Close()

	for range run.Zip() {
	}
	answer, err := server.Client().Get(server.URL) //nolint:noctx // as a browser does
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, strings.Contains(string(body), "fruit"), err)
	// Output: 200 OK true <nil>
}

// Runs come and go in a process that lives long.
func ExamplePage_Add() {
	page := inspect.Page{Title: "shop"}
	run := sources.Slice([]string{"apple"}).Start(context.Background())
	remove := page.Add(inspect.Run{Name: "fruit", Of: run})
	has := func() bool {
		answer := httptest.NewRecorder()
		page.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
		return strings.Contains(answer.Body.String(), "fruit")
	}
	fmt.Println(has())
	remove()
	fmt.Println(has())
	// Output:
	// true
	// false
}

// The figures of the page are there as JSON, too.
func ExamplePage_ServeHTTP() {
	var page inspect.Page
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/?format=json", http.NoBody))
	fmt.Println(answer.Header().Get("Content-Type"))
	// Output: application/json
}

// Stages whose failures are to be seen get the hooks of a list of failures.
func ExamplePage_Failures() {
	var page inspect.Page
	failures := page.Failures()
	check := vimap.Func(func(_ context.Context, word string) (int, error) {
		return 0, errors.New("out of " + word + "s")
	}).Named("check").Hooks(failures.Hooks())
	run := sources.Slice([]string{"apple"}).Via(check).Start(context.Background())
	page.Add(inspect.Run{Name: "fruit", Of: run, Failures: failures})
	for range run.Results() {
	}
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
	fmt.Println(strings.Contains(answer.Body.String(), "out of apples"))
	// Output: true
}

// Hooks can be called by hand, too: for failures that no stage knows of.
func ExampleFailures_Hooks() {
	var page inspect.Page
	failures := page.Failures()
	failures.Hooks().ItemFailed(vimap.ItemEvent{Stage: "try", Index: 7, Err: errors.New("not a number")})
	page.Add(inspect.Run{Of: sources.Slice([]string{"x"}).Start(context.Background()), Failures: failures})
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
	fmt.Println(strings.Contains(answer.Body.String(), "not a number"))
	// Output: true
}
