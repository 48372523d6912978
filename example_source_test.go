package vimap_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"slices"
	"strconv"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleFrom() {
	records := func(context.Context) iter.Seq2[[]string, error] {
		return func(yield func([]string, error) bool) {
			table := csv.NewReader(strings.NewReader("apple,120\npear,95\n"))
			for {
				record, err := table.Read()
				if errors.Is(err, io.EOF) || !yield(record, err) {
					return
				}
			}
		}
	}
	fruits, err := vimap.From(records).
		Map(func(record []string) string { return record[0] }).
		Ordered().
		To(context.Background(), sinks.Collect)
	fmt.Println(fruits, err)
	// Output: [apple pear] <nil>
}

// A source that gets its items by the page.
func ExampleEmit() {
	list := func(_ context.Context, page int) (orders []string, more bool, err error) {
		all := [][]string{{"apple", "pear"}, {"plum"}}
		return all[page], page+1 < len(all), nil
	}
	orders := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		for page := 0; ; page++ {
			orders, more, err := list(ctx, page)
			if err != nil || !out.Many(orders) || !more {
				return err
			}
		}
	})
	all, err := orders.Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(all, err)
	// Output: [apple pear plum] <nil>
}

// An endless source returns when the run has taken what it wants.
func ExampleEmitter() {
	ids := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		for id := 100; out.One(id); id++ {
		}
		return nil
	})
	run := ids.Ordered().Start(context.Background())
	for id := range run.Zip() {
		fmt.Println(id)
		if id == 102 {
			break
		}
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 100
	// 101
	// 102
}

func ExampleEmitter_One() {
	text := "apple 3 pear 2"
	words := vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		for word := range strings.FieldsSeq(text) {
			if !out.One(word) {
				return nil // the run wants no more
			}
		}
		return nil
	})
	n, err := words.To(context.Background(), sinks.Ignore)
	fmt.Println(n, err)
	// Output: 4 <nil>
}

// A buffer may be filled again as soon as Many has returned.
func ExampleEmitter_Many() {
	packets := vimap.Emit(func(_ context.Context, out *vimap.Emitter[byte]) error {
		r, buffer := strings.NewReader("hello, world"), make([]byte, 5)
		for {
			n, err := r.Read(buffer)
			if !out.Many(buffer[:n]) || errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	text, err := packets.Ordered().To(context.Background(), sinks.Collect)
	fmt.Printf("%s %v\n", text, err)
	// Output: hello, world <nil>
}

// A source that has text, and not its lines, need not cut it.
func ExampleEmitText() {
	pages := []string{"one\ntwo\n", "three\n"}
	lines := vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		for _, page := range pages {
			if !vimap.EmitText(out, page) {
				break
			}
		}
		return nil
	})
	upper := vimap.Func(func(_ context.Context, line string) (string, error) { return strings.ToUpper(line), nil })
	fmt.Println(lines.Via(upper.Workers(2)).Ordered().To(context.Background(), sinks.Collect))
	// Output: [ONE TWO THREE] <nil>
}

// An item that fails, at whatever stage, is reported with its place.
func ExampleEmitter_Places() {
	prices := vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		const header = 1
		out.Places(func(n int64) string { return fmt.Sprintf("prices.csv:%d", header+1+n) })
		out.Many([]string{"120", "95", "free"})
		return nil
	})
	_, err := prices.Try(strconv.Atoi).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(err)
	// Output: vimap: stage "try": item 2 (prices.csv:4): strconv.Atoi: parsing "free": invalid syntax
}

// A source that puts others one behind another.
func ExampleEmitter_Append() {
	today := sources.Slice([]string{"apple", "pear"})
	earlier := sources.Slice([]string{"PLUM"}).Map(strings.ToLower)

	orders := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		if err := out.Append(ctx, today); err != nil {
			return err
		}
		return out.Append(ctx, earlier)
	})
	all, err := orders.Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(all, err)
	// Output: [apple pear plum] <nil>
}

// Each pipeline has a goroutine; what comes first is a matter of time.
func ExampleEmitter_Merge() {
	orders := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		return out.Merge(ctx, sources.Slice([]string{"apple", "pear"}), sources.Slice([]string{"plum"}))
	})
	all, err := orders.To(context.Background(), sinks.Collect)
	slices.Sort(all)
	fmt.Println(all, err)
	// Output: [apple pear plum] <nil>
}

// The input of the run is the order, not the line that it was read from.
func ExampleDecode() {
	prices := map[string]int{"apple": 120, "pear": 95}
	lines := sources.Slice([]string{"apple 3", "pear 2"})

	run := vimap.Decode(lines, parseOrder).
		Map(func(order Order) int { return prices[order.Fruit] * order.Count }).
		Ordered().
		Start(context.Background())
	for order, cents := range run.Zip() {
		fmt.Println(order.Count, order.Fruit, cents)
	}
	if err := run.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3 apple 360
	// 2 pear 190
}
