package sources

import (
	"context"
	"io"
	"sync"
	"time"
)

// interrupt makes reads of r fail from the end of ctx on, if r can do that,
// until the function it returns is called.
func interrupt(ctx context.Context, r io.Reader) (done func()) {
	timed, ok := r.(interface{ SetReadDeadline(time.Time) error })
	if !ok {
		return func() {}
	}
	var set sync.WaitGroup
	set.Add(1)
	cancel := context.AfterFunc(ctx, func() {
		defer set.Done()
		_ = timed.SetReadDeadline(time.Unix(1, 0)) // a regular file can't, and need not
	})
	return func() {
		if cancel() {
			return
		}
		set.Wait()
		_ = timed.SetReadDeadline(time.Time{})
	}
}
