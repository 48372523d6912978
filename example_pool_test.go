package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Two runs and a single call find the same worker.
func ExampleNewPool() {
	ctx := context.Background()
	open := func(context.Context) (*Shop, error) {
		fmt.Println("opened")
		return openNearest(ctx)
	}
	pool := vimap.NewPool(ctx, vimap.Open(open).Close((*Shop).Close).Do((*Shop).Price))

	for _, fruits := range [][]string{{"apple", "pear"}, {"pear"}} {
		prices, err := sources.Slice(fruits).Via(pool.Stage()).Ordered().To(ctx, sinks.Collect)
		fmt.Println(prices, err)
	}
	price, err := pool.Do(ctx, "apple")
	fmt.Println(price, err)
	fmt.Println(pool.Close())
	// Output:
	// opened
	// [120 95] <nil>
	// [95] <nil>
	// 120 <nil>
	// closed: main street
	// <nil>
}

// A handler of requests calls the pool from a goroutine for each of them.
func ExamplePool() {
	ctx := context.Background()
	pool := vimap.NewPool(ctx, vimap.Open(openNearest).Do((*Shop).Price).Workers(4))
	handle := func(request string) string {
		price, err := pool.Do(ctx, request)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(price)
	}
	fmt.Println(handle("apple"), handle("pear"))
	fmt.Println(pool.Close())
	// Output:
	// 120 95
	// <nil>
}

// A failure says the stage and the cause; the caller knows the input.
func ExamplePool_Do() {
	ctx := context.Background()
	price := func(s *Shop, _ context.Context, fruit string) (int, error) {
		if cents, known := s.prices[fruit]; known {
			return cents, nil
		}
		return 0, errors.New("not for sale: " + fruit)
	}
	pool := vimap.NewPool(ctx, vimap.Open(openNearest).Do(price).Named("price"))

	fmt.Println(pool.Do(ctx, "apple"))
	fmt.Println(pool.Do(ctx, "melon"))
	fmt.Println(pool.Close())
	// Output:
	// 120 <nil>
	// 0 vimap: stage "price": not for sale: melon
	// <nil>
}

// The stage of a pool stands in a chain like any other.
func ExamplePool_Stage() {
	ctx := context.Background()
	pool := vimap.NewPool(ctx, vimap.Open(openNearest).Do((*Shop).Price).Workers(2))

	labels, err := sources.Slice([]string{"apple", "pear"}).
		Via(vimap.Zip(pool.Stage())).
		Map(func(p vimap.Pair[string, int]) string { return fmt.Sprint(p.In, " ", p.Out) }).
		Ordered().
		To(ctx, sinks.Collect)
	fmt.Println(labels, err)
	fmt.Println(pool.Close())
	// Output:
	// [apple 120 pear 95] <nil>
	// <nil>
}

// What goes wrong in closing is returned; a call that comes later is told that
// it does.
func ExamplePool_Close() {
	ctx := context.Background()
	end := func(*Shop) error { return errors.New("the till is short") }
	pool := vimap.NewPool(ctx, vimap.OpenWith(openShop).Close(end).Do((*Shop).Price).Each("north"))

	fmt.Println(pool.Do(ctx, "pear"))
	fmt.Println(pool.Close())
	fmt.Println(pool.Do(ctx, "pear"))
	// Output:
	// 95 <nil>
	// vimap: stage "open": worker 0 (north): close: the till is short
	// 0 vimap: the pool is closed
}

// The accounts tell what became of the calls.
func ExamplePool_Stats() {
	half := func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, errors.New("odd")
		}
		return n / 2, nil
	}
	pool := vimap.NewPool(context.Background(), vimap.Func(half).Workers(2))
	for n := range 5 {
		if _, err := pool.Do(context.Background(), n); err != nil {
			fmt.Println(n, err)
		}
	}
	if err := pool.Close(); err != nil {
		log.Fatal(err)
	}
	stats := pool.Stats()
	fmt.Println(stats.Read, stats.Delivered, stats.Failed)
	// Output:
	// 1 vimap: stage "func": odd
	// 3 vimap: stage "func": odd
	// 5 3 2
}
