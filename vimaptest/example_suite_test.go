package vimaptest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/vimaptest"
)

// NoLeaks is the first line of a test; t is its *testing.T.
func ExampleNoLeaks() {
	inTest(func(t *fakeT) {
		vimaptest.NoLeaks(t)
		source := vimaptest.NewSource[string](t)
		out := vimaptest.Drive(t.Context(), t, source.Pipeline().Via(vimap.Func(upper)))
		source.Feed("a")
		fmt.Println(out.Next())
	})
	fmt.Println("nothing is left")
	// Output:
	// {a a! 0 <nil>} true
	// nothing is left
}

// failedTests prints the names of the subtests that fail. In a test, Run is
// given its *testing.T.
func failedTests(run func(t *fakeT)) {
	t := newFakeT("Test", new(strings.Builder))
	run(t)
	t.end()
	for _, name := range t.failed {
		fmt.Println("--- FAIL:", name)
	}
	fmt.Println(len(t.failed), "tests failed")
}

func ExampleTestStage() {
	stage := vimap.Open(dial).Close((*session).close).Do((*session).post).Workers(2)
	failedTests(func(t *fakeT) {
		vimaptest.TestStage(t, stage, "a", "b", "c")
	})
	// Output: 0 tests failed
}

// A Close that fails when its worker has had no input.
func ExampleTestStage_fails() {
	stage := vimap.Open(func(context.Context) (*[]string, error) { return new([]string), nil }).
		Close(func(lines *[]string) error {
			if len(*lines) == 0 {
				return errors.New("nothing to write")
			}
			return nil
		}).
		Do(func(lines *[]string, _ context.Context, line string) (int, error) {
			*lines = append(*lines, line)
			return len(line), nil
		})
	failedTests(func(t *fakeT) {
		vimaptest.TestStage(t, stage, "a", "b", "c")
	})
	// Output:
	// --- FAIL: no inputs give no outcome and no error
	// 1 tests failed
}

// A stage is told more of: how often it is used, and what its outputs are.
func ExampleSuite() {
	stage := vimap.Func(upper).Workers(3)
	failedTests(func(t *fakeT) {
		vimaptest.Suite(stage, "a", "b").
			Same(func(a, b string) bool { return a == b }).
			Items(200).
			Run(t)
	})
	// Output: 0 tests failed
}

// A batch that is answered in the wrong order: right for an input alone, wrong
// for many.
func ExampleStageSuite_Same() {
	stage := vimap.Bulk(3, time.Millisecond, func(_ context.Context, words []string) ([]string, error) {
		words = slices.Clone(words)
		slices.Reverse(words)
		return words, nil
	})
	failedTests(func(t *fakeT) {
		vimaptest.Suite(stage, "a", "b", "c").
			Same(func(a, b string) bool { return a == b }).
			Run(t)
	})
	// Output:
	// --- FAIL: each of many inputs has one outcome, beside it
	// --- FAIL: an ordered run gives the outcomes in source order
	// --- FAIL: a slow sink gets every outcome
	// --- FAIL: a second run is as the first
	// --- FAIL: two runs at once do not disturb each other
	// --- FAIL: stopping a run finishes what was read
	// --- FAIL: leaving the loop early ends everything
	// 7 tests failed
}

func ExampleStageSuite_Run() {
	suite := vimaptest.Suite(vimap.Func(upper).Workers(3), "a", "b")
	failedTests(func(t *fakeT) { suite.Run(t) })
	// Output: 0 tests failed
}

func ExampleStageSuite_Right() {
	suite := vimaptest.Suite(vimap.Func(upper), "a", "b").Right(func(in, out string) error {
		if out != in+"!" {
			return errors.New("it lacks an exclamation mark")
		}
		return nil
	})
	failedTests(func(t *fakeT) { suite.Run(t) })
	// Output: 0 tests failed
}

func ExampleStageSuite_MayFail() {
	stage := vimap.Func(func(_ context.Context, name string) (os.FileInfo, error) { return os.Stat(name) })
	suite := vimaptest.Suite(stage, ".", "no such file").MayFail()
	failedTests(func(t *fakeT) { suite.Run(t) })
	// Output: 0 tests failed
}

// A stage that takes its time is tested with fewer items.
func ExampleStageSuite_Items() {
	stage := vimap.Func(func(_ context.Context, wait time.Duration) (time.Duration, error) {
		time.Sleep(wait)
		return wait, nil
	}).Workers(5)
	failedTests(func(t *fakeT) {
		vimaptest.Suite(stage, time.Millisecond).Items(10).Run(t)
	})
	// Output: 0 tests failed
}

// A function that does not return is reported with its stack, and what follows
// is not tested.
func ExampleStageSuite_Patience() {
	failedTests(func(t *fakeT) {
		hangs := vimaptest.Inject(t, vimaptest.Stuck())
		stage := vimap.Func(hangs.Func(upper))
		vimaptest.Suite(stage, "a").Patience(100 * time.Millisecond).Run(t)
	})
	// Output:
	// --- FAIL: each input that is alone has one outcome
	// 1 tests failed
}
