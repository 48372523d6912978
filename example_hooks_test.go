package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Hooks see what a run does not return: attempts that failed and were made good.
func ExampleStage_Hooks() {
	tries := 0
	send := vimap.Func(func(_ context.Context, word string) (int, error) {
		if tries++; tries == 1 {
			return 0, errors.New("busy")
		}
		return len(word), nil
	}).Retry(retry.Fixed(0)).Hooks(vimap.Hooks{
		AttemptFailed: func(e vimap.ItemEvent) { fmt.Println("attempt", e.Attempt, "for", e.Input, "failed:", e.Err) },
		ItemDone:      func(e vimap.ItemEvent) { fmt.Println("attempt", e.Attempt, "for", e.Input, "done") },
	})
	sent, err := sources.Slice([]string{"hello"}).Via(send).To(context.Background(), sinks.Ignore)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent)
	// Output:
	// attempt 1 for hello failed: busy
	// attempt 2 for hello done
	// 1
}

// A server that does not answer must not hold a worker for ever.
func ExampleStage_OpenTimeout() {
	dial := func(ctx context.Context) (string, error) {
		<-ctx.Done() // nobody is there
		return "", ctx.Err()
	}
	send := vimap.Open(dial).
		Do(func(_ string, _ context.Context, word string) (int, error) { return len(word), nil }).
		OpenTimeout(time.Millisecond).
		Restart(retry.Policy{})
	_, err := sources.Slice([]string{"hello"}).Via(send).To(context.Background(), sinks.Ignore)
	fmt.Println(errors.Is(err, vimap.ErrNoWorkers), errors.Is(err, context.DeadlineExceeded))
	// Output: true true
}

// A clean-up that hangs would hold the end of the run.
func ExampleStage_CloseTimeout() {
	keep := vimap.Open(func(context.Context) (*[]string, error) { return new([]string), nil }).
		Close(func(lines *[]string) error { fmt.Println("lines:", len(*lines)); return nil }).
		Do(func(lines *[]string, _ context.Context, line string) (int, error) {
			*lines = append(*lines, line)
			return len(*lines), nil
		}).
		CloseTimeout(time.Minute)
	logged, err := sources.Slice([]string{"a", "b"}).Via(keep).To(context.Background(), sinks.Ignore)
	fmt.Println(logged, err)
	// Output:
	// lines: 2
	// 2 <nil>
}

// With a limit of 0 the first call that has to be abandoned ends the run.
func ExampleStage_StuckLimit() {
	double := vimap.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil }).
		Timeout(time.Second).
		StuckLimit(0)
	fmt.Println(sources.Slice([]int{1, 2}).Via(double).Ordered().To(context.Background(), sinks.Collect))
	// Output: [2 4] <nil>
}

// One set of hooks counts, another prints. Each is called whatever the other does.
func ExampleHooks_And() {
	opened := 0
	counting := vimap.Hooks{WorkerOpened: func(vimap.WorkerEvent) { opened++ }}
	printing := vimap.Hooks{
		WorkerOpened: func(e vimap.WorkerEvent) { fmt.Println("opened", e.Stage) },
		ItemDone:     func(e vimap.ItemEvent) { fmt.Println("done", e.Input) },
	}
	greet := vimap.Open(func(context.Context) (string, error) { return "hello ", nil }).
		Do(func(greeting string, _ context.Context, name string) (string, error) { return greeting + name, nil }).
		Named("greet").
		Hooks(counting.And(printing))
	fmt.Println(sources.Slice([]string{"world"}).Via(greet).To(context.Background(), sinks.Collect))
	fmt.Println(opened)
	// Output:
	// opened greet
	// done world
	// [hello world] <nil>
	// 1
}

// Hooks of a pipeline are told what happens in all of its stages.
func ExamplePipeline_Hooks() {
	length := vimap.Func(func(_ context.Context, word string) (int, error) { return len(word), nil }).Named("length")
	double := vimap.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil }).Named("double")
	fmt.Println(sources.Slice([]string{"hello"}).
		Via(length.Then(double)).
		Hooks(vimap.Hooks{ItemDone: func(e vimap.ItemEvent) { fmt.Println(e.Stage, "of", e.Input) }}).
		To(context.Background(), sinks.Collect))
	// Output:
	// length of hello
	// double of 5
	// [10] <nil>
}

// The place of an item is known wherever it fails.
func ExampleItemEvent_Place() {
	numbers := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		out.Places(func(n int64) string { return fmt.Sprintf("numbers.txt:%d", n+1) })
		out.Many([]int{4, 0, 2})
		return nil
	})
	divide := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n == 0 {
			return 0, errors.New("division by zero")
		}
		return 100 / n, nil
	}).Hooks(vimap.Hooks{ItemFailed: func(e vimap.ItemEvent) { fmt.Println(e.Place(), e.Err) }})
	run := numbers.Via(divide).Start(context.Background())
	for range run.Results() {
	}
	// Output: numbers.txt:2 division by zero
}
