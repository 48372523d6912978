package vimaptest

import (
	"fmt"
	"slices"
	"time"

	"github.com/vimap-go/vimap"
)

// Runner is a test that has subtests of its own kind: a *testing.T.
type Runner[Self any] interface {
	TB
	Run(name string, f func(t Self)) bool
}

// TestStage holds a stage to what every stage promises, in subtests that say
// what in their names: one outcome for each input and beside it, also in order,
// one at a time, in several runs at once, for no inputs and for a slow sink;
// that leaving, stopping and cancelling a run end it; that each worker that was
// opened is closed once; that nothing is left behind. inputs are some that the
// stage makes an output of, as many kinds as there are; where more are needed
// they are repeated.
//
// What is left behind includes idle connections of an HTTP client: Close of the
// stage has to close them. The stage of a [vimap.Pool] does not fit here, for the
// pool's workers go on after a run.
//
// It is Suite(stage, inputs...).Run(t); a [StageSuite] can be told more.
func TestStage[T Runner[T], In, Out any](t T, stage vimap.Stage[In, Out], inputs ...In) {
	t.Helper()
	Suite(stage, inputs...).Run(t)
}

// StageSuite is what [TestStage] runs, and what it is told of the stage. It is
// an immutable value, made by [Suite].
type StageSuite[In, Out any] struct {
	stage    vimap.Stage[In, Out]
	inputs   []In
	items    int
	patience time.Duration
	mayFail  bool
	right    func(In, Out) error
	same     func(a, b Out) bool
}

const (
	defaultItems    = 50
	defaultPatience = 30 * time.Second
)

// Suite returns the tests of [TestStage]. Without further words it supposes of
// the stage that it makes an output of each of the inputs, and nothing of what
// the outputs are. It panics if there are no inputs.
func Suite[In, Out any](stage vimap.Stage[In, Out], inputs ...In) StageSuite[In, Out] {
	atLeastOne("Suite", "the number of inputs", len(inputs))
	return StageSuite[In, Out]{
		stage: stage, inputs: slices.Clone(inputs),
		items: max(defaultItems, len(inputs)), patience: defaultPatience,
	}
}

// Right sets what finds a wrong output: f says what is wrong with an output for
// its input. It is asked when an output is delivered, and again when the run is
// over: an output must not change when others are made. Two runs at once ask
// it from two goroutines at once.
func (s StageSuite[In, Out]) Right(f func(in In, out Out) error) StageSuite[In, Out] {
	notNil(f == nil, "Right", "f")
	s.right = f
	return s
}

// Same says that the stage makes the same of an input each time, and how to
// tell. The outputs of all runs are compared with what an input gets alone, in
// a run of its own: that finds outputs that are mixed up in a batch, and state
// that inputs or workers share. An output of an input that failed alone is not
// compared. Two runs at once call equal from two goroutines at once.
func (s StageSuite[In, Out]) Same(equal func(a, b Out) bool) StageSuite[In, Out] {
	notNil(equal == nil, "Same", "equal")
	s.same = equal
	return s
}

// MayFail says that an input may fail: then a failure is an outcome like any
// other, unless it is a panic or an output too many or too few.
func (s StageSuite[In, Out]) MayFail() StageSuite[In, Out] {
	s.mayFail = true
	return s
}

// Items sets how many items a run has that is not about few: fewer for a slow
// stage. Without it there are 50, or one for each input if these are more.
func (s StageSuite[In, Out]) Items(n int) StageSuite[In, Out] {
	atLeastOne("Items", "n", n)
	s.items = n
	return s
}

// Patience sets how long a single test may take before it counts as hanging.
// Without it that is 30 s.
func (s StageSuite[In, Out]) Patience(limit time.Duration) StageSuite[In, Out] {
	if limit <= 0 {
		panic(fmt.Sprintf("vimaptest: Patience: limit must be above 0, got %v", limit))
	}
	s.patience = limit
	return s
}

// Run runs the tests, one after another, as subtests of t. They run in real
// time, not in bubbles, for a stage may talk to the world. A test that hangs
// fails with the stacks of what hangs, and is the last one: what hangs can't be
// ended, and would disturb the others. Like [NoLeaks] it is not for tests that
// are parallel to others.
func (s StageSuite[In, Out]) Run[T Runner[T]](t T) {
	t.Helper()
	c := &check[In, Out]{StageSuite: s}
	for _, law := range c.laws() {
		hangs := false
		t.Run(law.name, func(t T) {
			t.Helper()
			var err error
			if hangs, err = watched(t.Context(), s.patience, law.holds); err != nil {
				t.Errorf("%v", err)
			}
		})
		if hangs {
			return
		}
	}
}
