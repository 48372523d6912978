package vimap_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/vimaptest"
)

func ignoreLetters(letters iter.Seq[vimap.DeadLetter[int]]) error {
	for range letters {
	}
	return nil
}

// keepLetters is a sink of dead letters that keeps them; ended counts its returns.
func keepLetters(kept *[]vimap.DeadLetter[int], ended *int) func(iter.Seq[vimap.DeadLetter[int]]) error {
	return func(letters iter.Seq[vimap.DeadLetter[int]]) error {
		for letter := range letters {
			*kept = append(*kept, letter)
		}
		*ended++
		return nil
	}
}

func TestDeadLettersGetEveryFailureWhileTheRunGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var kept []vimap.DeadLetter[int]
		ended := 0
		p := count(100, nil).Map(plus(1)).Via(picky(4, multipleOf(10))).DeadLetters(keepLetters(&kept, &ended)).Ordered()
		for i, begin := range []func(*vimap.Run[int, int]) int{
			func(run *vimap.Run[int, int]) int { outs, _ := collect(run); return len(outs) },
			func(run *vimap.Run[int, int]) int {
				good := 0
				for result := range run.Results() {
					if result.Err == nil {
						good++
					}
				}
				return good
			},
		} {
			for j, ctx := range []context.Context{patient(t), vimaptest.Serial(patient(t))} {
				kept = nil
				run := p.Start(ctx)
				require.Equal(t, 90, begin(run))
				require.NoError(t, run.Err())
				require.Equal(t, 2*i+j+1, ended)
				require.Equal(t, vimap.Accounts{Read: 100, Delivered: 90, Failed: 10}, run.Stats().Accounts)
				require.Len(t, kept, 10)
				for i, letter := range kept {
					require.Equal(t, 10*i+9, letter.In)
					require.Equal(t, int64(10*i+9), letter.Err.Index)
					require.Equal(t, any(10*i+10), letter.Err.Input)
					require.Equal(t, 1, letter.Err.Attempts)
				}
			}
		}
	})
}

func TestDeadLettersGetTheFailureThatEndsTheRunToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var kept []vimap.DeadLetter[int]
		ended := 0
		_, err := collect(count(100, nil).Via(picky(4, multipleOf(10))).DeadLetters(keepLetters(&kept, &ended)).Tolerate(2).Ordered().Start(patient(t)))
		var many *vimap.TooManyFailuresError
		require.ErrorAs(t, err, &many)
		require.Len(t, kept, 3)
		require.Equal(t, 1, ended)
	})
}

func TestDeadLettersEndWithTheRunHoweverItEnds(t *testing.T) {
	errBroken := errors.New("broken")
	for name, end := range map[string]func(t *testing.T, p vimap.Pipeline[int, int]){
		"nothing was read": func(t *testing.T, p vimap.Pipeline[int, int]) {
			_, err := collect(p.Filter(func(int) bool { return false }).Start(patient(t)))
			require.NoError(t, err)
		},
		"left early": func(t *testing.T, p vimap.Pipeline[int, int]) {
			run := p.Start(patient(t))
			for range run.Zip() {
				break
			}
			require.NoError(t, run.Err())
		},
		"cancelled": func(t *testing.T, p vimap.Pipeline[int, int]) {
			ctx, cancel := context.WithCancelCause(patient(t))
			defer cancel(nil)
			run := p.Start(ctx)
			for range run.Zip() {
				cancel(errBroken)
			}
			require.ErrorIs(t, run.Err(), errBroken)
		},
		"a panic in the loop": func(t *testing.T, p vimap.Pipeline[int, int]) {
			require.PanicsWithValue(t, errBroken, func() {
				for range p.Start(patient(t)).Zip() {
					panic(errBroken)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var kept []vimap.DeadLetter[int]
				ended := 0
				end(t, count(1000, nil).Via(picky(4, multipleOf(10))).DeadLetters(keepLetters(&kept, &ended)))
				require.Equal(t, 1, ended)
			})
		})
	}
}

func TestARunThatCannotBeginDoesNotAskForDeadLetters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(patient(t))
		cancel()
		called := false
		_, err := collect(count(10, nil).DeadLetters(func(iter.Seq[vimap.DeadLetter[int]]) error { called = true; return nil }).Start(ctx))
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, called)
	})
}

func TestAFailingSinkOfDeadLettersEndsTheRun(t *testing.T) {
	errFull := errors.New("disk full")
	fail := map[string]func() error{
		"an error": func() error { return errFull },
		"a panic":  func() error { panic(errFull) },
		"a Goexit": func() error { runtime.Goexit(); return nil },
	}
	for name, f := range fail {
		target := errFull
		if name == "a Goexit" {
			target = vimap.ErrGoexit
		}
		sinks := map[string]func(iter.Seq[vimap.DeadLetter[int]]) error{
			"at once": func(iter.Seq[vimap.DeadLetter[int]]) error { return f() },
			"at the second letter": func(letters iter.Seq[vimap.DeadLetter[int]]) error {
				seen := 0
				for range letters {
					if seen++; seen == 2 {
						return f()
					}
				}
				return nil
			},
			"at the end": func(letters iter.Seq[vimap.DeadLetter[int]]) error {
				for range letters {
				}
				return f()
			},
		}
		for when, sink := range sinks {
			t.Run(name+" "+when, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					run := count(100, nil).Via(picky(4, multipleOf(10))).DeadLetters(sink).Ordered().Start(patient(t))
					outs, err := collect(run)
					require.ErrorIs(t, err, target)
					require.ErrorContains(t, err, "vimap: dead letters: ")
					requireAddsUp(t, run.Stats())
					var panicked *vimap.PanicError
					if errors.As(err, &panicked) {
						require.Contains(t, string(panicked.Stack), "TestAFailingSinkOfDeadLettersEndsTheRun.func", "the stack is the sink's")
					}
					switch when {
					case "at once":
						require.Zero(t, run.Stats().Read, "no input is consumed")
					case "at the second letter":
						require.Len(t, outs, 9)
						require.ErrorContains(t, err, "10 is not wanted", "the letter that was not written is not lost")
					case "at the end":
						require.Len(t, outs, 90)
					}
				})
			})
		}
	}
}

func TestASinkOfDeadLettersThatHasHadEnoughEndsTheTolerance(t *testing.T) {
	bubble(t, func(t *testing.T) {
		run := count(100, nil).Via(picky(4, multipleOf(10))).DeadLetters(func(letters iter.Seq[vimap.DeadLetter[int]]) error {
			for range letters {
				return nil
			}
			return nil
		}).Ordered().Start(patient(t))
		outs, err := collect(run)
		require.EqualError(t, err, `vimap: stage "pick": item 10: 10 is not wanted`)
		require.Len(t, outs, 9)
	})
}

func TestLettersThatAreRangedOverAgainAfterTheEndAreNone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rounds := 0
		_, err := collect(count(100, nil).Via(picky(4, multipleOf(10))).DeadLetters(func(letters iter.Seq[vimap.DeadLetter[int]]) error {
			for range 3 {
				for range letters {
				}
				rounds++
			}
			return nil
		}).Start(patient(t)))
		require.NoError(t, err)
		require.Equal(t, 3, rounds)
	})
}
