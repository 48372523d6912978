package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Leaving the loop early ends the run; nothing goes on behind it.
func ExampleRun() {
	words := []string{"1", "2", "3", "4"}
	run := sources.Slice(words).Try(strconv.Atoi).Ordered().Start(context.Background())
	for _, n := range run.Zip() {
		fmt.Println(n)
		if n == 2 {
			break
		}
	}
	fmt.Println(run.Err())
	// Output:
	// 1
	// 2
	// <nil>
}

// The first failure ends the loop.
func ExampleRun_Zip() {
	run := sources.Slice([]string{"1", "2", "three", "4"}).
		Try(strconv.Atoi).
		Ordered().
		Start(context.Background())
	for word, n := range run.Zip() {
		fmt.Printf("%q is %d\n", word, n)
	}
	fmt.Println(run.Err())
	// Output:
	// "1" is 1
	// "2" is 2
	// vimap: stage "try": item 2: strconv.Atoi: parsing "three": invalid syntax
}

// Failures are outcomes like others, and the run goes on.
func ExampleRun_Results() {
	run := sources.Slice([]string{"1", "two", "3"}).
		Try(strconv.Atoi).
		Ordered().
		Start(context.Background())
	for result := range run.Results() {
		if result.Err != nil {
			fmt.Printf("%q failed\n", result.In)
			continue
		}
		fmt.Printf("%q is %d\n", result.In, result.Out)
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// "1" is 1
	// "two" failed
	// "3" is 3
}

// The cause of a cancellation is the error of the run.
func ExampleRun_Err() {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)

	run := sources.Slice([]int{1, 2, 3}).Start(ctx)
	for range run.Zip() {
		cancel(errors.New("the shop has closed"))
	}
	fmt.Println(run.Err())
	// Output: the shop has closed
}

func ExampleRun_Stats() {
	run := sources.Slice([]string{"1", "two", "", "4"}).
		Filter(func(word string) bool { return word != "" }).
		Try(strconv.Atoi).
		Start(context.Background())
	for range run.Results() {
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	stats := run.Stats()
	fmt.Println("read:", stats.Read)
	fmt.Println("delivered:", stats.Delivered)
	fmt.Println("failed:", stats.Failed)
	fmt.Println("filtered:", stats.Filtered)
	// Output:
	// read: 4
	// delivered: 2
	// failed: 1
	// filtered: 1
}

// What was read when the run is stopped is still finished.
func ExampleRun_Stop() {
	numbers := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		for n := 0; out.One(n); n++ {
		}
		return nil
	})
	run := numbers.Ordered().Start(context.Background())
	for n := range run.Zip() {
		if n == 100 {
			run.Stop()
		}
	}
	stats := run.Stats()
	fmt.Println(stats.Delivered > 100, stats.Read == stats.Delivered, run.Err())
	// Output: true true <nil>
}

// A sink that waits for a slow receiver ends with the run.
func ExampleRun_Context() {
	results := make(chan int, 2)
	send := func(run *vimap.Run[string, int]) (sent int, err error) {
		for _, n := range run.Zip() {
			select {
			case results <- n:
				sent++
			case <-run.Context().Done():
			}
		}
		return sent, run.Err()
	}
	sent, err := sources.Slice([]string{"1", "2"}).
		Try(strconv.Atoi).
		Ordered().
		To(context.Background(), send)
	fmt.Println(sent, err, <-results, <-results)
	// Output: 2 <nil> 1 2
}

// The index says which item a failure is of.
func ExampleResult() {
	words := []string{"1", "two", "3"}
	run := sources.Slice(words).Try(strconv.Atoi).Start(context.Background())
	var again []string
	for result := range run.Results() {
		if result.Err != nil {
			again = append(again, words[result.Index])
		}
	}
	fmt.Println(again, run.Err())
	// Output: [two] <nil>
}

func ExamplePair() {
	pairs, err := sources.Slice([]string{"apple", "pear"}).
		Map(func(fruit string) int { return len(fruit) }).
		Ordered().
		To(context.Background(), sinks.Zip)
	if err != nil {
		log.Fatal(err)
	}
	for _, pair := range pairs {
		fmt.Println(pair.In, pair.Out)
	}
	// Output:
	// apple 5
	// pear 4
}

// The accounts of a run add up, whatever became of its items.
func ExampleStats() {
	run := sources.Slice([]string{"1", "two", "3"}).Try(strconv.Atoi).Start(context.Background())
	for range run.Zip() {
	}
	s := run.Stats()
	fmt.Println(run.Err() != nil, s.Failed)
	fmt.Println(s.Read+s.Extra == s.Delivered+s.Failed+s.Filtered+s.Unfinished)
	// Output:
	// true 1
	// true
}
