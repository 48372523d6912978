package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

// places are the functions of a user, each calling die for the item 3 of 7.
func places() map[string]func(die func()) vimap.Pipeline[int, int] {
	hit := func(n int, die func()) int {
		if n == 3 {
			die()
		}
		return n
	}
	source := testkit.Count(7, nil)
	one := func(n int) iter.Seq[int] { return func(yield func(int) bool) { yield(n) } }
	return map[string]func(die func()) vimap.Pipeline[int, int]{
		"map": func(die func()) vimap.Pipeline[int, int] { return source.Map(func(n int) int { return hit(n, die) }) },
		"try": func(die func()) vimap.Pipeline[int, int] {
			return source.Try(func(n int) (int, error) { return hit(n, die), nil })
		},
		"filter": func(die func()) vimap.Pipeline[int, int] {
			return source.Filter(func(n int) bool { return hit(n, die) >= 0 })
		},
		"flatmap": func(die func()) vimap.Pipeline[int, int] {
			return source.FlatMap(func(n int) iter.Seq[int] { return one(hit(n, die)) })
		},
		"flatmap's sequence": func(die func()) vimap.Pipeline[int, int] {
			return source.FlatMap(func(n int) iter.Seq[int] {
				return func(yield func(int) bool) { yield(hit(n, die)) }
			})
		},
		"decode": func(die func()) vimap.Pipeline[int, int] {
			return vimap.Decode(source, func(n int) (int, error) { return hit(n, die), nil })
		},
		"map before a stage": func(die func()) vimap.Pipeline[int, int] {
			return source.Map(func(n int) int { return hit(n, die) }).Via(vimap.Func(testkit.Same).Workers(2))
		},
		"map after a stage": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(testkit.Same).Workers(2)).Map(func(n int) int { return hit(n, die) })
		},
		"flatmap between stages": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(testkit.Same).Workers(2)).
				FlatMap(func(n int) iter.Seq[int] { return func(yield func(int) bool) { yield(hit(n, die)) } }).Via(vimap.Func(testkit.Same))
		},
		"func": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(func(_ context.Context, n int) (int, error) { return hit(n, die), nil }))
		},
		"func of three workers": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(func(_ context.Context, n int) (int, error) { return hit(n, die), nil }).Workers(3))
		},
		"func with a time limit": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(func(_ context.Context, n int) (int, error) { return hit(n, die), nil }).Timeout(time.Second))
		},
		"do": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(new(testkit.Crew).Stage(2, func(_ context.Context, n int) (int, error) { return hit(n, die), nil }))
		},
		"loop": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error {
				for _, n := range feed.All() {
					feed.Yield(hit(n, die), nil)
				}
				return nil
			}))
		},
		"bulk": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Bulk(1, time.Second, func(_ context.Context, ns []int) ([]int, error) { hit(ns[0], die); return ns, nil }))
		},
		"key": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(testkit.Same).Workers(2).KeyBy(func(n int) int { return hit(n, die) % 2 }))
		},
		"key behind a stage": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(testkit.Same).Workers(2)).Via(vimap.Func(testkit.Same).Workers(2).KeyBy(func(n int) int { return hit(n, die) % 2 }))
		},
		"retry condition": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(func(_ context.Context, n int) (int, error) {
				if n == 3 {
					return 0, testkit.ErrOdd
				}
				return n, nil
			}).Retry(retry.Fixed(time.Second).If(func(error) bool { die(); return false })))
		},
	}
}

func TestAnyDeathInAnyFunctionIsTheErrorOfItsItem(t *testing.T) {
	for place, build := range places() {
		for _, fault := range testkit.Faults() {
			t.Run(fmt.Sprintf("%s in %s", fault.Name, place), func(t *testing.T) {
				rerun.Share(t, 6)
				testkit.Bubble(t, func(t *testing.T) {
					p := build(fault.Die)
					requireOneDeath(t, p, fault, place != "decode")
					requireOneDeath(t, p.Ordered(), fault, place != "decode")

					// Every other way to run it ends with the same error.
					_, err := p.To(testkit.Patient(t), testkit.Collect)
					fault.Require(t, err)
				})
			})
		}
	}
}

// requireOneDeath runs p, in which fault is the end of item 3 of 7 alone.
func requireOneDeath(t *testing.T, p vimap.Pipeline[int, int], fault testkit.Fault, hasInput bool) {
	t.Helper()
	all, run := testkit.Outcomes(testkit.Patient(t), p)
	require.NoError(t, run.Err())
	outs, failed := testkit.Split(all)
	require.ElementsMatch(t, []int{0, 1, 2, 4, 5, 6}, outs, "the neighbours are delivered")
	require.Len(t, failed, 1)
	require.Equal(t, int64(3), failed[0].Index)
	if hasInput {
		require.Equal(t, 3, failed[0].In)
	}
	var item *vimap.ItemError
	require.ErrorAs(t, failed[0].Err, &item)
	require.Equal(t, int64(3), item.Index)
	fault.Require(t, failed[0].Err)
	testkit.RequireAddsUp(t, run.Stats())
}

