package vimap_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Shop is what the workers of these examples hold.
type Shop struct {
	name   string
	prices map[string]int
}

func openNearest(ctx context.Context) (*Shop, error) { return openShop(ctx, "main street") }

func openShop(_ context.Context, name string) (*Shop, error) {
	return &Shop{name, map[string]int{"apple": 120, "pear": 95}}, nil
}

// Price says what a fruit costs.
func (s *Shop) Price(_ context.Context, fruit string) (int, error) { return s.prices[fruit], nil }

// Stock says how many there are.
func (*Shop) Stock(_ context.Context, fruit string) (int, error) { return len(fruit), nil }

// Close ends the work with the shop.
func (s *Shop) Close() error {
	fmt.Println("closed:", s.name)
	return nil
}

// Each worker has a hash of its own, which it uses for all of its inputs.
func ExampleOpen() {
	newHash := func(context.Context) (hash.Hash, error) { return sha256.New(), nil }
	sum := func(h hash.Hash, _ context.Context, text string) (string, error) {
		h.Reset()
		h.Write([]byte(text))
		return fmt.Sprintf("%x", h.Sum(nil)[:4]), nil
	}
	sums, err := sources.Slice([]string{"apple", "pear"}).
		Via(vimap.Open(newHash).Do(sum).Workers(4)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(sums, err)
	// Output: [3a7bd3e2 97cfbe87] <nil>
}

// An opener is a value that more than one stage can be made of.
func ExampleOpener() {
	ctx := context.Background()
	shop := vimap.Open(openNearest)
	price, stock := shop.Do((*Shop).Price), shop.Do((*Shop).Stock)

	fruits := sources.Slice([]string{"apple", "pear"})
	prices, err := fruits.Via(price).Ordered().To(ctx, sinks.Collect)
	fmt.Println(prices, err)
	stocks, err := fruits.Via(stock).Ordered().To(ctx, sinks.Collect)
	fmt.Println(stocks, err)
	// Output:
	// [120 95] <nil>
	// [5 4] <nil>
}

// When To returns, the worker is closed.
func ExampleOpener_Close() {
	price := vimap.Open(openNearest).Close((*Shop).Close).Do((*Shop).Price)

	prices, err := sources.Slice([]string{"apple", "pear"}).
		Via(price).
		To(context.Background(), sinks.Collect)
	fmt.Println(prices, err)
	// Output:
	// closed: main street
	// [120 95] <nil>
}

func ExampleOpener_Do() {
	price := vimap.Open(openNearest).
		Do((*Shop).Price).
		Workers(4)

	prices, err := sources.Slice([]string{"apple", "pear"}).
		Via(price).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(prices, err)
	// Output: [120 95] <nil>
}

// A worker for each shop.
func ExampleOpenWith() {
	price := vimap.OpenWith(openShop).
		Close((*Shop).Close).
		Do((*Shop).Price).
		Each("north", "south")

	prices, err := sources.Slice([]string{"apple", "pear"}).
		Via(price).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(prices, err)
	// Unordered output:
	// closed: north
	// closed: south
	// [120 95] <nil>
}

func ExampleOpenerWith() {
	ctx := context.Background()
	shop := vimap.OpenWith(openShop)
	price := shop.Do((*Shop).Price).Each("north", "south")
	stock := shop.Do((*Shop).Stock).Each("south")

	fruits := sources.Slice([]string{"apple", "pear"})
	prices, err := fruits.Via(price).Ordered().To(ctx, sinks.Collect)
	fmt.Println(prices, err)
	stocks, err := fruits.Via(stock).Ordered().To(ctx, sinks.Collect)
	fmt.Println(stocks, err)
	// Output:
	// [120 95] <nil>
	// [5 4] <nil>
}

// What Close returns is part of the run's error, and loses no output.
func ExampleOpenerWith_Close() {
	end := func(*Shop) error { return errors.New("the till is short") }
	price := vimap.OpenWith(openShop).Close(end).Do((*Shop).Price).Each("north")

	prices, err := sources.Slice([]string{"apple"}).Via(price).To(context.Background(), sinks.Collect)
	fmt.Println(prices)
	fmt.Println(err)
	// Output:
	// [120]
	// vimap: stage "open": worker 0 (north): close: the till is short
}

func ExampleOpenerWith_Do() {
	label := func(s *Shop, ctx context.Context, fruit string) (string, error) {
		cents, err := s.Price(ctx, fruit)
		return fmt.Sprintf("%s: %d cents in the %s", fruit, cents, s.name), err
	}
	labels, err := sources.Slice([]string{"apple"}).
		Via(vimap.OpenWith(openShop).Do(label).Each("north")).
		To(context.Background(), sinks.Collect)
	fmt.Println(labels, err)
	// Output: [apple: 120 cents in the north] <nil>
}

// A template is all of a stage but its configurations.
func ExampleTemplate() {
	ctx := context.Background()
	price := vimap.OpenWith(openShop).Do((*Shop).Price)

	for _, shops := range [][]string{{"north"}, {"north", "south"}} {
		prices, err := sources.Slice([]string{"apple"}).Via(price.Each(shops...)).To(ctx, sinks.Collect)
		fmt.Println(prices, err)
	}
	// Output:
	// [120] <nil>
	// [120] <nil>
}

// Given twice, a configuration makes two workers.
func ExampleTemplate_Each() {
	price := vimap.OpenWith(openShop).
		Close((*Shop).Close).
		Do((*Shop).Price).
		Each("north", "north", "south")

	prices, err := sources.Slice([]string{"apple", "pear"}).
		Via(price).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(prices, err)
	// Unordered output:
	// closed: north
	// closed: north
	// closed: south
	// [120 95] <nil>
}

// Set up, loop over the inputs, clean up: in one function.
func ExampleLoop() {
	price := func(feed *vimap.Feed[string, int], name string) error {
		shop, err := openShop(feed.Context(), name)
		if err != nil {
			return err
		}
		for ctx, fruit := range feed.All() {
			feed.Yield(shop.Price(ctx, fruit))
		}
		return shop.Close()
	}
	prices, err := sources.Slice([]string{"apple", "pear"}).
		Via(vimap.Loop(price).Each("north", "south")).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(prices, err)
	// Unordered output:
	// closed: north
	// closed: south
	// [120 95] <nil>
}

func ExampleLoopFunc() {
	upper := func(feed *vimap.Feed[string, string]) error {
		var buffer strings.Builder // kept by the worker
		for _, fruit := range feed.All() {
			buffer.Reset()
			fmt.Fprintf(&buffer, "%s!", strings.ToUpper(fruit))
			feed.Yield(buffer.String(), nil)
		}
		return nil
	}
	loud, err := sources.Slice([]string{"apple", "pear"}).
		Via(vimap.LoopFunc(upper).Workers(4)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(loud, err)
	// Output: [APPLE! PEAR!] <nil>
}
