// Close takes what the opening returned.
package main

import (
	"context"

	"github.com/vimap-go/vimap"
)

type session struct{}
type connection struct{}

func dial(context.Context) (*session, error) { return &session{}, nil }
func (*connection) close() error             { return nil }

func main() {
	// want "(*connection).close" "func(*session) error"
	_ = vimap.Open(dial).Close((*connection).close)
}
