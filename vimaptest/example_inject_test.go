package vimaptest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// The second attempt of all fails and the fourth panics, and retries make up for
// both. With one item in flight there is no doubt whose attempts these are. In a test t is its *testing.T.
func ExampleInject() {
	inTest(func(t *fakeT) {
		faults := vimaptest.Inject(t,
			vimaptest.Fail(errors.New("server down")).On(2),
			vimaptest.Panic("out of range").On(4))
		stage := vimap.Func(faults.Func(upper)).Retry(retry.Fixed(0).Attempts(2))
		outs, err := sources.Slice([]string{"a", "b", "c"}).Via(stage).InFlight(1).To(t.Context(), sinks.Collect)
		fmt.Println(outs, err)
		fmt.Println(faults.Calls(), "calls")
	})
	// Output:
	// [a! b! c!] <nil>
	// 5 calls
}

// outcomes prints what becomes of three inputs when the calls of one worker go
// wrong.
func outcomes(fault vimaptest.Fault) {
	inTest(func(t *fakeT) {
		faults := vimaptest.Inject(t, fault)
		stage := vimap.Func(faults.Func(upper)).Timeout(time.Millisecond)
		for result := range sources.Slice([]string{"a", "b", "c"}).Via(stage).Ordered().Start(t.Context()).Results() {
			if result.Err != nil {
				fmt.Println(result.Err)
				continue
			}
			fmt.Println(result.Out)
		}
	})
}

func ExampleFail() {
	outcomes(vimaptest.Fail(errors.New("server down")).On(2))
	// Output:
	// a!
	// vimap: stage "func": item 1: server down
	// c!
}

func ExamplePanic() {
	outcomes(vimaptest.Panic("out of range").On(1, 3))
	// Output:
	// vimap: stage "func": item 0: panic: out of range
	// b!
	// vimap: stage "func": item 2: panic: out of range
}

func ExampleGoexit() {
	outcomes(vimaptest.Goexit().On(2))
	// Output:
	// a!
	// vimap: stage "func": item 1: runtime.Goexit was called
	// c!
}

func ExampleHang() {
	outcomes(vimaptest.Hang().On(3))
	// Output:
	// a!
	// b!
	// vimap: stage "func": item 2: context deadline exceeded
}

// A call that ignores the end of its context is abandoned a second after it.
func ExampleStuck() {
	outcomes(vimaptest.Stuck().On(1))
	// Output:
	// vimap: stage "func": item 0: vimap: stage "func": worker 0, at item 0, ignores its time limit of 1ms: abandoned
	// b!
	// c!
}

func ExampleFault_On() {
	outcomes(vimaptest.Fail(errors.New("server down")).On(1, 2))
	// Output:
	// vimap: stage "func": item 0: server down
	// vimap: stage "func": item 1: server down
	// c!
}

// A server that dies half-way.
func ExampleFault_From() {
	outcomes(vimaptest.Fail(errors.New("server down")).From(2))
	// Output:
	// a!
	// vimap: stage "func": item 1: server down
	// vimap: stage "func": item 2: server down
}

func ExampleInjector_Calls() {
	inTest(func(t *fakeT) {
		faults := vimaptest.Inject(t) // none: it only counts
		stage := vimap.Func(faults.Func(upper))
		_, err := sources.Slice([]string{"a", "b"}).Via(stage).To(t.Context(), sinks.Ignore)
		fmt.Println(faults.Calls(), err)
	})
	// Output: 2 <nil>
}

// A batch function has the form of any other.
func ExampleInjector_Func() {
	inTest(func(t *fakeT) {
		lengths := func(_ context.Context, words []string) (all []int, err error) {
			for _, word := range words {
				all = append(all, len(word))
			}
			return all, nil
		}
		faults := vimaptest.Inject(t, vimaptest.Fail(errors.New("batch refused")).On(1))
		stage := vimap.Bulk(2, 0, faults.Func(lengths)).Retry(retry.Fixed(0).Attempts(2))
		outs, err := sources.Slice([]string{"a", "bc"}).Via(stage).Ordered().To(t.Context(), sinks.Collect)
		fmt.Println(outs, err)
	})
	// Output: [1 2] <nil>
}

// session is what a worker opens.
type session struct{}

func dial(context.Context) (*session, error) { return &session{}, nil }

func (*session) post(_ context.Context, s string) (string, error) { return s + "!", nil }

func (*session) close() error { return nil }

func ExampleInjector_Open() {
	inTest(func(t *fakeT) {
		opens := vimaptest.Inject(t, vimaptest.Fail(errors.New("no route")).From(1))
		stage := vimap.Open(opens.Open(dial)).Do((*session).post).Restart(retry.Fixed(0).Attempts(2))
		_, err := sources.Slice([]string{"a"}).Via(stage).To(t.Context(), sinks.Collect)
		fmt.Println(err)
		fmt.Println(opens.Calls(), "openings")
	})
	// Output:
	// vimap: stage "open": no worker left: vimap: stage "open": worker 0: open: no route
	// 2 openings
}

// The first post loses the connection: the worker is closed and opened anew.
func ExampleInjector_Do() {
	inTest(func(t *fakeT) {
		opens := vimaptest.Inject(t)
		posts := vimaptest.Inject(t, vimaptest.Fail(vimap.Lost(errors.New("connection reset"))).On(1))
		stage := vimap.Open(opens.Open(dial)).Do(posts.Do((*session).post)).Retry(retry.Fixed(0).Attempts(2))
		outs, err := sources.Slice([]string{"a", "b"}).Via(stage).InFlight(1).To(t.Context(), sinks.Collect)
		fmt.Println(outs, err)
		fmt.Println(opens.Calls(), "openings")
	})
	// Output:
	// [a! b!] <nil>
	// 2 openings
}

func ExampleInjector_Close() {
	inTest(func(t *fakeT) {
		ends := vimaptest.Inject(t, vimaptest.Fail(errors.New("not flushed")))
		stage := vimap.Open(dial).Close(ends.Close((*session).close)).Do((*session).post)
		outs, err := sources.Slice([]string{"a"}).Via(stage).To(t.Context(), sinks.Collect)
		fmt.Println(outs)
		fmt.Println(err)
	})
	// Output:
	// [a!]
	// vimap: stage "open": worker 0: close: not flushed
}

func ExampleInjector_Try() {
	inTest(func(t *fakeT) {
		parse := func(s string) (int, error) { return len(s), nil }
		faults := vimaptest.Inject(t, vimaptest.Fail(errors.New("no number")).On(2))
		outs, err := sources.Slice([]string{"a", "b"}).Try(faults.Try(parse)).Ordered().To(t.Context(), sinks.Collect)
		fmt.Println(outs, err)
	})
	// Output: [1] vimap: stage "try": item 1: no number
}
