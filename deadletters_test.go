package vimap_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
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
	testkit.Bubble(t, func(t *testing.T) {
		var kept []vimap.DeadLetter[int]
		ended := 0
		p := testkit.Count(100, nil).Map(testkit.Plus(1)).Via(picky(4, testkit.MultipleOf(10))).DeadLetters(keepLetters(&kept, &ended)).Ordered()
		for i, begin := range []func(*vimap.Run[int, int]) int{
			func(run *vimap.Run[int, int]) int { outs, _ := testkit.Collect(run); return len(outs) },
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
			for j, ctx := range []context.Context{testkit.Patient(t), vimaptest.Serial(testkit.Patient(t))} {
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
	testkit.Bubble(t, func(t *testing.T) {
		var kept []vimap.DeadLetter[int]
		ended := 0
		_, err := testkit.Collect(testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).DeadLetters(keepLetters(&kept, &ended)).Tolerate(2).Ordered().Start(testkit.Patient(t)))
		var many *vimap.TooManyFailuresError
		require.ErrorAs(t, err, &many)
		require.Len(t, kept, 3)
		require.Equal(t, 1, ended)
	})
}

func TestADeadLetterIsAFailureWhateverBecomesOfTheBatchBeforeIt(t *testing.T) {
	for name, die := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var kept []vimap.DeadLetter[int]
				ended := 0
				run := testkit.Count(10, nil).Via(picky(1, func(n int) bool { return n == 7 })).
					DeadLetters(keepLetters(&kept, &ended)).Tolerate(0).Ordered().Start(testkit.Patient(t))
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { _ = recover() }()
					for range run.Batches(25, time.Hour) {
						die()
					}
				}()
				<-done
				require.Len(t, kept, 1)
				require.Equal(t, int64(1), run.Stats().Failed)
				testkit.RequireAddsUp(t, run.Stats())
			})
		})
	}
}

func TestDeadLettersEndWithTheRunHoweverItEnds(t *testing.T) {
	errBroken := errors.New("broken")
	for name, end := range map[string]func(t *testing.T, p vimap.Pipeline[int, int]){
		"nothing was read": func(t *testing.T, p vimap.Pipeline[int, int]) {
			_, err := testkit.Collect(p.Filter(func(int) bool { return false }).Start(testkit.Patient(t)))
			require.NoError(t, err)
		},
		"left early": func(t *testing.T, p vimap.Pipeline[int, int]) {
			run := p.Start(testkit.Patient(t))
			for range run.Zip() {
				break
			}
			require.NoError(t, run.Err())
		},
		"cancelled": func(t *testing.T, p vimap.Pipeline[int, int]) {
			ctx, cancel := context.WithCancelCause(testkit.Patient(t))
			defer cancel(nil)
			run := p.Start(ctx)
			for range run.Zip() {
				cancel(errBroken)
			}
			require.ErrorIs(t, run.Err(), errBroken)
		},
		"a panic in the loop": func(t *testing.T, p vimap.Pipeline[int, int]) {
			require.PanicsWithValue(t, errBroken, func() {
				for range p.Start(testkit.Patient(t)).Zip() {
					panic(errBroken)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var kept []vimap.DeadLetter[int]
				ended := 0
				end(t, testkit.Count(1000, nil).Via(picky(4, testkit.MultipleOf(10))).DeadLetters(keepLetters(&kept, &ended)))
				require.Equal(t, 1, ended)
			})
		})
	}
}

func TestARunThatCannotBeginDoesNotAskForDeadLetters(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(testkit.Patient(t))
		cancel()
		called := false
		_, err := testkit.Collect(testkit.Count(10, nil).DeadLetters(func(iter.Seq[vimap.DeadLetter[int]]) error { called = true; return nil }).Start(ctx))
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
				testkit.Bubble(t, func(t *testing.T) {
					run := testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).DeadLetters(sink).Ordered().Start(testkit.Patient(t))
					outs, err := testkit.Collect(run)
					require.ErrorIs(t, err, target)
					require.ErrorContains(t, err, "vimap: dead letters: ")
					testkit.RequireAddsUp(t, run.Stats())
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
	testkit.Bubble(t, func(t *testing.T) {
		run := testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).DeadLetters(func(letters iter.Seq[vimap.DeadLetter[int]]) error {
			for range letters {
				return nil
			}
			return nil
		}).Ordered().Start(testkit.Patient(t))
		outs, err := testkit.Collect(run)
		require.EqualError(t, err, `vimap: stage "pick": item 10: 10 is not wanted`)
		require.Len(t, outs, 9)
	})
}

func TestLettersThatAreRangedOverAgainAfterTheEndAreNone(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		rounds := 0
		_, err := testkit.Collect(testkit.Count(100, nil).Via(picky(4, testkit.MultipleOf(10))).DeadLetters(func(letters iter.Seq[vimap.DeadLetter[int]]) error {
			for range 3 {
				for range letters {
				}
				rounds++
			}
			return nil
		}).Start(testkit.Patient(t)))
		require.NoError(t, err)
		require.Equal(t, 3, rounds)
	})
}

// The loop gets what it waited for while the failed input is in hand.
func TestAFailedInputWithALetterHasFailedWhenTheLoopPanicsOverWhatCameBeforeIt(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var kept []vimap.DeadLetter[int]
		ended := 0
		late := func(_ context.Context, n int) (int, error) {
			if n == 1 {
				time.Sleep(time.Minute)
				return 0, testkit.ErrOdd
			}
			return n, nil
		}
		run := testkit.Count(3, nil).Via(vimap.Func(late)).DeadLetters(keepLetters(&kept, &ended)).Start(vimaptest.Serial(testkit.Patient(t)))
		require.PanicsWithValue(t, "of the loop", func() {
			for range run.Batches(10, time.Second) {
				panic("of the loop")
			}
		})
		require.Len(t, kept, 1)
		s := run.Stats()
		require.Equal(t, []int64{2, 0, 1, 1}, []int64{s.Read, s.Delivered, s.Failed, s.Unfinished})
		testkit.RequireAddsUp(t, s)
	})
}
