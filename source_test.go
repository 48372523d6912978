package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

var errRead = errors.New("read failed")

func TestTheErrorOfASourceComesAfterTheItemsReadBeforeIt(t *testing.T) {
	sources := map[string]vimap.Pipeline[int, int]{
		"From": vimap.From(func(context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := range 100 {
					if !yield(i, nil) {
						return
					}
				}
				yield(0, errRead)
			}
		}),
		"Emit": vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			out.Many(testkit.UpTo(100))
			return errRead
		}),
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			testkit.Quiet(t)
			for _, p := range []vimap.Pipeline[int, int]{source, source.Ordered(), source.Via(vimap.Func(testkit.Square).Workers(3)), source.Via(vimap.Func(testkit.Square).Workers(3)).Ordered()} {
				all, run := testkit.Outcomes(t.Context(), p)
				outs, failed := testkit.Split(all)
				require.Len(t, outs, 100)
				require.Empty(t, failed, "the error of the source is no item's")
				var source *vimap.SourceError
				require.ErrorAs(t, run.Err(), &source)
				require.ErrorIs(t, run.Err(), errRead)
				require.Equal(t, int64(100), run.Stats().Read)
				testkit.RequireAddsUp(t, run.Stats())

				outs, err := p.To(t.Context(), testkit.Collect)
				require.ErrorIs(t, err, errRead)
				require.Len(t, outs, 100)
			}
		})
	}
}

func TestNothingIsReadAfterTheErrorOfASource(t *testing.T) {
	testkit.Quiet(t)
	outs, err := vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			if yield(1, nil) && yield(0, errRead) {
				yield(2, nil)
			}
		}
	}).To(t.Context(), testkit.Collect)
	require.ErrorIs(t, err, errRead)
	require.Equal(t, []int{1}, outs)
}

func TestEmitPassesOnOneAndManyItemsInTheirOrder(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	p := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		buf := make([]int, 0, 700)
		for n := 0; n < 20_000; {
			if !out.One(n) {
				return errors.New("the run ended too soon")
			}
			n++
			for buf = buf[:0]; len(buf) < cap(buf); n++ {
				buf = append(buf, n)
			}
			if !out.Many(buf) {
				return errors.New("the run ended too soon")
			}
			clear(buf) // the caller may use it again
		}
		out.Many(nil)
		return nil
	})
	outs, err := p.Via(vimap.Func(testkit.Same).Workers(4)).Ordered().To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.Equal(t, testkit.UpTo(len(outs)), outs)
	require.GreaterOrEqual(t, len(outs), 20_000)
}

func TestEmitHearsFalseWhenItMustReturn(t *testing.T) {
	for _, end := range []string{"leave", "stop", "cancel"} {
		t.Run(end, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(testkit.Patient(t))
				defer cancel(nil)
				heard := false
				run := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
					for out.One(1) && out.Many([]int{2, 3}) {
					}
					heard = !out.One(4) && !out.Many([]int{5})
					return ctx.Err()
				}).Via(vimap.Func(testkit.Square).Workers(2)).Start(ctx)
				seen := 0
				for range run.Zip() {
					if seen++; seen < 10 {
						continue
					}
					if end == "leave" {
						break
					} else if end == "stop" {
						run.Stop()
					} else {
						cancel(testkit.ErrStop)
					}
				}
				require.True(t, heard)
				if end == "cancel" {
					require.ErrorIs(t, run.Err(), testkit.ErrStop)
				} else {
					require.NoError(t, run.Err(), "what a source returns when it was told to return is no error")
				}
				testkit.RequireAddsUp(t, run.Stats())
			})
		})
	}
}

func TestAnErrorNamesThePlaceOfItsItem(t *testing.T) {
	testkit.Quiet(t)
	var asked atomic.Int64
	lines := func(path string, n int) vimap.Pipeline[string, string] {
		return vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
			out.One("0") // before Places: no place
			out.Places(func(i int64) string {
				asked.Add(1)
				return fmt.Sprintf("%s:%d", path, i+1)
			})
			for i := range n {
				text := strconv.Itoa(i)
				if i%10 == 3 {
					text = "bad"
				}
				if !out.One(text) {
					return nil
				}
			}
			out.Places(nil)
			out.One("worse")
			return nil
		})
	}
	p := lines("requests.jsonl", 40).Filter(func(string) bool { return true }).Via(vimap.Func(func(_ context.Context, s string) (string, error) { return s, nil }).Workers(3)).Try(strconv.Atoi).Ordered()
	all, _ := testkit.Outcomes(t.Context(), p)
	_, failed := testkit.Split(all)
	places := []string{"requests.jsonl:4", "requests.jsonl:14", "requests.jsonl:24", "requests.jsonl:34", ""}
	require.Len(t, failed, len(places))
	for i, result := range failed {
		var item *vimap.ItemError
		require.ErrorAs(t, result.Err, &item)
		require.Equal(t, places[i], item.Place)
		require.Contains(t, result.Err.Error(), places[i])
	}

	asked.Store(0)
	_, err := lines("good.jsonl", 3).Map(func(s string) int { return len(s) }).To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.Zero(t, asked.Load(), "a place is made only for an error")
}

