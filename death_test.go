package vimap_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

func TestAnyDeathInARestartConditionIsTheErrorOfTheWorker(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				stage := func(configs ...string) vimap.Stage[int, int] {
					return dialled(&crew, func(_ context.Context, config string) error {
						if config == "bad" {
							return errRefused
						}
						return nil
					}, jitter, configs...).
						Restart(retry.Fixed(time.Second).Attempts(5).If(func(error) bool { fault.die(); return true }))
				}
				run := count(100, nil).Via(stage("a", "bad", "b")).Start(patient(t))
				outs, err := collect(run)
				require.NoError(t, err, "the other two do all the work")
				require.ElementsMatch(t, upTo(100), outs)
				require.Len(t, run.Stats().Lost, 1)
				fault.require(t, run.Stats().Lost[0])
				crew.requireClosed(t)

				_, err = count(100, nil).Via(stage("bad")).To(patient(t), collect)
				require.ErrorIs(t, err, vimap.ErrNoWorkers)
				fault.require(t, err)
			})
		})
	}
}

func TestAnyDeathInARetryConditionOfABatchOrALoopFailsItsItemsAndNoOthers(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				policy := retry.Fixed(time.Second).If(func(error) bool { fault.die(); return true })
				loop := crew.loop(2, func(_ context.Context, feed *vimap.Feed[int, int], n int) bool {
					if n == 3 {
						feed.Yield(0, errOdd)
					} else {
						feed.Yield(n, nil)
					}
					return false
				})
				bulk := vimap.Bulk(2, time.Second, func(_ context.Context, ns []int) ([]int, error) {
					if ns[0] == 2 {
						return nil, errOdd
					}
					return ns, nil
				})
				for _, c := range []struct {
					stage vimap.Stage[int, int]
					bad   []int
				}{{loop, []int{3}}, {bulk, []int{2, 3}}} {
					all, run := outcomes(patient(t), count(8, nil).Via(c.stage.Retry(policy)).Ordered())
					require.NoError(t, run.Err())
					require.Len(t, all, 8)
					for i, result := range all {
						require.Equal(t, i, result.In)
						if i != c.bad[0] && i != c.bad[len(c.bad)-1] {
							require.NoError(t, result.Err)
							continue
						}
						fault.require(t, result.Err)
					}
					requireAddsUp(t, run.Stats())
				}
				crew.requireClosed(t)
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
	for _, fault := range faults() {
		for name, hooks := range hooksThatDie(fault.die) {
			t.Run(fmt.Sprintf("%s in %s", fault.name, name), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					var crew crew
					tried := new(ledgerOfAttempts)
					// Each kind of event comes to pass: 3 is tried again, 5 fails, 7 panics, 9 is stuck.
					stage := crew.stage(2, func(_ context.Context, n int) (int, error) {
						switch attempt := tried.next(n); {
						case n == 3 && attempt == 1, n == 5:
							return 0, errOdd
						case n == 7 && attempt == 1:
							panic("seven")
						case n == 9 && attempt == 1:
							deaf(time.Minute)
						}
						return n, nil
					}).Timeout(time.Second).Retry(retry.Fixed(time.Second).Attempts(2)).Hooks(hooks)
					all, run := outcomes(patient(t), count(12, nil).Via(stage).Ordered())
					outs, failed := split(all)
					require.Equal(t, []int{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11}, outs)
					require.Len(t, failed, 1)
					require.ErrorIs(t, failed[0].Err, errOdd, "the error of an item is its own, not that of the hook")
					var worker *vimap.WorkerError
					require.ErrorAs(t, run.Err(), &worker)
					require.Equal(t, "hook", worker.Phase)
					fault.require(t, run.Err())
					requireAddsUp(t, run.Stats())
					time.Sleep(2 * time.Minute) // the stuck call returns
					crew.requireClosed(t)
				})
			})
		}
	}
}

func TestAnErrorInsideAChunkIsChargedToItsOwnItemAndItsNeighboursAreDelivered(t *testing.T) {
	quiet(t)
	// Items that cost nothing, so that hundreds travel together.
	for name, fail := range map[string]func(n int) error{
		"an error": func(n int) error { return &codeError{n} },
		"a panic":  func(n int) error { panic(&codeError{n}) },
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
			all, run := outcomes(t.Context(), count(2_000, nil).Via(stage).Ordered())
			require.NoError(t, run.Err())
			require.Len(t, all, 2_000)
			for i, result := range all {
				require.Equal(t, i, result.In)
				var code *codeError
				if i%97 != 50 {
					require.NoError(t, result.Err, name)
					require.Equal(t, i, result.Out)
					continue
				}
				require.ErrorAs(t, result.Err, &code, name)
				require.Equal(t, i, code.code, "blamed on another")
			}
			require.Equal(t, int64(2_000), calls.Load(), "finished siblings are not worked on again")
		}
	}
}
