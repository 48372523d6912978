// Do works with what the opening returned.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
)

type session struct{}
type connection struct{}

func dial(context.Context) (*session, error)                   { return &session{}, nil }
func (*connection) post(_ context.Context, n int) (int, error) { return n, nil }

func main() {
	// want "of (*connection).post" "does not match func(*session, context.Context, In) (Out, error)"
	_ = vimap.Open(dial).Do((*connection).post)
}
