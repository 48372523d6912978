package sources

import (
	"context"

	"github.com/vimap-go/vimap"
)

// Chan yields what it receives from ch until ch is closed or the run ends. An
// item is passed on at once, alone; nothing waits for a second one.
//
// The sender closes ch, as always. When the run ends early (its context ended,
// its loop was left) the source stops receiving: a sender that may outlive the
// run must watch the same context. What the run had received and not delivered
// by then, at most its look-ahead and one more item, is gone from the channel. A
// run that is stopped delivers all that it has received, but for an item that
// waits for its turn in a [Merge].
//
// Several runs may receive from one channel; each item goes to one of them.
//
// Chan panics if ch is nil, which would block for ever.
func Chan[T any](ch <-chan T) vimap.Pipeline[T, T] {
	if ch == nil {
		panic("sources: Chan: ch must not be nil")
	}
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[T]) error {
		ended := ctx.Done()
		for {
			var item T
			var ok bool
			select {
			case item, ok = <-ch: // a third cheaper than waiting for both
			default:
				select {
				case item, ok = <-ch:
				case <-ended:
					return nil
				}
			}
			if !ok || !out.One(item) {
				return nil
			}
		}
	}).Named("chan")
}
