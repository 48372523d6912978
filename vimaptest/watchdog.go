package vimaptest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sourcegraph/conc/panics"

	"github.com/vimap-go/vimap/internal/engine"
)

var (
	errHangs  = errors.New("vimaptest: the test hangs")
	errGoexit = errors.New("runtime.Goexit was called where the outputs are looked at")
)

// watched calls f, and says what is wrong: f's error, workers that were not
// closed, what is left behind. If f does not return within limit it hangs.
func watched(ctx context.Context, limit time.Duration, f func(context.Context) error) (hangs bool, err error) {
	before := look()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errHangs)
	workers := &closings{open: map[any]string{}}
	ctx = engine.Observed(ctx, workers.observe)

	returned := make(chan error, 1)
	var watched sync.WaitGroup // not awaited if it hangs
	watched.Go(func() {
		err := errGoexit
		defer func() { returned <- err }()
		if p := panics.Try(func() { err = f(ctx) }); p != nil {
			err = p.AsError()
		}
	})
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-returned:
		if err == nil {
			err = workers.wrong()
		}
		if left := before.leftBehind(); left != "" {
			err = errors.Join(err, fmt.Errorf("the run is over and something is left behind:\n%s", left))
		}
		return false, err
	case <-timer.C:
		return true, fmt.Errorf("the run did not end within %v; what is tested after this is left out. These goroutines are there:\n%s",
			limit, look().since(before))
	}
}

// closings sees that each worker that was opened is closed once.
type closings struct {
	mu    sync.Mutex
	open  map[any]string // workers, by what names them
	twice []string
}

func (c *closings) observe(e engine.WorkerEvent, worker any, stage string, number int, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := fmt.Sprintf("worker %d of stage %q", number, stage)
	switch e {
	case engine.Opened:
		c.open[worker] = name
	case engine.Closed:
		if _, open := c.open[worker]; !open {
			c.twice = append(c.twice, name)
		}
		delete(c.open, worker)
	case engine.Restarted, engine.Stuck, engine.GivenUp:
	}
}

func (c *closings) wrong() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.twice) > 0:
		return fmt.Errorf("closed without having been opened, or twice: %s", strings.Join(c.twice, ", "))
	case len(c.open) > 0:
		names := slices.Sorted(maps.Values(c.open))
		return fmt.Errorf("opened, and not closed: %s", strings.Join(names, ", "))
	}
	return nil
}
