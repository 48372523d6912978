package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
)

// full is a writer that takes some bytes and no more.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errSeven
	}
	f.room -= len(p)
	return len(p), nil
}

func TestAnInfiniteSourceWorksWithEverySinkThatLeavesEarly(t *testing.T) {
	w := func() io.Writer { return &full{100_000} }
	cancelled, cancel := context.WithCancelCause(t.Context())
	received := make(chan int)
	go func() {
		for range 100 {
			<-received
		}
		cancel(errSeven)
	}()
	each := sinks.Each(func(in, _ int) error {
		if in == 10_000 {
			return errSeven
		}
		return nil
	})
	overZip := func(run *vimap.Run[int, int]) (n int64, err error) {
		for range run.Zip() {
			if n++; n == 40 {
				return n, errSeven
			}
		}
		return n, nil
	}
	overResults := func(run *vimap.Run[int, int]) (n int64, err error) {
		for range run.Results() {
			if n++; n == 40 {
				return n, errSeven
			}
		}
		return n, nil
	}
	leaving := func(yield func(string, func(*vimap.Run[int, int]) (int64, error)) bool) {
		_ = yield("Each", each) &&
			yield("Chan whose receiver is gone", sinks.Chan(received).Outputs) &&
			yield("LinesTo.Outputs", sinks.LinesTo(w()).Outputs) &&
			yield("LinesTo.Pairs", sinks.LinesTo(w()).Pairs) &&
			yield("JSONLinesTo.Outputs", sinks.JSONLinesTo(w()).Outputs) &&
			yield("JSONLinesTo.Pairs", sinks.JSONLinesTo(w()).Pairs) &&
			yield("JSONLinesTo.Results", sinks.JSONLinesTo(w()).Results) &&
			yield("a function over Zip", overZip) &&
			yield("a function over Results", overResults)
	}
	for name, sink := range leaving {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ordered %v", name, ordered), func(t *testing.T) {
				rerun.Share(t, 8)
				var working atomic.Int64
				p := endless().Via(vimap.Func(func(_ context.Context, n int) (int, error) {
					working.Add(1)
					defer working.Add(-1)
					return n, nil
				}).Workers(3))
				if ordered {
					p = p.Ordered()
				}
				ctx := t.Context()
				if name == "Chan whose receiver is gone" {
					ctx = cancelled
				}
				_, err := p.To(ctx, sink)
				require.ErrorIs(t, err, errSeven)
				require.Zero(t, working.Load(), "user code is still called after return")
			})
		}
	}
}

// wordless is an output whose String method dies.
type wordless struct{ die func() }

func (w wordless) String() string { w.die(); return "" }

func (w wordless) MarshalJSON() ([]byte, error) { w.die(); return nil, nil }

// dying is a writer that dies.
type dying struct{ die func() }

func (d dying) Write(p []byte) (int, error) { d.die(); return len(p), nil }

// unprintable panics when it is shown.
type unprintable struct{}

func (unprintable) String() string { panic("do not print me") }
func (unprintable) Error() string  { panic("do not print me") }

func TestAnyDeathInACallbackOfASinkIsTheErrorOfTo(t *testing.T) {
	errBroken := errors.New("broken")
	for fault, die := range map[string]func(){
		"a panic":             func() { panic("boom") },
		"a nil panic":         func() { panic(nil) },
		"an error":            func() { panic(fmt.Errorf("wrapped: %w", errBroken)) },
		"an unprintable one":  func() { panic(unprintable{}) },
		"a Goexit":            runtime.Goexit,
		"a failed test's end": func() { new(testing.T).FailNow() },
	} {
		outputs := endless().Map(func(int) wordless { return wordless{die} })
		for name, run := range map[string]func(context.Context) error{
			"Each": func(ctx context.Context) error {
				_, err := endless().To(ctx, sinks.Each(func(int, int) error { die(); return nil }))
				return err
			},
			"Fold": func(ctx context.Context) error {
				_, err := endless().To(ctx, sinks.Fold(0, func(n, _, _ int) int { die(); return n }))
				return err
			},
			"a String method": func(ctx context.Context) error {
				_, err := outputs.To(ctx, sinks.LinesTo(io.Discard).Outputs)
				return err
			},
			"a MarshalJSON method": func(ctx context.Context) error {
				_, err := outputs.To(ctx, sinks.JSONLinesTo(io.Discard).Outputs)
				return err
			},
			"a writer": func(ctx context.Context) error {
				_, err := endless().To(ctx, sinks.LinesTo(dying{die}).Outputs)
				return err
			},
		} {
			t.Run(fault+" in "+name, func(t *testing.T) {
				rerun.Share(t, 4)
				err := attempt(func() error { return run(t.Context()) })
				var panicked *vimap.PanicError
				require.ErrorAs(t, err, &panicked)
				require.NotPanics(t, func() { _ = err.Error() })
				require.NotEmpty(t, panicked.Stack)
				if fault == "an error" {
					require.ErrorIs(t, err, errBroken)
				}
			})
		}
	}
}
