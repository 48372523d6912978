package web

import (
	"context"
	"errors"
	"maps"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/vimap-go/vimap/retry"
)

// pauses says which servers want nothing for now. The zero value has none.
type pauses struct {
	mu  sync.Mutex
	all map[string]pause
}

// pause is what is known of a server that refused.
type pause struct {
	until time.Time
	times int // that it refused in a row
}

// lengths are the pauses of a server that does not say how long.
var lengths = retry.Exponential(100*time.Millisecond, 30*time.Second).Attempts(math.MaxInt)

var errRefused = errors.New("refused")

// most is how many servers are remembered whose pause is over.
const most = 1000

// begin has the server of that key left alone: for as long as it said, or, if
// wait is negative, longer each time in a row, but never for more than longest.
// A request that was sent before a pause and comes back in it is no further
// time.
func (p *pauses) begin(key string, sent time.Time, wait, longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, at := time.Now(), p.all[key]
	if !sent.Before(at.until) {
		at.times++
		if wait < 0 {
			wait, _ = lengths.Next(at.times, 0, errRefused)
		}
	}
	if until := now.Add(min(wait, longest)); until.After(at.until) {
		at.until = until
	}
	if p.all == nil {
		p.all = map[string]pause{}
	}
	if len(p.all) >= most {
		maps.DeleteFunc(p.all, func(_ string, old pause) bool { return old.until.Before(now) })
	}
	p.all[key] = at
}

// end says that the server of that key answered a request.
func (p *pauses) end(key string, sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.all[key]; ok && !sent.Before(at.until) {
		delete(p.all, key)
	}
}

// left is how long the pause of that key lasts still.
func (p *pauses) left(key string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.all[key].until))
}

// wait waits until the pause of that key is over.
func (p *pauses) wait(ctx context.Context, key string) error {
	for {
		left := p.left(key)
		if left == 0 {
			return nil
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// admit waits until l lets a request through.
func admit(ctx context.Context, l *rate.Limiter) error {
	if l == nil {
		return nil
	}
	// Not Wait, which fails at once if ctx has a deadline that it can't meet.
	turn := l.Reserve()
	if !turn.OK() {
		return retry.Permanent(errors.New("web: the burst of Limiter must be at least 1, got 0"))
	}
	if err := sleep(ctx, turn.Delay()); err != nil {
		turn.Cancel()
		return err
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
