package vimap

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/samber/lo"

	"github.com/vimap-go/vimap/internal/engine"
	"github.com/vimap-go/vimap/retry"
)

// Stage describes workers that make one output of every input. It is an
// immutable value: its methods return copies, nothing is opened before a run,
// and every run that it is part of opens workers of its own. The zero Stage
// has no workers and can't be used.
//
// Without [Stage.Workers] or Each a stage has one worker. Its workers take
// inputs as they are free; an output leaves as soon as it is made.
type Stage[In, Out any] struct {
	options options
	key     func(In) any
	attach  func(options, func(In) any, *engine.Flow[In]) *engine.Flow[Out]
	parts   []PlanNode // of a stage that is composed
}

// options are what a stage was told.
type options struct {
	name     string
	workers  int
	configs  []any // one for each worker; nil without Each
	timeout  time.Duration
	opening  time.Duration
	closing  time.Duration
	stuck    int
	hooks    *Hooks
	retry    retry.Policy
	restart  engine.Policy
	restarts int // that a worker may have within span; 0: any
	span     time.Duration
	composed bool // by Then: the parts have options of their own
	pooled   bool // the workers are those of a Pool
	bulk     bool
	size     int // of a batch
	linger   time.Duration
	beside   bool // by Zip
	keyed    bool // it, or a part of it, has keys
}

// defaultRestart is the Restart policy of a stage that is given none: a worker
// may fail to open three times in a row, with waits of up to 100 and 200 ms.
var defaultRestart engine.Policy = retry.Exponential(100*time.Millisecond, 5*time.Second).Attempts(3)

// defaultStuck is the StuckLimit of a stage that is given none.
const defaultStuck = 16

func newStage[In, Out any](name string, st engine.Stage[In, Out]) Stage[In, Out] {
	return Stage[In, Out]{
		options: options{name: name, workers: 1, restart: defaultRestart, stuck: defaultStuck, bulk: st.Bulk != nil, size: st.Size, linger: st.Linger},
		attach: func(o options, key func(In) any, up *engine.Flow[In]) *engine.Flow[Out] {
			st := st
			st.Key = key
			return engine.Via(up, o.spec(), st)
		},
	}
}

func (o options) spec() engine.Spec {
	s := engine.Spec{
		Name: o.name, Workers: o.workers,
		Timeout: o.timeout, Opening: o.opening, Closing: o.closing,
		Restart: o.restart, MostRestarts: o.restarts, RestartSpan: o.span, MostStuck: o.stuck,
	}
	if o.retry != (retry.Policy{}) {
		s.Retry = o.retry
	}
	if configs := o.configs; configs != nil {
		s.Config = func(worker int) any { return configs[worker] }
	}
	s.Hooks = hooksOf(o.hooks, s)
	return s
}

// Func makes a stage of a function, for workers that need no set-up. With
// several workers f is called from as many goroutines at once. Its context
// ends with the run, and with the attempt's Timeout.
func Func[In, Out any](f func(context.Context, In) (Out, error)) Stage[In, Out] {
	notNil(f == nil, "Func", "f")
	return newStage("func", engine.Stage[In, Out]{Do: f})
}

// Bulk makes a stage of a function that takes many inputs at once and returns
// one output for each, in their order. A batch goes to a worker when it has
// size inputs, or when the oldest has waited for linger; with a linger of 0,
// when no further input is at hand. At the end of the source it goes at once.
// InFlight bounds a batch too.
//
// If f fails, or returns another number of outputs ([ErrBulk]), every input of
// the batch fails, after one attempt. With a Retry policy each is tried again
// by itself, which makes the blame exact: f gets batches of one then.
func Bulk[In, Out any](size int, linger time.Duration, f func(context.Context, []In) ([]Out, error)) Stage[In, Out] {
	atLeastOne("Bulk", "size", size)
	if linger < 0 {
		panic(fmt.Sprintf("vimap: Bulk: linger must not be negative, got %v", linger))
	}
	notNil(f == nil, "Bulk", "f")
	return newStage("bulk", engine.Stage[In, Out]{Bulk: f, Size: size, Linger: linger})
}

// Zip makes a stage that puts each input beside the output that s makes of it.
func Zip[In, Out any](s Stage[In, Out]) Stage[In, Pair[In, Out]] {
	notNil(s.attach == nil, "Zip", "stage")
	with := s.options
	with.beside = true
	return Stage[In, Pair[In, Out]]{
		options: with, key: s.key, parts: s.parts,
		attach: func(o options, key func(In) any, up *engine.Flow[In]) *engine.Flow[Pair[In, Out]] {
			return engine.Beside(up,
				func(up *engine.Flow[In]) *engine.Flow[Out] { return s.attach(o, key, up) },
				func(in In, out Out) Pair[In, Out] { return Pair[In, Out]{in, out} })
		},
	}
}

// Then puts next behind s and makes one stage of both, each with its own
// workers and options. What is composed takes no further options.
func (s Stage[In, Out]) Then[Next any](next Stage[Out, Next]) Stage[In, Next] {
	notNil(s.attach == nil || next.attach == nil, "Then", "stage")
	return Stage[In, Next]{
		options: options{composed: true, keyed: s.options.keyed || next.options.keyed},
		parts:   slices.Concat(s.plan(), next.plan()),
		attach: func(_ options, _ func(In) any, up *engine.Flow[In]) *engine.Flow[Next] {
			node := engine.NodeOf(up) + len(s.plan())
			return next.attach(next.options, next.key, engine.At(s.attach(s.options, s.key, up), node))
		},
	}
}

