package main

import (
	"context"
	"encoding/json/jsontext"
	"fmt"
	"iter"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// writeSample writes a file of n requests.
func writeSample(ctx context.Context, path string, n int) error {
	_, err := sources.Seq(requests(n)).Ordered().To(ctx, sinks.JSONLines(path).Outputs)
	return err
}

func requests(n int) iter.Seq[Request] {
	return func(yield func(Request) bool) {
		for i := range n {
			r := Request{URI: fmt.Sprintf("/item/%d", i), Data: jsontext.Value(fmt.Sprintf(`{"n":%d}`, i))}
			if !yield(r) {
				return
			}
		}
	}
}
