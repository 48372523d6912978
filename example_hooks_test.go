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
