package retry_test

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vimap-go/vimap/retry"
)

// A policy only answers; this is the loop that asks.
func Example() {
	policy := retry.Fixed(time.Millisecond).Attempts(5)
	tries := 0
	work := func() error {
		tries++
		if tries < 3 {
			return errors.New("not yet")
		}
		return nil
	}

	began := time.Now()
	for attempt := 1; ; attempt++ {
		err := work()
		wait, again := policy.Next(attempt, time.Since(began), err)
		if !again {
			fmt.Println("attempts:", attempt, "error:", err)
			return
		}
		fmt.Println("attempt", attempt, "failed, next one in", wait)
		// Here the caller waits, on a timer that its context can end.
	}
	// Output:
	// attempt 1 failed, next one in 1ms
	// attempt 2 failed, next one in 1ms
	// attempts: 3 error: <nil>
}

func ExampleExponential() {
	policy := retry.Exponential(100*time.Millisecond, time.Second).Jitter(0).Attempts(6)
	for attempt := 1; attempt <= 6; attempt++ {
		fmt.Println(policy.Next(attempt, 0, io.ErrUnexpectedEOF))
	}
	// Output:
	// 100ms true
	// 200ms true
	// 400ms true
	// 800ms true
	// 1s true
	// 0s false
}

func ExampleFixed() {
	policy := retry.Fixed(time.Second)
	for attempt := 1; attempt <= 3; attempt++ {
		fmt.Println(policy.Next(attempt, 0, io.ErrUnexpectedEOF))
	}
	// Output:
	// 1s true
	// 1s true
	// 0s false
}

func ExamplePolicy_Attempts() {
	policy := retry.Fixed(time.Second).Attempts(2) // the first and one retry
	for attempt := 1; attempt <= 2; attempt++ {
		fmt.Println(policy.Next(attempt, 0, io.ErrUnexpectedEOF))
	}
	// Output:
	// 1s true
	// 0s false
}

func ExamplePolicy_If() {
	policy := retry.Fixed(time.Second).If(func(err error) bool {
		return errors.Is(err, io.ErrUnexpectedEOF)
	})
	fmt.Println(policy.Next(1, 0, fmt.Errorf("read: %w", io.ErrUnexpectedEOF)))
	fmt.Println(policy.Next(1, 0, errors.New("bad request")))
	// Output:
	// 1s true
	// 0s false
}

func ExamplePolicy_Jitter() {
	policy := retry.Fixed(time.Second).Jitter(0.2)
	wait, _ := policy.Next(1, 0, io.ErrUnexpectedEOF)
	fmt.Println(800*time.Millisecond <= wait && wait <= time.Second)
	// Output: true
}

func ExamplePolicy_Within() {
	policy := retry.Fixed(2 * time.Second).Within(10 * time.Second)
	fmt.Println(policy.Next(1, 7*time.Second, io.ErrUnexpectedEOF))
	fmt.Println(policy.Next(1, 9*time.Second, io.ErrUnexpectedEOF)) // would start at 11 s
	// Output:
	// 2s true
	// 0s false
}

func ExamplePolicy_Next() {
	policy := retry.Exponential(time.Second, time.Minute).Jitter(0)
	wait, again := policy.Next(2, 5*time.Second, io.ErrUnexpectedEOF)
	fmt.Println("after 2 failed attempts:", wait, again)
	// Output: after 2 failed attempts: 2s true
}

func ExamplePermanent() {
	policy := retry.Fixed(time.Second)
	err := retry.Permanent(errors.New("401 Unauthorized"))
	fmt.Println(err)
	fmt.Println(policy.Next(1, 0, fmt.Errorf("post: %w", err)))
	// Output:
	// 401 Unauthorized
	// 0s false
}

func ExampleAfter() {
	policy := retry.Exponential(time.Millisecond, time.Second)
	err := retry.After(errors.New("429 Too Many Requests"), 30*time.Second)
	fmt.Println(err)
	fmt.Println(policy.Next(1, 0, err))
	// Output:
	// 429 Too Many Requests
	// 30s true
}
