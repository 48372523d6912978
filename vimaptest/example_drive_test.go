package vimaptest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/vimaptest"
)

// upper is the work in the examples.
func upper(_ context.Context, s string) (string, error) { return s + "!", nil }

// In a test t is its *testing.T. The items and the outcomes of a run pass
// through the hands of the test, one by one.
func ExampleDrive() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[string](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(upper)))

		source.Feed("a")
		result, _ := out.Next()
		fmt.Println(result.In, result.Out)

		source.Feed("b", "c")
		source.End()
		for _, result := range out.Rest() {
			fmt.Println(result.In, result.Out)
		}
		fmt.Println(out.Err())
	})
	// Output:
	// a a!
	// b b!
	// c c!
	// <nil>
}

func ExampleNewSource() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline())
		fmt.Println(source.Feed(7))
		fmt.Println(out.Next())
	})
	// Output:
	// true
	// {7 7 0 <nil>} true
}

func ExampleSource_Pipeline() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		// What is tested is given the pipeline of the source in place of a real one.
		shout := func(in vimap.Pipeline[int, int]) vimap.Pipeline[int, string] {
			return in.Map(func(n int) string { return fmt.Sprint(n, "!") })
		}
		out := vimaptest.Drive(t.Context(), t, shout(source.Pipeline()))
		source.Feed(7)
		result, _ := out.Next()
		fmt.Println(result.Out)
	})
	// Output: 7!
}

// A run with two items in flight takes a third when one has been delivered.
func ExampleSource_Feed() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().InFlight(2))
		fmt.Println(source.Feed(1, 2), source.TryFeed(3))
		out.Next()
		fmt.Println(source.Feed(3))
		out.Leave()
		fmt.Println(source.Feed(4))
	})
	// Output:
	// true false
	// true
	// false
}

func ExampleSource_TryFeed() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		fmt.Println(source.TryFeed(1)) // no run has begun
	})
	// Output: false
}

func ExampleSource_Taken() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		vimaptest.Drive(t.Context(), t, source.Pipeline().InFlight(2))
		source.Feed(1, 2)
		source.TryFeed(3)
		fmt.Println(source.Taken())
	})
	// Output: 2
}

func ExampleSource_End() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline())
		source.Feed(1)
		source.End()
		fmt.Println(len(out.Rest()), out.Err())
	})
	// Output: 1 <nil>
}

func ExampleSource_Fail() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline())
		source.Feed(1)
		source.Fail(errors.New("connection reset"))
		fmt.Println(len(out.Rest()), out.Err())
	})
	// Output: 1 vimap: source: connection reset
}

func ExampleDriver_Next() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[string](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(upper)))
		source.Feed("a")
		source.End()
		fmt.Println(out.Next())
		fmt.Println(out.Next())
	})
	// Output:
	// {a a! 0 <nil>} true
	// {  0 <nil>} false
}

func ExampleDriver_TryNext() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[string](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(upper)))
		_, ok := out.TryNext()
		fmt.Println(ok) // nothing was fed
	})
	// Output: false
}

func ExampleDriver_Rest() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[string](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(upper)).Ordered())
		source.Feed("a", "b")
		source.End()
		for _, result := range out.Rest() {
			fmt.Println(result.Out)
		}
	})
	// Output:
	// a!
	// b!
}

// Leave is a break from the loop: what is in flight is interrupted, the workers
// are closed, and there is no error.
func ExampleDriver_Leave() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		begun := make(chan bool)
		stage := vimap.Func(func(ctx context.Context, n int) (int, error) {
			close(begun)
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(stage))
		source.Feed(1)
		<-begun
		out.Leave()
		fmt.Println(out.Err(), out.Stats().Unfinished)
	})
	// Output: <nil> 1
}

func ExampleDriver_Stop() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline())
		source.Feed(1)
		out.Stop()
		fmt.Println(len(out.Rest()), source.Feed(2))
	})
	// Output: 1 false
}

func ExampleDriver_Stats() {
	inTest(func(t *fakeT) {
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Filter(func(n int) bool { return n > 1 }))
		source.Feed(1, 2)
		source.End()
		out.Rest()
		stats := out.Stats()
		fmt.Println(stats.Read, stats.Delivered, stats.Filtered)
	})
	// Output: 2 1 1
}

func ExampleDriver_Err() {
	inTest(func(t *fakeT) {
		ctx, cancel := context.WithCancelCause(t.Context())
		source := vimaptest.NewSource[int](t)
		out := vimaptest.Drive(ctx, t, source.Pipeline())
		cancel(errors.New("shutting down"))
		out.Rest()
		fmt.Println(out.Err())
	})
	// Output: shutting down
}
