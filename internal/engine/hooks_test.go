package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// diary keeps what hooks are told, in the order in which they are.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// hooks are hooks of every kind that note what they are told of, and then call
// what, if that is not nil.
func (d *diary) hooks(name string, what func()) vimap.Hooks {
	worker := func(event string) func(vimap.WorkerEvent) {
		return func(e vimap.WorkerEvent) {
			d.note("%s: %s %s %d", name, event, e.Stage, e.Worker)
			if what != nil {
				what()
			}
		}
	}
	item := func(event string) func(vimap.ItemEvent) {
		return func(e vimap.ItemEvent) {
			d.note("%s: %s %s %d", name, event, e.Stage, e.Index)
			if what != nil {
				what()
			}
		}
	}
	return vimap.Hooks{
		WorkerOpened: worker("opened"), WorkerClosed: worker("closed"), WorkerRestarted: worker("restarted"),
		WorkerStuck: worker("stuck"), WorkerGivenUp: worker("given up"),
		AttemptFailed: item("attempt"), ItemRetried: item("retried"), ItemFailed: item("failed"), ItemDone: item("done"),
	}
}

// eventful is a stage of one worker in which each kind of event comes to pass
// over ten items, but for a worker that is given up.
func eventful(crew *testkit.Crew) vimap.Stage[int, int] {
	tried := new(testkit.LedgerOfAttempts)
	return crew.Stage(1, func(_ context.Context, n int) (int, error) {
		switch attempt := tried.Next(n); {
		case n == 3 && attempt == 1, n == 5:
			return 0, testkit.ErrOdd
		case n == 7 && attempt == 1:
			panic("seven")
		case n == 9 && attempt == 1:
			deaf(time.Minute)
		}
		return n, nil
	}).Named("work").Timeout(time.Second).Retry(retry.Fixed(time.Second).Attempts(2))
}

func TestHooksThatAreJoinedAreCalledInTheirOrder(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		d := new(diary)
		hooks := d.hooks("a", nil).And(vimap.Hooks{}, d.hooks("b", nil)).And().And(d.hooks("c", nil))
		_, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(10, nil).Via(eventful(&crew).Hooks(hooks)))
		require.NoError(t, run.Err())
		time.Sleep(2 * time.Minute) // the stuck call returns
		crew.RequireClosed(t)
		kinds := map[string]bool{}
		for at := 0; at < len(d.lines); at += 3 {
			event := d.lines[at][1:]
			require.Equal(t, []string{"a" + event, "b" + event, "c" + event}, d.lines[at:at+3])
			var kind, stage string
			_, err := fmt.Sscanf(event, ": %s %s", &kind, &stage)
			require.NoError(t, err)
			kinds[kind] = true
		}
		require.Len(t, kinds, 8, "each kind of event but one came to pass: %v", kinds)
	})
}

func TestADeathInOneOfTheHooksKeepsNoOtherFromItsCall(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				d := new(diary)
				recovers := func() { _ = recover() }
				hooks := d.hooks("a", nil).And(d.hooks("b", fault.Die), d.hooks("c", recovers), d.hooks("d", nil))
				_, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(10, nil).Via(eventful(&crew).Hooks(hooks)))
				var worker *vimap.WorkerError
				require.ErrorAs(t, run.Err(), &worker)
				require.Equal(t, "hook", worker.Phase)
				fault.Require(t, run.Err())
				testkit.RequireAddsUp(t, run.Stats())
				time.Sleep(2 * time.Minute)
				crew.RequireClosed(t)
				require.Greater(t, len(d.lines), 4*20)
				for at := 0; at < len(d.lines); at += 4 {
					event := d.lines[at][1:]
					require.Equal(t, []string{"a" + event, "b" + event, "c" + event, "d" + event}, d.lines[at:at+4])
				}
			})
		})
	}
}

func TestHooksOfAPipelineAreToldOfEveryStage(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		pool := vimap.NewPool(testkit.Patient(t), vimap.Func(testkit.Square).Named("pool"))
		d := new(diary)
		p := testkit.Count(1, nil).
			Hooks(d.hooks("replaced", nil)).
			Via(vimap.Func(testkit.Square).Named("first").Then(vimap.Func(testkit.Square).Named("second"))).
			Hooks(d.hooks("all", nil)).
			Via(vimap.Func(testkit.Square).Named("third").Hooks(d.hooks("own", nil))).
			Via(vimap.Bulk(2, 0, func(_ context.Context, ins []int) ([]int, error) { return ins, nil }).Named("fourth")).
			Via(pool.Stage())
		for range 2 {
			d.lines = nil
			outs, err := p.To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Equal(t, []int{0}, outs)
			require.Equal(t, []string{
				"all: done first 0", "all: done second 0", "own: done third 0", "all: done third 0", "all: done fourth 0",
			}, d.of("done"))
		}
		require.NoError(t, pool.Close())
	})
}

// of returns the lines about events of a kind.
func (d *diary) of(kind string) []string {
	return slices.DeleteFunc(slices.Clone(d.lines), func(line string) bool {
		var name, event string
		_, _ = fmt.Sscanf(line, "%s %s", &name, &event)
		return event != kind
	})
}

