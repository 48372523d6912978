package vimap_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Order is one line of the input.
type Order struct {
	Fruit string
	Count int
}

// Receipt is what a server answers to an order.
type Receipt struct {
	Cents int `json:"cents"`
}

// Session is what a worker opens once, uses for all of its orders and closes.
type Session struct {
	server string
}

func dial(_ context.Context, server string) (*Session, error) {
	return &Session{server}, nil
}

// Post sends an order; a real one would wait for the server of the session.
func (s *Session) Post(_ context.Context, order Order) (Receipt, error) {
	cents, ok := map[string]int{"apple": 120, "pear": 95}[order.Fruit]
	if !ok {
		return Receipt{}, retry.Permanent(fmt.Errorf("%s: no fruit %q", s.server, order.Fruit))
	}
	return Receipt{cents * order.Count}, nil
}

// Close ends the session.
func (*Session) Close() error { return nil }

func parseOrder(line string) (order Order, err error) {
	_, err = fmt.Sscanf(line, "%s %d", &order.Fruit, &order.Count)
	return order, err
}

// Lines are parsed and posted to two servers, by a worker with a session for
// each, and written beside what the servers answered.
func Example() {
	ctx := context.Background()
	servers := []string{"north.example", "south.example"}
	input := strings.NewReader("apple 3\npear 2\napple 1\n")

	send := vimap.OpenWith(dial).
		Close((*Session).Close).
		Do((*Session).Post).
		Each(servers...).
		Named("send").
		Timeout(5 * time.Second).
		Retry(retry.Exponential(10*time.Millisecond, time.Second).Attempts(5))

	written, err := sources.Reader(input).
		Try(parseOrder).
		Via(send).
		Ordered().
		To(ctx, sinks.JSONLinesTo(os.Stdout).Pairs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("written:", written)
	// Output:
	// {"in":"apple 3","out":{"cents":360}}
	// {"in":"pear 2","out":{"cents":190}}
	// {"in":"apple 1","out":{"cents":120}}
	// written: 3
}
