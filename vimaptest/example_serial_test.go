package vimaptest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// A program runs a pipeline with many workers. Its test gives it a serial
// context, and finds every call where a plain loop would have it.
func ExampleSerial() {
	program := func(ctx context.Context, words ...string) error {
		dial := func(_ context.Context, server string) (string, error) {
			fmt.Println("dial", server)
			return server, nil
		}
		send := func(server string, _ context.Context, word string) (int, error) {
			fmt.Printf("%s gets %q\n", server, word)
			if word == "" {
				return 0, errors.New("nothing to send")
			}
			return len(word), nil
		}
		hang := func(server string) error {
			fmt.Println("hang up", server)
			return nil
		}
		run := sources.Slice(words).Via(vimap.OpenWith(dial).Close(hang).Do(send).Each("north", "south")).Start(ctx)
		for word, n := range run.Zip() {
			fmt.Println(word, n)
		}
		return run.Err()
	}

	ctx := vimaptest.Serial(context.Background())
	fmt.Println(program(ctx, "one", "three", "", "five"))
	// Output:
	// dial north
	// dial south
	// north gets "one"
	// one 3
	// south gets "three"
	// three 5
	// north gets ""
	// hang up north
	// hang up south
	// vimap: stage "open": item 2: nothing to send
}
