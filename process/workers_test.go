package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// The workers of the tests: variables of the package, as they must be.

type request struct {
	Number int
	Words  []string
	At     time.Time
}

type reply struct {
	Text string
	Pid  int
	At   time.Time
}

var errServer = errors.New("the server is down")

var (
	double = process.Define("double").Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil })

	same = process.Define("same").Func(func(_ context.Context, n int) (int, error) { return n, nil })

	echo = process.Define("echo").Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

	// paced has some inputs that take longer.
	paced = process.Define("paced").Func(func(_ context.Context, n int) (int, error) {
		if n%50 == 25 {
			time.Sleep(10 * time.Millisecond)
		}
		return n, nil
	})

	// stubborn never opens, and no kind word ends it.
	stubborn = process.Define("stubborn").Open(func(context.Context) (int, error) {
		signal.Ignore(syscall.SIGTERM)
		select {}
	}).Do(func(_ int, _ context.Context, n int) (int, error) { return n, nil })

	say = process.Define("say").Func(func(_ context.Context, r request) (reply, error) {
		return reply{fmt.Sprint(r.Number, r.Words), os.Getpid(), r.At}, nil
	})

	// moody does what its input says.
	moody = process.Define("moody").Open(openMoody).Close((*mood).close).Do((*mood).do)

	// greet has a configuration.
	greet = process.Define("greet").OpenWith(openGreeter).Close((*greeter).close).Do((*greeter).greet)

	// adder and counter are loops.
	adder = process.Define("adder").Loop(func(feed *vimap.Feed[int, int], add int) error {
		for _, n := range feed.All() {
			feed.Yield(n+add, nil)
		}
		return nil
	})
	looped = process.Define("looped").LoopFunc(loop)

	// eater has as many megabytes as its input says, for good, and takes its time.
	eater = process.Define("eater").Func(func(_ context.Context, megabytes int) (int, error) {
		for range megabytes {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4 << 10 { // a byte of each page
				b[i] = 1
			}
			eaten = append(eaten, b)
			time.Sleep(time.Millisecond)
		}
		return megabytes, nil
	})

	// nest has a child that has a child, and so on.
	nest = process.Define("nest").Func(deeper)

	wide = process.Define("wide").Func(func(_ context.Context, w hidden) (int, error) { return 1, nil })
)

var eaten [][]byte

// deeper asks a child of its own.
func deeper(ctx context.Context, n int) (int, error) {
	outs, err := sources.Slice([]int{n + 1}).Via(again().Restart(retry.Policy{})).To(ctx, sinks.Collect)
	if err != nil {
		return 0, err
	}
	return outs[0], nil
}

var again func() vimap.Stage[int, int]

func init() { //nolint:gochecknoinits // nest can't name itself in its own value
	again = func() vimap.Stage[int, int] { return nest.Children(silent) }
}

type hidden struct {
	Number int
	inner  struct{ deep int } //nolint:unused // it is what can't travel
}

type greeter struct{ word string }

func openGreeter(_ context.Context, word string) (*greeter, error) {
	if word == "" {
		return nil, errServer
	}
	return &greeter{word}, nil
}

func (g *greeter) greet(_ context.Context, name string) (string, error) {
	return g.word + " " + name, nil
}
func (g *greeter) close() error { return nil }

func loop(feed *vimap.Feed[int, int]) error {
	for _, n := range feed.All() {
		switch n {
		case -1:
			return errServer
		case -2:
			panic("oh")
		case -3:
			continue
		}
		feed.Yield(n, nil)
	}
	return nil
}

type mood struct {
	calls  int
	sullen bool // it won't be closed
}

func openMoody(context.Context) (*mood, error) { return new(mood), nil }

func (m *mood) close() error {
	if m.sullen {
		os.Exit(4)
	}
	return nil
}

// awaitReader waits until the goroutine that hears the parent waits for more:
// what it read from a pipe that was closed before would be an error.
func awaitReader() {
	stacks := make([]byte, 1<<20)
	for {
		all := string(stacks[:runtime.Stack(stacks, true)])
		for stack := range strings.SplitSeq(all, "\n\n") {
			head, _, _ := strings.Cut(stack, "\n")
			if strings.Contains(head, "IO wait") && strings.Contains(stack, "(*session).read") {
				return
			}
		}
		runtime.Gosched()
	}
}

// do returns its input and the pid, or does what the input says.
func (m *mood) do(ctx context.Context, what string) (string, error) {
	m.calls++
	switch what {
	case "raw":
		return "", errors.New("a byte: \xff")
	case "deaf": // it does not hear what comes then
		awaitReader()
		_ = syscall.Close(3)
		time.AfterFunc(100*time.Millisecond, func() { os.Exit(3) })
	case "error":
		return "", errServer
	case "permanent":
		return "", retry.Permanent(errServer)
	case "after":
		return "", retry.After(errServer, time.Hour)
	case "not exist":
		return "", fmt.Errorf("no: %w", os.ErrNotExist)
	case "panic":
		panic("oh no")
	case "goexit":
		runtime.Goexit()
	case "lost":
		return "", vimap.Lost(errServer)
	case "lost for good":
		m.sullen = true
		return "", vimap.Lost(errServer)
	case "exit 0":
		os.Exit(0)
	case "exit 3":
		fmt.Fprintln(os.Stderr, "these are my last words")
		os.Exit(3)
	case "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "hang":
		select {}
	case "announce": // on the parent's standard output, which is the child's too
		fmt.Println("child", os.Getpid())
		select {}
	case "pid":
		return strconv.Itoa(os.Getpid()), nil
	case "calls":
		return strconv.Itoa(m.calls), nil
	}
	return what, nil
}
