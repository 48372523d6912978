//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
)

// variant says how many children are broken, and whether the run is ordered.
type variant struct{ all, ordered bool }

func (v variant) String() string {
	return map[bool]string{false: "one", true: "all"}[v.all] + map[bool]string{false: ", unordered", true: ", ordered"}[v.ordered]
}

type cell struct {
	moment, fault string
	variant
	delivered, failed int
	took              time.Duration
}

const (
	children = 3
	inputs   = 30
	// longest is how long a cell may take: a few time limits.
	longest = 15 * time.Second
)

// run runs a cell and says what is wrong with it.
func (c *cell) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "killmatrix")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	most := 1
	if c.all {
		most = children
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errors.New("it hangs"))
	defer cancel()
	before := look()
	begun := time.Now()
	stage := victim.Children(process.Options{
		Grace: 50 * time.Millisecond, StartLimit: time.Second, CloseLimit: 500 * time.Millisecond,
		Memory: memoryLimit, Stderr: io.Discard,
		Env: []string{envPlan + "=" + plan{c.moment, c.fault, most, folder}.String()},
	}).Workers(children).Timeout(500 * time.Millisecond).OpenTimeout(time.Second).Restart(retry.Fixed(0).Attempts(10))
	p := vimap.From(c.source(most)).Via(stage)
	if c.ordered {
		p = p.Ordered()
	}
	err = c.check(p.Start(ctx), most)
	c.took = time.Since(begun)
	return errors.Join(err, left(before))
}

// source gives a few inputs first, so that the children can be idle, and the
// poison among the others.
func (c *cell) source(poison int) func(context.Context) iter.Seq2[int, error] {
	return func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range inputs {
				n := i
				switch {
				case i == 2*children && c.moment == "idle":
					time.Sleep(3 * idleAfter)
				case c.poisoned(i, poison):
					n = -i
				}
				if !yield(n, nil) {
					return
				}
			}
		}
	}
}

// poisoned says which inputs break the child that works on them.
func (c *cell) poisoned(i, poison int) bool {
	return (c.moment == "in hand" || c.moment == "half-written") && i >= 10 && i < 10+poison
}

// check looks at the outcomes: one for each input, and no failure but of what
// broke its child.
func (c *cell) check(run *vimap.Run[int, int], poison int) error {
	seen := make([]int, inputs)
	var wrong []error
	next := int64(0)
	for result := range run.Results() {
		seen[result.Index]++
		if c.ordered && result.Index != next {
			wrong = append(wrong, fmt.Errorf("item %d comes where item %d should", result.Index, next))
		}
		next++
		bad := c.poisoned(int(result.Index), poison)
		switch result.Err {
		case nil:
			c.delivered++
			if result.Out != 2*result.In {
				wrong = append(wrong, fmt.Errorf("the output of %d is %d", result.In, result.Out))
			}
			if bad {
				wrong = append(wrong, fmt.Errorf("item %d is delivered, though it broke its child", result.Index))
			}
		default:
			c.failed++
			if !bad {
				wrong = append(wrong, fmt.Errorf("item %d is blamed: %w", result.Index, result.Err))
			}
		}
	}
	for i, n := range seen {
		if n != 1 {
			wrong = append(wrong, fmt.Errorf("item %d has %d outcomes", i, n))
		}
	}
	err := run.Err()
	if worker, ok := errors.AsType[*vimap.WorkerError](err); ok && worker.Phase == "close" && (c.moment == "close" || c.moment == "idle") {
		err = nil // that a child could not close its worker is said
	}
	return errors.Join(append(wrong, err)...)
}

// sighting is what a cell could leave behind.
type sighting struct {
	files, goroutines int
	children          string
}

func look() sighting {
	files, _ := os.ReadDir("/proc/self/fd")
	var all []string
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		if text, err := os.ReadFile(list); err == nil && len(text) > 0 {
			all = append(all, string(text))
		}
	}
	return sighting{len(files), runtime.NumGoroutine(), strings.Join(all, " ")}
}

// left says what was left behind. What has done its work may need a moment to
// be gone.
func left(before sighting) error {
	var now sighting
	for range 200 {
		if now = look(); now.files <= before.files && now.goroutines <= before.goroutines && now.children == before.children {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("left behind: there were %+v, there are %+v", before, now)
}
