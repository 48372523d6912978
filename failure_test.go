package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// codeError is an error to be found by errors.As.
type codeError struct{ code int }

func (e *codeError) Error() string { return fmt.Sprint("code ", e.code) }

// unprintable cannot be shown: each way to do so panics.
type unprintable struct{}

func (unprintable) String() string         { panic("String of an unprintable value") }
func (unprintable) GoString() string       { panic("GoString of an unprintable value") }
func (unprintable) Error() string          { panic("Error of an unprintable value") }
func (unprintable) Format(fmt.State, rune) { panic("Format of an unprintable value") }

// fault is a way in which a user's function can die.
type fault struct {
	name  string
	die   func()
	check func(t *testing.T, panicked *vimap.PanicError, err error)
}

func faults() []fault {
	return []fault{
		{"panic", func() { panic("boom") }, func(t *testing.T, p *vimap.PanicError, err error) {
			require.Equal(t, any("boom"), p.Value)
			require.ErrorContains(t, err, "boom")
		}},
		{"nil panic", func() { panic(nil) }, func(t *testing.T, _ *vimap.PanicError, err error) {
			var none *runtime.PanicNilError
			require.ErrorAs(t, err, &none)
		}},
		{"panic with an error", func() { panic(fmt.Errorf("wrapped: %w", &codeError{7})) }, func(t *testing.T, _ *vimap.PanicError, err error) {
			var code *codeError
			require.ErrorAs(t, err, &code)
			require.Equal(t, 7, code.code)
		}},
		{"runtime error", func() { var m map[int]int; m[1] = 1 }, func(t *testing.T, _ *vimap.PanicError, err error) {
			var fatal runtime.Error
			require.ErrorAs(t, err, &fatal)
		}},
		{"unprintable panic", func() { panic(unprintable{}) }, func(t *testing.T, p *vimap.PanicError, _ error) {
			_, is := p.Value.(unprintable)
			require.True(t, is)
		}},
		{"Goexit", func() { runtime.Goexit() }, func(t *testing.T, p *vimap.PanicError, err error) {
			require.ErrorIs(t, err, vimap.ErrGoexit)
			require.Equal(t, any(vimap.ErrGoexit), p.Value)
		}},
		{"t.FailNow", func() { new(testing.T).FailNow() }, func(t *testing.T, _ *vimap.PanicError, err error) {
			require.ErrorIs(t, err, vimap.ErrGoexit)
		}},
	}
}

// requireFault holds that err is the typed error of f, with a stack that leads
// to the function that died, and that it can be printed.
func (f fault) require(t *testing.T, err error) {
	t.Helper()
	var panicked *vimap.PanicError
	require.ErrorAs(t, err, &panicked)
	require.NotPanics(t, func() { _ = err.Error(); _ = panicked.Error() })
	require.NotContains(t, err.Error(), "\n", "an error is one line")
	require.Contains(t, string(panicked.Stack), "faults")
	f.check(t, panicked, err)
}

// places are the functions of a user, each calling die for the item 3 of 7.
func places() map[string]func(die func()) vimap.Pipeline[int, int] {
	hit := func(n int, die func()) int {
		if n == 3 {
			die()
		}
		return n
	}
	source := count(7, nil)
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
			return source.Map(func(n int) int { return hit(n, die) }).Via(vimap.Func(same).Workers(2))
		},
		"map after a stage": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(same).Workers(2)).Map(func(n int) int { return hit(n, die) })
		},
		"flatmap between stages": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(same).Workers(2)).
				FlatMap(func(n int) iter.Seq[int] { return func(yield func(int) bool) { yield(hit(n, die)) } }).Via(vimap.Func(same))
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
			return source.Via(new(crew).stage(2, func(_ context.Context, n int) (int, error) { return hit(n, die), nil }))
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
			return source.Via(vimap.Func(same).Workers(2).KeyBy(func(n int) int { return hit(n, die) % 2 }))
		},
		"key behind a stage": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(same).Workers(2)).Via(vimap.Func(same).Workers(2).KeyBy(func(n int) int { return hit(n, die) % 2 }))
		},
		"retry condition": func(die func()) vimap.Pipeline[int, int] {
			return source.Via(vimap.Func(func(_ context.Context, n int) (int, error) {
				if n == 3 {
					return 0, errOdd
				}
				return n, nil
			}).Retry(retry.Fixed(time.Second).If(func(error) bool { die(); return false })))
		},
	}
}

func TestAnyDeathInAnyFunctionIsTheErrorOfItsItem(t *testing.T) {
	for place, build := range places() {
		for _, fault := range faults() {
			t.Run(fmt.Sprintf("%s in %s", fault.name, place), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := build(fault.die)
					requireOneDeath(t, p, fault, place != "decode")
					requireOneDeath(t, p.Ordered(), fault, place != "decode")

					// Every other way to run it ends with the same error.
					_, err := p.To(patient(t), collect)
					fault.require(t, err)
				})
			})
		}
	}
}

