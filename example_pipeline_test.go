package vimap_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"strconv"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// A pipeline is a value: it may be branched, and run as often as asked.
func ExamplePipeline() {
	ctx := context.Background()
	prices := sources.Slice([]string{"120", "95", "240"}).Try(strconv.Atoi)
	dear := prices.Filter(func(cents int) bool { return cents >= 100 })

	all, err := prices.Ordered().To(ctx, sinks.Collect)
	fmt.Println(all, err)
	some, err := dear.Ordered().To(ctx, sinks.Collect)
	fmt.Println(some, err)
	// Output:
	// [120 95 240] <nil>
	// [120 240] <nil>
}

func ExamplePipeline_Map() {
	lengths, err := sources.Slice([]string{"apple", "pear"}).
		Map(strings.ToUpper).
		Map(func(fruit string) int { return len(fruit) }).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(lengths, err)
	// Output: [5 4] <nil>
}

func ExamplePipeline_Try() {
	numbers, err := sources.Slice([]string{"1", "2", "three"}).
		Try(strconv.Atoi).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(numbers)
	fmt.Println(err)
	// Output:
	// [1 2]
	// vimap: stage "try": item 2: strconv.Atoi: parsing "three": invalid syntax
}

func ExamplePipeline_Filter() {
	lines, err := sources.Slice([]string{"apple 3", "", "# sold out", "pear 2"}).
		Filter(func(line string) bool { return line != "" && !strings.HasPrefix(line, "#") }).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Printf("%q %v\n", lines, err)
	// Output: ["apple 3" "pear 2"] <nil>
}

// Each word stands beside the line that it is of.
func ExamplePipeline_FlatMap() {
	run := sources.Slice([]string{"an apple", "", "pears"}).
		FlatMap(strings.FieldsSeq).
		Ordered().
		Start(context.Background())
	for line, word := range run.Zip() {
		fmt.Printf("%q %q\n", line, word)
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// "an apple" "an"
	// "an apple" "apple"
	// "pears" "pears"
}

func ExamplePipeline_Via() {
	fetch := func(_ context.Context, url string) (string, error) {
		return "<title>" + url + "</title>", nil
	}
	pages, err := sources.Slice([]string{"a.example", "b.example"}).
		Via(vimap.Func(fetch).Workers(8)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(pages, err)
	// Output: [<title>a.example</title> <title>b.example</title>] <nil>
}

// The first input takes longest, and its output still comes first.
func ExamplePipeline_Ordered() {
	othersDone := make(chan bool)
	fetch := func(_ context.Context, url string) (string, error) {
		switch url {
		case "slow.example":
			<-othersDone
		case "last.example":
			close(othersDone)
		}
		return "page of " + url, nil
	}
	pages, err := sources.Slice([]string{"slow.example", "last.example"}).
		Via(vimap.Func(fetch).Workers(2)).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(pages, err)
	// Output: [page of slow.example page of last.example] <nil>
}

// A second page is not read before the first is delivered.
func ExamplePipeline_InFlight() {
	pages := func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for page := 1; page <= 2; page++ {
				fmt.Println("reading page", page)
				if !yield(page, nil) {
					return
				}
			}
		}
	}
	run := vimap.From(pages).InFlight(1).Start(context.Background())
	for page := range run.Zip() {
		fmt.Println("writing page", page)
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// reading page 1
	// writing page 1
	// reading page 2
	// writing page 2
}

// A run begins when it is ranged over.
func ExamplePipeline_Start() {
	run := sources.Slice([]string{"3", "4"}).Try(strconv.Atoi).Ordered().Start(context.Background())
	for word, n := range run.Zip() {
		fmt.Printf("%q is %d\n", word, n)
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// "3" is 3
	// "4" is 4
}

func ExamplePipeline_To() {
	ctx := context.Background()
	prices := sources.Slice([]string{"120", "95"}).Try(strconv.Atoi)

	add := func(sum int, _ string, cents int) int { return sum + cents }
	sum, err := prices.To(ctx, sinks.Fold(0, add))
	fmt.Println(sum, err)
	// Output: 215 <nil>
}

// Any function of a run is a sink.
func ExamplePipeline_To_ownSink() {
	longest := func(run *vimap.Run[string, int]) (longest string, err error) {
		most := 0
		for fruit, length := range run.Zip() {
			if length > most {
				longest, most = fruit, length
			}
		}
		return longest, run.Err()
	}
	fruit, err := sources.Slice([]string{"fig", "apple", "pear"}).
		Map(func(fruit string) int { return len(fruit) }).
		To(context.Background(), longest)
	fmt.Println(fruit, err)
	// Output: apple <nil>
}
