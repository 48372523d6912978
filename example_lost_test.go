package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// A Do that meets a broken connection says so: the worker dials again before it
// goes on, and the input is tried again.
func ExampleLost() {
	errBroken := errors.New("broken pipe")
	dials := 0
	dial := func(context.Context) (int, error) { dials++; return dials, nil }
	send := func(connection int, _ context.Context, word string) (string, error) {
		if connection == 1 && word == "two" {
			return "", vimap.Lost(errBroken)
		}
		return fmt.Sprintf("%s by connection %d", word, connection), nil
	}

	sent, err := sources.Slice([]string{"one", "two", "three"}).
		Via(vimap.Open(dial).Do(send).Retry(retry.Fixed(0))).
		Ordered().
		To(context.Background(), sinks.Collect)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent[0])
	fmt.Println(sent[1])
	// Output:
	// one by connection 1
	// two by connection 2
}
