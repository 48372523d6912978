// Package retry says when work that failed is tried again, and after how long.
//
// A [Policy] is a value that answers one question, [Policy.Next]: attempt k
// has failed with this error, so is there another one, and when? It keeps no
// count, holds no timer and never sleeps; whoever uses it does. In vimap these
// are [github.com/vimap-go/vimap.Stage.Retry], for an input whose work failed,
// and [github.com/vimap-go/vimap.Stage.Restart], for a worker that was lost.
//
//	retry.Exponential(100*time.Millisecond, 10*time.Second). // 0.1 s, 0.2 s, 0.4 s … 10 s
//		Attempts(5).         // the first one included
//		Within(time.Minute)  // after the first began; none starts later
//
// # What is retried
//
// Every error is, [context.Canceled] and [context.DeadlineExceeded] too, until
// the attempts or the time are spent, but for one that the condition of
// [Policy.If] turns down and one made by [Permanent]. An error made by [After]
// changes the wait alone. Marks are found wherever [errors.As] finds them, so
// marked errors may be wrapped. Permanent wins over After and over If.
//
// # Waits
//
// The wait after attempt k of an exponential policy is
//
//	min(most, first·2^(k-1))
//
// and jitter then takes away a share of it, drawn anew each time, so that
// workers that failed together don't come back together. The formulas are
// those of "Exponential Backoff And Jitter" by Marc Brooker, AWS Architecture
// Blog, 2015 (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/):
// Jitter(0.5), the default of [Exponential], is its "equal jitter", Jitter(1)
// its "full jitter" and Jitter(0) its plain exponential back-off.
//
// # Tests
//
// Jitter is the only part that is random. A test that counts on exact waits
// sets Jitter(0).
package retry
