//go:build unix

package vimap_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

// untilStopped has the items 0 to n-1 and then waits for the end of the
// reading, of which it tells ended.
func untilStopped(n int, ended chan<- struct{}) vimap.Pipeline[int, int] {
	return vimap.From(func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			<-ctx.Done()
			close(ended)
		}
	})
}

func TestTheFirstSignalStopsAndTheSecondCancels(t *testing.T) {
	testkit.Quiet(t)
	// So that a signal that nobody else hears does not end the tests.
	spare := make(chan os.Signal, 8)
	signal.Notify(spare, syscall.SIGUSR1)
	defer signal.Stop(spare)
	send := func() { require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1)) }

	ctx, release := vimap.Interruptible(t.Context(), syscall.SIGUSR1)
	defer release()
	ended := make(chan struct{})
	run := untilStopped(10, ended).Via(vimap.Func(testkit.Square)).Start(ctx)
	seen := 0
	for range run.Zip() {
		if seen++; seen == 10 {
			send()
		}
	}
	<-ended
	require.NoError(t, run.Err(), "the first signal cancels nothing")
	require.Equal(t, 10, seen)
	require.NoError(t, ctx.Err())
	release()
	require.ErrorIs(t, ctx.Err(), context.Canceled)

	ctx, release = vimap.Interruptible(t.Context(), syscall.SIGUSR1)
	defer release()
	ended = make(chan struct{})
	wait := func(ctx context.Context, n int) (int, error) {
		if n == 9 {
			send()
			<-ended
			if err := ctx.Err(); err != nil {
				return 0, err // too early
			}
			send()
			<-ctx.Done()
			return 0, context.Cause(ctx)
		}
		return n, nil
	}
	run = untilStopped(10, ended).Via(vimap.Func(wait)).Ordered().Start(ctx)
	outs, err := testkit.Collect(run)
	var interrupt *vimap.InterruptError
	require.ErrorAs(t, err, &interrupt)
	require.Equal(t, syscall.SIGUSR1, interrupt.Signal)
	require.EqualError(t, interrupt, `vimap: ended by the signal "user defined signal 1"`)
	require.ErrorAs(t, context.Cause(ctx), &interrupt)
	require.LessOrEqual(t, len(outs), 9)
	testkit.RequireAddsUp(t, run.Stats())
}

// interruptTwice is what the child process of the test below does.
func interruptTwice() {
	ctx, release := vimap.Interruptible(context.Background())
	defer release()
	send := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) }
	ended := make(chan struct{})
	run := untilStopped(1, ended).Start(ctx)
	for range run.Zip() {
		send()
	}
	fmt.Println("stopped:", run.Err(), ctx.Err())
	send()
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	for range 1_000 {
		send()
		time.Sleep(time.Millisecond) // a second at most, in which the process ends
	}
}

func TestAThirdInterruptEndsTheProcess(t *testing.T) {
	if os.Getenv("VIMAP_INTERRUPT") != "" {
		interruptTwice()
		return
	}
	// The child has the signals that are caught here as they are by default, even
	// if whoever runs the tests has them ignored, as a shell does in its background.
	spare := make(chan os.Signal, 1)
	signal.Notify(spare, os.Interrupt)
	defer signal.Stop(spare)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestAThirdInterruptEndsTheProcess$") //nolint:gosec // this test itself
	command.Env = append(os.Environ(), "VIMAP_INTERRUPT=1")
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, string(out))
	status, ok := exit.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGINT, status.Signal(), string(out))
	require.Equal(t, []string{"stopped: <nil> <nil>", `vimap: ended by the signal "interrupt"`}, strings.Split(strings.TrimSpace(string(out)), "\n"))
}
