package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// A stage is a value too: its methods leave it as it was.
func ExampleStage() {
	ctx := context.Background()
	double := vimap.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	parallel := double.Workers(8)

	numbers := sources.Slice([]int{1, 2, 3})
	one, err := numbers.Via(double).Ordered().To(ctx, sinks.Collect)
	fmt.Println(one, err)
	eight, err := numbers.Via(parallel).Ordered().To(ctx, sinks.Collect)
	fmt.Println(eight, err)
	// Output:
	// [2 4 6] <nil>
	// [2 4 6] <nil>
}

func ExampleFunc() {
	price := func(_ context.Context, fruit string) (int, error) {
		cents, ok := map[string]int{"apple": 120, "pear": 95}[fruit]
		if !ok {
			return 0, fmt.Errorf("no price for %q", fruit)
		}
		return cents, nil
	}
	prices, err := sources.Slice([]string{"apple", "pear", "stone"}).
		Via(vimap.Func(price).Workers(4).Named("price")).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(prices)
	fmt.Println(err)
	// Output:
	// [120 95]
	// vimap: stage "price": item 2: no price for "stone"
}

// One call asks for up to a hundred prices; none waits longer than 10 ms.
func ExampleBulk() {
	prices := func(_ context.Context, ids []int) ([]string, error) {
		prices := make([]string, len(ids))
		for i, id := range ids {
			prices[i] = fmt.Sprintf("$%d", id)
		}
		return prices, nil
	}
	all, err := sources.Slice([]int{7, 8, 9}).
		Via(vimap.Bulk(100, 10*time.Millisecond, prices).Workers(4)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(all, err)
	// Output: [$7 $8 $9] <nil>
}

// The step behind gets the input of the stage beside its output.
func ExampleZip() {
	price := vimap.Func(func(_ context.Context, fruit string) (int, error) { return 10 * len(fruit), nil })
	labels, err := sources.Slice([]string{" apple", "pear "}).
		Map(strings.TrimSpace).
		Via(vimap.Zip(price)).
		Map(func(p vimap.Pair[string, int]) string { return fmt.Sprintf("%s: %d cents", p.In, p.Out) }).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", labels, err)
	// Output: ["apple: 50 cents" "pear: 40 cents"] <nil>
}

// Two stages made one, each with its own workers and options.
func ExampleStage_Then() {
	fetch := func(_ context.Context, url string) (string, error) { return "the page of " + url, nil }
	count := func(_ context.Context, page string) (int, error) { return len(strings.Fields(page)), nil }
	countPage := vimap.Func(fetch).Workers(16).Timeout(5 * time.Second).
		Then(vimap.Func(count).Workers(2))

	words, err := sources.Slice([]string{"a.example", "b.example"}).
		Via(countPage).
		To(context.Background(), sinks.Collect)
	fmt.Println(words, err)
	// Output: [4 4] <nil>
}

func ExampleStage_Named() {
	fetch := func(_ context.Context, url string) (string, error) {
		return "", errors.New("503 Service Unavailable")
	}
	_, err := sources.Slice([]string{"a.example"}).
		Via(vimap.Func(fetch).Named("fetch")).
		To(context.Background(), sinks.Collect)
	fmt.Println(err)
	// Output: vimap: stage "fetch": item 0: 503 Service Unavailable
}

// Without Ordered the outputs come as they are ready.
func ExampleStage_Workers() {
	fetch := func(_ context.Context, url string) (string, error) { return "page of " + url, nil }
	run := sources.Slice([]string{"a.example", "b.example", "c.example"}).
		Via(vimap.Func(fetch).Workers(3)).
		Start(context.Background())
	for _, page := range run.Zip() {
		fmt.Println(page)
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Unordered output:
	// page of c.example
	// page of a.example
	// page of b.example
}

func ExampleStage_Timeout() {
	fetch := func(ctx context.Context, url string) (string, error) {
		<-ctx.Done() // the server does not answer
		return "", ctx.Err()
	}
	_, err := sources.Slice([]string{"a.example"}).
		Via(vimap.Func(fetch).Named("fetch").Timeout(10*time.Millisecond)).
		To(context.Background(), sinks.Collect)
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// vimap: stage "fetch": item 0: context deadline exceeded
	// true
}

// The server is busy twice; what it never will do is not tried again.
func ExampleStage_Retry() {
	var calls atomic.Int64
	fetch := func(_ context.Context, url string) (string, error) {
		switch {
		case url == "gone.example":
			return "", retry.Permanent(errors.New("410 Gone"))
		case calls.Add(1) <= 2:
			return "", errors.New("503 Service Unavailable")
		}
		return "page of " + url, nil
	}
	fetchPage := vimap.Func(fetch).Named("fetch").
		Retry(retry.Exponential(time.Millisecond, time.Second).Attempts(5))

	pages, err := sources.Slice([]string{"a.example", "gone.example"}).
		Via(fetchPage).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(pages)
	fmt.Println(err)
	// Output:
	// [page of a.example]
	// vimap: stage "fetch": item 1: 410 Gone
}

// The first connection is refused; the worker is opened again.
func ExampleStage_Restart() {
	var dials atomic.Int64
	connect := func(context.Context) (string, error) {
		if dials.Add(1) == 1 {
			return "", errors.New("connection refused")
		}
		return "connected", nil
	}
	send := vimap.Open(connect).
		Do(func(state string, _ context.Context, n int) (string, error) { return state, nil }).
		Restart(retry.Exponential(time.Millisecond, time.Second).Attempts(10))

	run := sources.Slice([]int{1}).Via(send).Start(context.Background())
	for n, state := range run.Zip() {
		fmt.Println(n, state)
	}
	fmt.Println(run.Stats().Restarts, run.Err())
	// Output:
	// 1 connected
	// 1 <nil>
}

// The deposits of an account are booked one after another, in their order, so
// that its balance needs no lock; different accounts are booked at once.
func ExampleStage_KeyBy() {
	type deposit struct {
		account string
		cents   int
	}
	balances := map[string]*int{"ann": new(int), "bob": new(int)}
	book := func(_ context.Context, d deposit) (string, error) {
		*balances[d.account] += d.cents
		return fmt.Sprintf("%s: %d", d.account, *balances[d.account]), nil
	}
	account := func(d deposit) string { return d.account }

	booked, err := sources.Slice([]deposit{{"ann", 100}, {"bob", 5}, {"ann", 50}, {"bob", 1}}).
		Via(vimap.Func(book).Workers(8).KeyBy(account)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", booked, err)
	// Output: ["ann: 100" "bob: 5" "ann: 150" "bob: 6"] <nil>
}