// requireOneDeath runs p, in which fault is the end of item 3 of 7 alone.
func requireOneDeath(t *testing.T, p vimap.Pipeline[int, int], fault fault, hasInput bool) {
	t.Helper()
	all, run := outcomes(patient(t), p)
	require.NoError(t, run.Err())
	outs, failed := split(all)
	require.ElementsMatch(t, []int{0, 1, 2, 4, 5, 6}, outs, "the neighbours are delivered")
	require.Len(t, failed, 1)
	require.Equal(t, int64(3), failed[0].Index)
	if hasInput {
		require.Equal(t, 3, failed[0].In)
	}
	var item *vimap.ItemError
	require.ErrorAs(t, failed[0].Err, &item)
	require.Equal(t, int64(3), item.Index)
	fault.require(t, failed[0].Err)
	requireAddsUp(t, run.Stats())
}

func TestADeathAfterSomeOutputsOfFlatMapKeepsThem(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				half := func(n int) iter.Seq[int] {
					return func(yield func(int) bool) {
						if yield(10*n) && yield(10*n+1) && n == 1 {
							fault.die()
						}
					}
				}
				for _, p := range []vimap.Pipeline[int, int]{count(3, nil).FlatMap(half), count(3, nil).FlatMap(half).Via(vimap.Func(same).Workers(3))} {
					all, run := outcomes(patient(t), p.Ordered())
					require.NoError(t, run.Err())
					require.Len(t, all, 7)
					for i, want := range []int{0, 1, 10, 11, -1, 20, 21} {
						if want < 0 {
							fault.require(t, all[i].Err)
							require.Equal(t, 1, all[i].In)
							continue
						}
						require.NoError(t, all[i].Err)
						require.Equal(t, want, all[i].Out)
					}
					requireAddsUp(t, run.Stats())
				}
			})
		})
	}
}

func TestAnyDeathInOpeningIsTheErrorOfTheWorker(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				stage := vimap.OpenWith(func(ctx context.Context, config string) (*hand, error) {
					if config == "bad" {
						fault.die()
					}
					return crew.openWith(ctx, config)
				}).Close((*hand).close).Do(func(h *hand, ctx context.Context, n int) (int, error) {
					defer h.begin()()
					return jitter(ctx, n)
				})
				run := count(100, nil).Via(stage.Each("a", "bad", "b").Restart(retry.Fixed(0).Attempts(2))).Start(patient(t))
				outs, err := collect(run)
				require.NoError(t, err, "the other two do all the work")
				require.ElementsMatch(t, upTo(100), outs)
				require.Len(t, run.Stats().Lost, 1)
				var worker *vimap.WorkerError
				require.ErrorAs(t, run.Stats().Lost[0], &worker)
				require.Equal(t, "open", worker.Phase)
				require.Equal(t, any("bad"), worker.Config)
				fault.require(t, run.Stats().Lost[0])
				crew.requireClosed(t)

				_, err = count(100, nil).Via(stage.Each("bad").Restart(retry.Policy{})).To(patient(t), collect)
				require.ErrorIs(t, err, vimap.ErrNoWorkers)
				fault.require(t, err)
			})
		})
	}
}

func TestAnyDeathInClosingIsTheErrorOfTheRunAndLosesNoOutput(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var crew crew
				stage := vimap.Open(crew.open).Close(func(h *hand) error {
					if _ = h.close(); h.id == 2 {
						fault.die()
					}
					return nil
				}).Do(func(h *hand, _ context.Context, n int) (int, error) {
					defer h.begin()()
					return n, nil
				}).Workers(3)
				outs, err := count(100, nil).Via(stage).Via(vimap.Func(same)).Ordered().To(patient(t), collect)
				require.Equal(t, upTo(100), outs)
				var worker *vimap.WorkerError
				require.ErrorAs(t, err, &worker)
				require.Equal(t, "close", worker.Phase)
				fault.require(t, err)
				crew.requireClosed(t)
			})
		})
	}
}

func TestAnyDeathInASourceIsTheErrorOfTheSource(t *testing.T) {
	for _, fault := range faults() {
		for name, p := range map[string]vimap.Pipeline[int, int]{
			"function": vimap.From(func(context.Context) iter.Seq2[int, error] { fault.die(); return nil }),
			"iterator": vimap.From(func(context.Context) iter.Seq2[int, error] {
				return func(yield func(int, error) bool) {
					for i := range 3 {
						if !yield(i, nil) {
							return
						}
					}
					fault.die()
				}
			}),
			"emitter": vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
				out.Many([]int{0, 1, 2})
				fault.die()
				return nil
			}),
		} {
			t.Run(fault.name+" in the "+name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					for _, p := range []vimap.Pipeline[int, int]{p, p.Via(vimap.Func(same).Workers(2)).Ordered()} {
						outs, err := p.To(patient(t), collect)
						if name != "function" {
							require.Equal(t, upTo(3), outs, "what was read before it comes first")
						}
						var source *vimap.SourceError
						require.ErrorAs(t, err, &source)
						fault.require(t, err)
					}
				})
			})
		}
	}
}

func TestADeathInThePlaceOfAnItemKeepsItsError(t *testing.T) {
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, err := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
					out.Places(func(int64) string { fault.die(); return "" })
					out.One(1)
					return nil
				}).Try(func(int) (int, error) { return 0, errors.New("the real one") }).To(patient(t), collect)
				require.ErrorContains(t, err, "the real one")
			})
		})
	}
}
