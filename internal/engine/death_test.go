package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func TestAnyDeathInARestartConditionIsTheErrorOfTheWorker(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				stage := func(configs ...string) vimap.Stage[int, int] {
					return testkit.Dialled(&crew, func(_ context.Context, config string) error {
						if config == "bad" {
							return testkit.ErrRefused
						}
						return nil
					}, testkit.Jitter, configs...).
						Restart(retry.Fixed(time.Second).Attempts(5).If(func(error) bool { fault.Die(); return true }))
				}
				run := testkit.Count(100, nil).Via(stage("a", "bad", "b")).Start(testkit.Patient(t))
				outs, err := testkit.Collect(run)
				require.NoError(t, err, "the other two do all the work")
				require.ElementsMatch(t, testkit.UpTo(100), outs)
				require.Len(t, run.Stats().Lost, 1)
				fault.Require(t, run.Stats().Lost[0])
				crew.RequireClosed(t)

				_, err = testkit.Count(100, nil).Via(stage("bad")).To(testkit.Patient(t), testkit.Collect)
				require.ErrorIs(t, err, vimap.ErrNoWorkers)
				fault.Require(t, err)
			})
		})
	}
}

func TestAnyDeathInARetryConditionOfABatchOrALoopFailsItsItemsAndNoOthers(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				policy := retry.Fixed(time.Second).If(func(error) bool { fault.Die(); return true })
				loop := crew.Loop(2, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
					if n == 3 {
						feed.Yield(0, testkit.ErrOdd)
					} else {
						feed.Yield(n, nil)
					}
					return false
				})
				bulk := vimap.Bulk(2, time.Second, func(_ context.Context, ns []int) ([]int, error) {
					if ns[0] == 2 {
						return nil, testkit.ErrOdd
					}
					return ns, nil
				})
				for _, c := range []struct {
					stage vimap.Stage[int, int]
					bad   []int
				}{{loop, []int{3}}, {bulk, []int{2, 3}}} {
					all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(8, nil).Via(c.stage.Retry(policy)).Ordered())
					require.NoError(t, run.Err())
					require.Len(t, all, 8)
					for i, result := range all {
						require.Equal(t, i, result.In)
						if i != c.bad[0] && i != c.bad[len(c.bad)-1] {
							require.NoError(t, result.Err)
							continue
						}
						fault.Require(t, result.Err)
					}
					testkit.RequireAddsUp(t, run.Stats())
				}
				crew.RequireClosed(t)
			})
		})
	}
}

// hooksThatDie are hooks of which one dies each time it is called.
func hooksThatDie(die func()) map[string]vimap.Hooks {
	worker := func(vimap.WorkerEvent) { die() }
	item := func(vimap.ItemEvent) { die() }
	return map[string]vimap.Hooks{
		"WorkerOpened": {WorkerOpened: worker}, "WorkerClosed": {WorkerClosed: worker},
		"WorkerRestarted": {WorkerRestarted: worker}, "WorkerStuck": {WorkerStuck: worker},
		"AttemptFailed": {AttemptFailed: item}, "ItemRetried": {ItemRetried: item},
		"ItemFailed": {ItemFailed: item}, "ItemDone": {ItemDone: item},
	}
}

func TestAnyDeathInAnyHookHarmsNothingAndIsPartOfTheError(t *testing.T) {
	for _, fault := range testkit.Faults() {
		for name, hooks := range hooksThatDie(fault.Die) {
			t.Run(fmt.Sprintf("%s in %s", fault.Name, name), func(t *testing.T) {
				rerun.Share(t, 6)
				testkit.Bubble(t, func(t *testing.T) {
					var crew testkit.Crew
					tried := new(testkit.LedgerOfAttempts)
					// Each kind of event comes to pass: 3 is tried again, 5 fails, 7 panics, 9 is stuck.
					stage := crew.Stage(2, func(_ context.Context, n int) (int, error) {
						switch attempt := tried.Next(n); {
						case n == 3 && attempt == 1, n == 5:
							return 0, testkit.ErrOdd
						case n == 7 && attempt == 1:
							panic("seven")
						case n == 9 && attempt == 1:
							deaf(time.Minute)
						}
						return n, nil
					}).Timeout(time.Second).Retry(retry.Fixed(time.Second).Attempts(2)).Hooks(hooks)
					all, run := testkit.Outcomes(testkit.Patient(t), testkit.Count(12, nil).Via(stage).Ordered())
					outs, failed := testkit.Split(all)
					require.Equal(t, []int{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11}, outs)
					require.Len(t, failed, 1)
					require.ErrorIs(t, failed[0].Err, testkit.ErrOdd, "the error of an item is its own, not that of the hook")
					var worker *vimap.WorkerError
					require.ErrorAs(t, run.Err(), &worker)
					require.Equal(t, "hook", worker.Phase)
					fault.Require(t, run.Err())
					testkit.RequireAddsUp(t, run.Stats())
					time.Sleep(2 * time.Minute) // the stuck call returns
					crew.RequireClosed(t)
				})
			})
		}
	}
}

func TestAnErrorInsideAChunkIsChargedToItsOwnItemAndItsNeighboursAreDelivered(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	// Items that cost nothing, so that hundreds travel together.
	for name, fail := range map[string]func(n int) error{
		"an error": func(n int) error { return &testkit.CodeError{Code: n} },
		"a panic":  func(n int) error { panic(&testkit.CodeError{Code: n}) },
	} {
		for _, workers := range []int{1, 3} {
			var calls atomic.Int64
			stage := vimap.Func(func(_ context.Context, n int) (int, error) {
				calls.Add(1)
				if n%97 == 50 {
					return 0, fail(n)
				}
				return n, nil
			}).Workers(workers)
			all, run := testkit.Outcomes(t.Context(), testkit.Count(2_000, nil).Via(stage).Ordered())
			require.NoError(t, run.Err())
			require.Len(t, all, 2_000)
			for i, result := range all {
				require.Equal(t, i, result.In)
				var code *testkit.CodeError
				if i%97 != 50 {
					require.NoError(t, result.Err, name)
					require.Equal(t, i, result.Out)
					continue
				}
				require.ErrorAs(t, result.Err, &code, name)
				require.Equal(t, i, code.Code, "blamed on another")
			}
			require.Equal(t, int64(2_000), calls.Load(), "finished siblings are not worked on again")
		}
	}
}