func TestADeathInTheHooksOfAStageKeepsNoneOfThePipelineFromItsCall(t *testing.T) {
	for _, fault := range testkit.Faults() {
		testkit.Bubble(t, func(t *testing.T) {
			d := new(diary)
			outs, err := testkit.Count(5, nil).Via(vimap.Func(testkit.Square).Hooks(d.hooks("own", fault.Die))).
				Hooks(d.hooks("all", nil)).To(testkit.Patient(t), testkit.Collect)
			require.Len(t, outs, 5)
			fault.Require(t, err)
			require.Len(t, d.of("done"), 10)
		})
	}
}

func TestAWorkerThatIsGivenUpIsTold(t *testing.T) {
	for _, fault := range testkit.Faults() {
		testkit.Bubble(t, func(t *testing.T) {
			given := map[int]string{}
			var restarted atomic.Int64
			hooks := vimap.Hooks{
				WorkerRestarted: func(vimap.WorkerEvent) { restarted.Add(1) },
				WorkerGivenUp: func(e vimap.WorkerEvent) {
					given[e.Worker] = fmt.Sprint(e.Config)
					var worker *vimap.WorkerError
					if !errors.As(e.Err, &worker) || worker.Phase != "open" || !errors.Is(e.Err, testkit.ErrRefused) {
						panic(e.Err)
					}
					fault.Die()
				},
			}
			stage := vimap.OpenWith(func(_ context.Context, config string) (int, error) {
				if config == "bad" {
					return 0, testkit.ErrRefused
				}
				return 0, nil
			}).Do(func(_ int, ctx context.Context, n int) (int, error) { return testkit.Square(ctx, n) }).
				Each("good", "bad").Restart(retry.Fixed(time.Millisecond).Attempts(3)).Hooks(hooks)
			run := testkit.Count(100, nil).Via(stage).Via(testkit.Lasting("slow", 1, time.Millisecond)).Start(testkit.Patient(t))
			for range run.Results() {
			}
			fault.Require(t, run.Err())
			require.Equal(t, map[int]string{1: "bad"}, given)
			require.Equal(t, int64(2), restarted.Load())
			require.Len(t, run.Stats().Lost, 1)
			testkit.RequireAddsUp(t, run.Stats())
		})
	}
}

func TestAWorkerWhoseClosingDiesIsToldAsClosed(t *testing.T) {
	for _, fault := range testkit.Faults() {
		testkit.Bubble(t, func(t *testing.T) {
			var closed []error
			stage := vimap.Open(func(context.Context) (int, error) { return 0, nil }).
				Close(func(int) error { fault.Die(); return nil }).
				Do(func(_ int, ctx context.Context, n int) (int, error) { return testkit.Square(ctx, n) }).
				Hooks(vimap.Hooks{WorkerClosed: func(e vimap.WorkerEvent) { closed = append(closed, e.Err) }})
			_, err := testkit.Count(3, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
			fault.Require(t, err)
			require.Len(t, closed, 1)
			fault.Require(t, closed[0])
		})
	}
}

func TestAnEventOfAnItemNamesItsPlace(t *testing.T) {
	testkit.Quiet(t)
	require.Empty(t, vimap.ItemEvent{Index: 3}.Place())
	for name, naming := range map[string]func(n int64) string{
		"it": func(n int64) string { return fmt.Sprint("line ", n) },
		"":   func(int64) string { panic("no name") },
	} {
		var places []string
		p := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			out.One(1)
			out.Places(naming)
			out.One(2)
			return nil
		})
		_, err := p.Ordered().Via(vimap.Func(testkit.Square).Hooks(vimap.Hooks{ItemDone: func(e vimap.ItemEvent) { places = append(places, e.Place()) }})).
			To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		if name == "" {
			require.Equal(t, []string{"", ""}, places)
		} else {
			require.Equal(t, []string{"", "line 0"}, places)
		}
	}
}

func TestHooksThatHearNothingOfWhatGoesWellCostNothing(t *testing.T) {
	rerun.Share(t, 12)
	testkit.Quiet(t)
	const items = 5_000
	mallocs := func(stage vimap.Stage[int, int]) uint64 {
		least := uint64(1 << 62)
		for range 5 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			run := testkit.Count(items, nil).Via(stage).Start(t.Context())
			for range run.Zip() {
			}
			require.NoError(t, run.Err())
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		return least
	}
	item, worker := func(vimap.ItemEvent) {}, func(vimap.WorkerEvent) {}
	quietOnes := vimap.Hooks{AttemptFailed: item, ItemRetried: item, ItemFailed: item, WorkerOpened: worker, WorkerClosed: worker}
	stage := vimap.Func(testkit.Square)
	for name, s := range map[string]vimap.Stage[int, int]{
		"alone": stage, "with retry": stage.Retry(retry.Fixed(0)),
	} {
		without, with := mallocs(s), mallocs(s.Hooks(quietOnes).Hooks(vimap.Hooks{}.And(quietOnes)))
		require.Less(t, with, without+items/10, "%s: %d allocations without, %d with", name, without, with)
		require.Greater(t, mallocs(s.Hooks(vimap.Hooks{ItemDone: item})), without+items, "%s: what is heard is what costs", name)
	}
}