func TestADeathAfterSomeOutputsOfFlatMapKeepsThem(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				half := func(n int) iter.Seq[int] {
					return func(yield func(int) bool) {
						if yield(10*n) && yield(10*n+1) && n == 1 {
							fault.Die()
						}
					}
				}
				for _, p := range []vimap.Pipeline[int, int]{testkit.Count(3, nil).FlatMap(half), testkit.Count(3, nil).FlatMap(half).Via(vimap.Func(testkit.Same).Workers(3))} {
					all, run := testkit.Outcomes(testkit.Patient(t), p.Ordered())
					require.NoError(t, run.Err())
					require.Len(t, all, 7)
					for i, want := range []int{0, 1, 10, 11, -1, 20, 21} {
						if want < 0 {
							fault.Require(t, all[i].Err)
							require.Equal(t, 1, all[i].In)
							continue
						}
						require.NoError(t, all[i].Err)
						require.Equal(t, want, all[i].Out)
					}
					testkit.RequireAddsUp(t, run.Stats())
				}
			})
		})
	}
}

func TestAnyDeathInOpeningIsTheErrorOfTheWorker(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				stage := vimap.OpenWith(func(ctx context.Context, config string) (*testkit.Hand, error) {
					if config == "bad" {
						fault.Die()
					}
					return crew.OpenWith(ctx, config)
				}).Close((*testkit.Hand).Close).Do(func(h *testkit.Hand, ctx context.Context, n int) (int, error) {
					defer h.Begin()()
					return testkit.Jitter(ctx, n)
				})
				run := testkit.Count(100, nil).Via(stage.Each("a", "bad", "b").Restart(retry.Fixed(0).Attempts(2))).Start(testkit.Patient(t))
				outs, err := testkit.Collect(run)
				require.NoError(t, err, "the other two do all the work")
				require.ElementsMatch(t, testkit.UpTo(100), outs)
				require.Len(t, run.Stats().Lost, 1)
				var worker *vimap.WorkerError
				require.ErrorAs(t, run.Stats().Lost[0], &worker)
				require.Equal(t, "open", worker.Phase)
				require.Equal(t, any("bad"), worker.Config)
				fault.Require(t, run.Stats().Lost[0])
				crew.RequireClosed(t)

				_, err = testkit.Count(100, nil).Via(stage.Each("bad").Restart(retry.Policy{})).To(testkit.Patient(t), testkit.Collect)
				require.ErrorIs(t, err, vimap.ErrNoWorkers)
				fault.Require(t, err)
			})
		})
	}
}

func TestAnyDeathInClosingIsTheErrorOfTheRunAndLosesNoOutput(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var crew testkit.Crew
				stage := vimap.Open(crew.Open).Close(func(h *testkit.Hand) error {
					if _ = h.Close(); h.ID == 2 {
						fault.Die()
					}
					return nil
				}).Do(func(h *testkit.Hand, _ context.Context, n int) (int, error) {
					defer h.Begin()()
					return n, nil
				}).Workers(3)
				outs, err := testkit.Count(100, nil).Via(stage).Via(vimap.Func(testkit.Same)).Ordered().To(testkit.Patient(t), testkit.Collect)
				require.Equal(t, testkit.UpTo(100), outs)
				var worker *vimap.WorkerError
				require.ErrorAs(t, err, &worker)
				require.Equal(t, "close", worker.Phase)
				fault.Require(t, err)
				crew.RequireClosed(t)
			})
		})
	}
}

func TestAnyDeathInASourceIsTheErrorOfTheSource(t *testing.T) {
	for _, fault := range testkit.Faults() {
		for name, p := range map[string]vimap.Pipeline[int, int]{
			"function": vimap.From(func(context.Context) iter.Seq2[int, error] { fault.Die(); return nil }),
			"iterator": vimap.From(func(context.Context) iter.Seq2[int, error] {
				return func(yield func(int, error) bool) {
					for i := range 3 {
						if !yield(i, nil) {
							return
						}
					}
					fault.Die()
				}
			}),
			"emitter": vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
				out.Many([]int{0, 1, 2})
				fault.Die()
				return nil
			}),
		} {
			t.Run(fault.Name+" in the "+name, func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					for _, p := range []vimap.Pipeline[int, int]{p, p.Via(vimap.Func(testkit.Same).Workers(2)).Ordered()} {
						outs, err := p.To(testkit.Patient(t), testkit.Collect)
						if name != "function" {
							require.Equal(t, testkit.UpTo(3), outs, "what was read before it comes first")
						}
						var source *vimap.SourceError
						require.ErrorAs(t, err, &source)
						fault.Require(t, err)
					}
				})
			})
		}
	}
}

func TestADeathInThePlaceOfAnItemKeepsItsError(t *testing.T) {
	for _, fault := range testkit.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				_, err := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
					out.Places(func(int64) string { fault.Die(); return "" })
					out.One(1)
					return nil
				}).Try(func(int) (int, error) { return 0, errors.New("the real one") }).To(testkit.Patient(t), testkit.Collect)
				require.ErrorContains(t, err, "the real one")
			})
		})
	}
}