// Named sets the name that errors call the stage by. Without it that is the
// name of its constructor in lower case.
func (s Stage[In, Out]) Named(name string) Stage[In, Out] {
	s.simple("Named")
	s.options.name = name
	return s
}

// Workers sets how many identical workers the stage has, at least 1.
func (s Stage[In, Out]) Workers(n int) Stage[In, Out] {
	s.simple("Workers")
	atLeastOne("Workers", "n", n)
	if s.options.configs != nil {
		panic(fmt.Sprintf("vimap: Workers: a stage made by Each has a worker for each of its %d configurations, got %d",
			len(s.options.configs), n))
	}
	s.options.workers = n
	return s
}

// Timeout bounds each attempt: its context ends after limit, and an attempt
// that fails then is a context.DeadlineExceeded. A function that has not
// returned a second after that is abandoned: its input fails, or is tried
// again, with a [StuckError], and a fresh worker takes its place. limit must be
// above 0; a stage that was given none has no limit.
func (s Stage[In, Out]) Timeout(limit time.Duration) Stage[In, Out] {
	s.options.timeout = s.limit("Timeout", limit)
	return s
}

// OpenTimeout bounds each opening of a worker, as Timeout does an attempt. An
// opening that is abandoned counts as failed; if it succeeds after all, the
// worker is closed then. A stage that was given none has no limit.
func (s Stage[In, Out]) OpenTimeout(limit time.Duration) Stage[In, Out] {
	s.options.opening = s.limit("OpenTimeout", limit)
	return s
}

// CloseTimeout bounds each closing of a worker: one that has not returned a
// second after limit is abandoned, and its [StuckError] is part of the run's
// error. A stage that was given none has no limit.
func (s Stage[In, Out]) CloseTimeout(limit time.Duration) Stage[In, Out] {
	s.options.closing = s.limit("CloseTimeout", limit)
	return s
}

// StuckLimit sets how many calls may be abandoned in a run before it ends with
// a [StuckLimitError]: each leaves a goroutine behind until it returns. n must
// not be negative. A stage that was given none has a limit of 16.
func (s Stage[In, Out]) StuckLimit(n int) Stage[In, Out] {
	s.simple("StuckLimit")
	if n < 0 {
		panic(fmt.Sprintf("vimap: StuckLimit: n must not be negative, got %d", n))
	}
	s.options.stuck = n
	return s
}

// limit panics unless a time limit can be one.
func (s Stage[In, Out]) limit(method string, limit time.Duration) time.Duration {
	s.simple(method)
	if limit <= 0 {
		panic(fmt.Sprintf("vimap: %s: limit must be above 0, got %v", method, limit))
	}
	return limit
}

// Retry sets whether and when a failed attempt is followed by another, by any
// worker of the stage; a waiting input holds none. It replaces an earlier one;
// without it nothing is tried again. What p is told is the attempts that the
// input has had, the time since the first began, and the last error.
func (s Stage[In, Out]) Retry(p retry.Policy) Stage[In, Out] {
	s.simple("Retry")
	s.options.retry = p
	return s
}

// Restart sets whether and when a worker is opened again that failed to open,
// or ended, without having worked on an input since. It replaces an earlier
// one; without it a worker is given up when it has failed three times in a row,
// with waits of up to 100 and 200 ms between. A worker that did work comes back
// at once. The zero Policy opens nothing twice.
func (s Stage[In, Out]) Restart(p retry.Policy) Stage[In, Out] {
	s.simple("Restart")
	s.options.restart = p
	return s
}

// RestartLimit bounds how often a worker comes back: one that was restarted n
// times within a span of time is given up instead of a further time, whether it
// did work in between or not, with a [RestartLimitError]. It bounds what Restart
// allows, and replaces an earlier one. n must be at least 1, within above 0; a
// stage that was given none has no such limit.
func (s Stage[In, Out]) RestartLimit(n int, within time.Duration) Stage[In, Out] {
	s.simple("RestartLimit")
	atLeastOne("RestartLimit", "n", n)
	if within <= 0 {
		panic(fmt.Sprintf("vimap: RestartLimit: within must be above 0, got %v", within))
	}
	s.options.restarts, s.options.span = n, within
	return s
}

// KeyBy has inputs with the same key worked on one after another, in source
// order; inputs with different keys are worked on at once, as before. key runs
// in one goroutine of its own. An input that is tried again keeps its turn, and
// what fails ends its turn. A Bulk stage takes no keys.
func (s Stage[In, Out]) KeyBy[K comparable](key func(In) K) Stage[In, Out] {
	s.simple("KeyBy")
	notNil(key == nil, "KeyBy", "key")
	if s.options.bulk {
		panic("vimap: KeyBy: a Bulk stage works on inputs of several keys at once")
	}
	s.key, s.options.keyed = func(in In) any { return key(in) }, true
	return s
}

// simple panics if s was composed, or is that of a pool.
func (s Stage[In, Out]) simple(method string) {
	notNil(s.attach == nil, method, "stage")
	if s.options.pooled {
		panic(fmt.Sprintf("vimap: %s: a stage of a Pool takes no options, set them on the stage that NewPool gets", method))
	}
	if s.options.composed {
		panic(fmt.Sprintf("vimap: %s: a stage made by Then takes no options, set them on its parts", method))
	}
}

// each binds a worker to each configuration.
func each[In, Out, Config any](s Stage[In, Out], configs []Config) Stage[In, Out] {
	atLeastOne("Each", "the number of configurations", len(configs))
	s.options.configs = lo.ToAnySlice(configs)
	s.options.workers = len(configs)
	return s
}

func atLeastOne(where, what string, n int) {
	if n < 1 {
		panic(fmt.Sprintf("vimap: %s: %s must be at least 1, got %d", where, what, n))
	}
}