func TestAppendEmitsEverythingOfAnotherPipelineAndKeepsItsPlaces(t *testing.T) {
	testkit.Quiet(t)
	part := func(name string, items ...string) vimap.Pipeline[string, string] {
		return vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
			out.Places(func(n int64) string { return fmt.Sprintf("%s:%d", name, n+1) })
			out.Many(items)
			return nil
		})
	}
	joined := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		if err := out.Append(ctx, part("a", "1", "x")); err != nil {
			return err
		}
		if err := out.Append(ctx, part("b", "y", "2", "z")); err != nil {
			return err
		}
		return out.Append(ctx, testkit.Given(3, 4).Map(strconv.Itoa).Ordered())
	})
	all, run := testkit.Outcomes(t.Context(), joined.Try(strconv.Atoi).Ordered())
	require.NoError(t, run.Err())
	outs, failed := testkit.Split(all)
	require.Equal(t, []int{1, 2, 3, 4}, outs)
	var places []string
	for _, result := range failed {
		var item *vimap.ItemError
		require.ErrorAs(t, result.Err, &item)
		places = append(places, item.Place)
	}
	require.Equal(t, []string{"a:2", "b:1", "b:3"}, places)
	require.Equal(t, int64(1), failed[0].Index)
	require.Equal(t, int64(4), failed[2].Index)
}

func TestAppendReturnsTheErrorOfTheOtherPipeline(t *testing.T) {
	testkit.Quiet(t)
	broken := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		out.One(1)
		return errRead
	})
	var appended error
	outs, err := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
		appended = out.Append(ctx, broken)
		return appended
	}).To(t.Context(), testkit.Collect)
	require.ErrorIs(t, appended, errRead)
	require.ErrorIs(t, err, errRead)
	require.Equal(t, []int{1}, outs)
}

func TestWhatDecodeReturnsIsTheInput(t *testing.T) {
	testkit.Quiet(t)
	run := vimap.Decode(testkit.Given("1", "2", "bad", "4"), strconv.Atoi).Map(testkit.Plus(10)).Ordered().Start(t.Context())
	var ins, outs []int
	var failed []vimap.Result[int, int]
	for result := range run.Results() {
		if result.Err != nil {
			failed = append(failed, result)
			continue
		}
		ins, outs = append(ins, result.In), append(outs, result.Out)
	}
	require.Equal(t, []int{1, 2, 4}, ins)
	require.Equal(t, []int{11, 12, 14}, outs)
	require.Len(t, failed, 1)
	var item *vimap.ItemError
	require.ErrorAs(t, failed[0].Err, &item)
	require.Equal(t, "decode", item.Stage)
	require.Equal(t, int64(2), item.Index)
	testkit.RequireAddsUp(t, run.Stats())
}

func TestTheInputOfWhatCouldNotBeDecodedIsZeroWhateverWasThereBefore(t *testing.T) {
	testkit.Quiet(t)
	for name, ordered := range map[string]bool{"unordered": false, "ordered": true} {
		t.Run(name, func(t *testing.T) {
			texts := make([]string, 5_000)
			for i := range texts {
				texts[i] = strconv.Itoa(i + 1)
				if i%50 == 49 {
					texts[i] = "bad"
				}
			}
			p := vimap.Decode(testkit.Given(texts...), strconv.Atoi)
			if ordered {
				p = p.Ordered()
			}
			run := p.InFlight(8).Via(vimap.Func(testkit.Square).Workers(4)).Start(t.Context())
			failed := 0
			for result := range run.Results() {
				if result.Err != nil {
					failed++
					require.Zero(t, result.In)
				}
			}
			require.Equal(t, 100, failed)
		})
	}
}

func TestDecodingIsDoneByTheWorkersThatFollow(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		decode := func(s string) (int, error) {
			time.Sleep(time.Second)
			return strconv.Atoi(s)
		}
		outs, err := vimap.Decode(testkit.Given("1", "2", "3", "4"), decode).Via(vimap.Func(testkit.Square).Workers(4)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, []int{1, 4, 9, 16}, outs)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestASourceRunsAnewInEveryRun(t *testing.T) {
	testkit.Quiet(t)
	var runs atomic.Int64
	p := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int64]) error {
		out.One(runs.Add(1))
		return nil
	})
	for want := range int64(3) {
		outs, err := p.To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, []int64{want + 1}, outs)
	}
}

func TestAnItemAloneReachesTheSinkWhileTheSourceWaitsForTheNext(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		trickle := func(n int) vimap.Pipeline[time.Time, time.Time] {
			return vimap.Emit(func(_ context.Context, out *vimap.Emitter[time.Time]) error {
				for range n {
					time.Sleep(time.Second)
					out.One(time.Now())
				}
				return nil
			})
		}
		pass := vimap.Func(func(_ context.Context, at time.Time) (time.Time, error) { return at, nil })
		p := trickle(20).Via(pass).Map(func(at time.Time) time.Time { return at }).Via(pass.Workers(3)).Via(pass)
		for _, p := range []vimap.Pipeline[time.Time, time.Time]{p, p.Ordered(), trickle(20), p.InFlight(2)} {
			run := p.Start(testkit.Patient(t))
			seen := 0
			for _, at := range run.Zip() {
				require.Zero(t, time.Since(at), "item %d was held back", seen)
				seen++
			}
			require.NoError(t, run.Err())
			require.Equal(t, 20, seen)
		}
	})
}
