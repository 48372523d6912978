package vimaptest_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/vimaptest"
)

// words is what the stages below do, with a state that each worker has for
// itself.
type words struct {
	prefix string
	buf    []byte
}

func openWords(context.Context) (*words, error) { return &words{prefix: "n"}, nil }

func openWordsWith(_ context.Context, prefix string) (*words, error) {
	return &words{prefix: prefix}, nil
}

func (w *words) word(_ context.Context, n int) (string, error) {
	w.buf = strconv.AppendInt(append(w.buf[:0], w.prefix...), int64(n), 10)
	return string(w.buf), nil
}

func (w *words) close() error {
	w.prefix = ""
	return nil
}

func word(_ context.Context, n int) (string, error) { return "n" + strconv.Itoa(n), nil }

func wordsOf(_ context.Context, ns []int) ([]string, error) {
	var all []string
	for _, n := range ns {
		all = append(all, "n"+strconv.Itoa(n))
	}
	return all, nil
}

func looper(feed *vimap.Feed[int, string], prefix string) error {
	for _, n := range feed.All() {
		feed.Yield(prefix+strconv.Itoa(n), nil)
	}
	return nil
}

func equal[T comparable](a, b T) bool { return a == b }

func TestOurStagesKeepThePromises(t *testing.T) {
	vimaptest.NoLeaks(t)
	open := vimap.Open(openWords).Close((*words).close).Do((*words).word)
	inputs := []int{3, 1, 4, 1, 5}
	for name, stage := range map[string]vimap.Stage[int, string]{
		"Func":                   vimap.Func(word),
		"Func with workers":      vimap.Func(word).Workers(4),
		"Open":                   open.Workers(3),
		"Open without a Close":   vimap.Open(openWords).Do((*words).word).Workers(2),
		"OpenWith":               vimap.OpenWith(openWordsWith).Close((*words).close).Do((*words).word).Each("n", "n"),
		"Loop":                   vimap.Loop(looper).Each("n", "n", "n"),
		"LoopFunc":               vimap.LoopFunc(func(feed *vimap.Feed[int, string]) error { return looper(feed, "n") }).Workers(2),
		"Bulk":                   vimap.Bulk(7, time.Millisecond, wordsOf).Workers(2),
		"Bulk without linger":    vimap.Bulk(7, 0, wordsOf),
		"KeyBy":                  open.Workers(3).KeyBy(func(n int) int { return n % 2 }),
		"Timeout":                open.Workers(3).Timeout(time.Minute).OpenTimeout(time.Minute).CloseTimeout(time.Minute),
		"Retry":                  vimap.Func(vimaptest.Inject(t, everyThird(2000)).Func(word)).Workers(3).Retry(retry.Fixed(0).Attempts(1000)),
		"Retry of a panic":       vimap.Open(openWords).Close((*words).close).Do(vimaptest.Inject(t, everyTenth(2000)).Do((*words).word)).Workers(2).Retry(retry.Fixed(0).Attempts(1000)),
		"Hooks":                  open.Workers(2).Hooks(vimap.Hooks{ItemDone: func(vimap.ItemEvent) {}}),
		"Then":                   vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil }).Workers(2).Then(open.Workers(2)),
		"Then of a Bulk, a Loop": vimap.Bulk(3, 0, wordsOf).Then(vimap.LoopFunc(echo)),
		"Zip":                    vimap.Zip(open.Workers(3)).Then(vimap.Func(second)),
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 8)
			vimaptest.Suite(stage, inputs...).Same(equal).Right(isWord).Run(t)
		})
	}
}

func everyThird(calls int) vimaptest.Fault { return vimaptest.Fail(errServer).On(every(3, calls)...) }
func everyTenth(calls int) vimaptest.Fault { return vimaptest.Panic("oh").On(every(10, calls)...) }

func every(n, calls int) []int {
	var on []int
	for call := 1; call <= calls; call += n {
		on = append(on, call)
	}
	return on
}

func echo(feed *vimap.Feed[string, string]) error {
	for _, s := range feed.All() {
		feed.Yield(s, nil)
	}
	return nil
}

func second(_ context.Context, pair vimap.Pair[int, string]) (string, error) { return pair.Out, nil }

func isWord(n int, out string) error {
	if want := "n" + strconv.Itoa(n); out != want {
		return fmt.Errorf("want %s", want)
	}
	return nil
}

func TestAStageWhoseInputsMayFailKeepsThePromises(t *testing.T) {
	vimaptest.NoLeaks(t)
	stage := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, errServer
		}
		return n, nil
	}).Workers(2)
	vimaptest.Suite(stage, 1, 2, 3, 4).MayFail().Run(t)
}

func TestAnInputThatFailsAloneMaySucceedLater(t *testing.T) {
	vimaptest.NoLeaks(t)
	var called atomic.Bool
	stage := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n == 2 && !called.Swap(true) {
			return 0, errServer
		}
		return n, nil
	})
	same := func(a, b int) bool { return a == b }
	vimaptest.Suite(stage, 1, 2, 3).MayFail().Same(same).Run(t)
}

func TestAStageOfUnevenCostKeepsThePromises(t *testing.T) {
	vimaptest.NoLeaks(t)
	stage := vimap.Func(func(ctx context.Context, wait time.Duration) (time.Duration, error) {
		select {
		case <-time.After(wait):
			return wait, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}).Workers(4)
	vimaptest.Suite(stage, 0, time.Millisecond, 5*time.Millisecond).Items(20).Patience(time.Minute).Same(equal).Run(t)
}
