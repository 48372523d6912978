//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
)

type where struct{ Number, Pid int }

// steady takes its time, so that there is time to kill it.
var steady = process.Define("steady").Func(func(_ context.Context, n int) (where, error) {
	time.Sleep(50 * time.Microsecond)
	return where{n, os.Getpid()}, nil
})

const (
	soakChildren = 4
	killEvery    = 200 * time.Millisecond
)

// soaked sends n items through children of which one is killed all the time,
// and says what is wrong with the outcomes.
func soaked(ctx context.Context, n int) error {
	if r, w, err := os.Pipe(); err == nil { // the runtime's own files come with the first
		r.Close()
		w.Close()
	}
	before := look()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var last atomic.Int64 // the pid of who answered last
	var killed int
	var killer sync.WaitGroup
	killer.Go(func() {
		tick := time.NewTicker(killEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if pid := int(last.Swap(0)); pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
					killed++
				}
			}
		}
	})
	numbers := func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := 0; i < n && yield(i, nil); i++ {
			}
		}
	}
	stage := steady.Children(process.Options{Stderr: io.Discard}).Workers(soakChildren).
		Retry(retry.Fixed(0).Attempts(100).If(process.Kinds(process.Crashed)))
	begun := time.Now()
	run := vimap.From(numbers).Via(stage).Start(ctx)
	seen := make([]int, n)
	for result := range run.Results() {
		seen[result.Index]++
		if result.Err != nil || result.Out.Number != int(result.Index) {
			return fmt.Errorf("item %d: %+v", result.Index, result)
		}
		last.Store(int64(result.Out.Pid))
	}
	cancel()
	killer.Wait()
	stats := run.Stats()
	fmt.Printf("%d items through %d children in %v, %d killed, %d restarts, %d retries\n",
		n, soakChildren, time.Since(begun).Round(time.Millisecond), killed, stats.Restarts, stats.Retries)
	for i, times := range seen {
		if times != 1 {
			return fmt.Errorf("item %d has %d outcomes", i, times)
		}
	}
	if stats.Delivered != int64(n) {
		return fmt.Errorf("the accounts: %+v", stats)
	}
	return left(before)
}
