package vimap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
)

func atoi(_ context.Context, s string) (int, error) { return strconv.Atoi(s) }

func words(n int) vimap.Pipeline[int, string] { return testkit.Count(n, nil).Map(strconv.Itoa) }

func TestThenPassesTheOutputsOfOneStageToTheNext(t *testing.T) {
	testkit.Quiet(t)
	half := func(_ context.Context, n int) (float64, error) { return float64(n) / 2, nil }
	show := func(_ context.Context, x float64) (string, error) { return fmt.Sprint(x), nil }
	left := vimap.Func(atoi).Workers(2).Then(vimap.Func(half).Workers(3)).Then(vimap.Func(show))
	right := vimap.Func(atoi).Workers(2).Then(vimap.Func(half).Workers(3).Then(vimap.Func(show)))
	for _, stage := range []vimap.Stage[string, string]{left, right} {
		run := words(1_000).Via(stage).Ordered().Start(t.Context())
		seen := 0
		for in, out := range run.Zip() {
			require.Equal(t, seen, in)
			require.Equal(t, fmt.Sprint(float64(in)/2), out)
			seen++
		}
		require.NoError(t, run.Err())
		require.Equal(t, 1_000, seen)
	}
}

func TestThePartsOfAComposedStageWorkAtTheSameTime(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var first, second testkit.Crew
		began := time.Now()
		stage := first.Stage(1, testkit.Sleepy(time.Second)).Then(second.Stage(2, testkit.Sleepy(2*time.Second)))
		outs, err := testkit.Count(10, nil).Via(stage).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(10), outs)
		require.Equal(t, 12*time.Second, time.Since(began))
		require.Equal(t, int64(1), first.Opened.Load())
		require.Equal(t, int64(2), second.Opened.Load())
		first.RequireClosed(t)
		second.RequireClosed(t)
	})
}

func TestAnErrorOfAComposedStageNamesThePartThatFailed(t *testing.T) {
	testkit.Quiet(t)
	fail := func(k int) func(context.Context, int) (int, error) {
		return func(_ context.Context, n int) (int, error) {
			if n%3 == k {
				return 0, testkit.ErrOdd
			}
			return n, nil
		}
	}
	stage := vimap.Func(fail(1)).Named("first").Then(vimap.Func(fail(2)).Named("second"))
	all, run := testkit.Outcomes(t.Context(), testkit.Count(30, nil).Via(stage).Ordered())
	require.NoError(t, run.Err())
	require.Len(t, all, 30)
	for i, result := range all {
		if i%3 == 0 {
			require.NoError(t, result.Err)
			continue
		}
		var item *vimap.ItemError
		require.ErrorAs(t, result.Err, &item)
		require.Equal(t, []string{1: "first", 2: "second"}[i%3], item.Stage)
		require.Equal(t, int64(i), item.Index)
	}
}

func TestThePartsOfAComposedStageKeepTheirPolicies(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		fail := func(context.Context, int) (int, error) { return 0, testkit.ErrOdd }
		retried := vimap.Func(fail).Retry(retry.Fixed(time.Second).Attempts(5))
		for want, stage := range map[int]vimap.Stage[int, int]{
			5: vimap.Func(testkit.Same).Then(retried),
			1: vimap.Func(fail).Then(retried),
		} {
			_, err := testkit.Count(1, nil).Via(stage).To(testkit.Patient(t), testkit.Collect)
			var item *vimap.ItemError
			require.ErrorAs(t, err, &item)
			require.Equal(t, want, item.Attempts)
		}
	})
}

func TestZipPairsTheInputOfAStageWithItsOutput(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	bulk := vimap.Bulk(10, time.Millisecond, func(_ context.Context, ss []string) ([]int, error) {
		ns := make([]int, len(ss))
		for i := range ss {
			ns[i], _ = strconv.Atoi(ss[i])
		}
		return ns, nil
	})
	loop := vimap.LoopFunc(func(feed *vimap.Feed[string, int]) error {
		for _, s := range feed.All() {
			feed.Yield(strconv.Atoi(s))
		}
		return nil
	})
	for name, stage := range map[string]vimap.Stage[string, int]{
		"a function":              vimap.Func(atoi),
		"workers":                 vimap.Func(atoi).Workers(5),
		"a batch":                 bulk.Workers(3),
		"a loop":                  loop.Workers(2),
		"a composed stage":        vimap.Func(atoi).Workers(2).Then(vimap.Func(testkit.Same).Workers(3)),
		"three composed stages":   vimap.Func(atoi).Workers(2).Then(vimap.Func(testkit.Same).Workers(3)).Then(vimap.Func(testkit.Same)),
		"a keyed stage":           vimap.Func(atoi).Workers(3).KeyBy(func(s string) byte { return s[0] }),
		"a zipped composed stage": vimap.Zip(vimap.Func(atoi).Workers(2)).Then(vimap.Func(func(_ context.Context, p vimap.Pair[string, int]) (int, error) { return p.Out, nil })),
	} {
		run := words(2_000).Via(vimap.Zip(stage)).Start(t.Context())
		seen := 0
		for in, pair := range run.Zip() {
			require.Equal(t, vimap.Pair[string, int]{In: strconv.Itoa(in), Out: in}, pair, name)
			seen++
		}
		require.NoError(t, run.Err())
		require.Equal(t, 2_000, seen, name)
	}
}

func TestZipWithinZipNestsThePairs(t *testing.T) {
	testkit.Quiet(t)
	outs, err := testkit.Given("7").Via(vimap.Zip(vimap.Zip(vimap.Func(atoi)))).To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	inner := vimap.Pair[string, int]{In: "7", Out: 7}
	require.Equal(t, []vimap.Pair[string, vimap.Pair[string, int]]{{In: "7", Out: inner}}, outs)
}

func TestZipKeepsTheWorkersAndPoliciesOfItsStage(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var crew testkit.Crew
		began := time.Now()
		var failed atomic.Bool
		stage := crew.Stage(4, func(ctx context.Context, n int) (int, error) {
			if n == 5 && !failed.Swap(true) {
				return 0, testkit.ErrOdd
			}
			return testkit.Sleepy(time.Second)(ctx, n)
		}).KeyBy(func(n int) int { return n }).Retry(retry.Fixed(time.Millisecond))
		outs, err := testkit.Count(8, nil).Via(vimap.Zip(stage)).Ordered().To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 8)
		require.Equal(t, 2*time.Second, time.Since(began).Truncate(time.Second))
		crew.RequireClosed(t)
	})
}

func TestAFailureUnderZipIsItsItems(t *testing.T) {
	testkit.Quiet(t)
	all, _ := testkit.Outcomes(t.Context(), testkit.Given("1", "x", "3").Via(vimap.Zip(vimap.Func(atoi).Named("parse").Then(vimap.Func(testkit.Same)))).Ordered())
	require.Len(t, all, 3)
	require.NoError(t, all[0].Err)
	require.NoError(t, all[2].Err)
	var item *vimap.ItemError
	require.ErrorAs(t, all[1].Err, &item)
	require.Equal(t, "parse", item.Stage)
	require.ErrorIs(t, all[1].Err, strconv.ErrSyntax)
	require.Equal(t, vimap.Pair[string, int]{In: "3", Out: 3}, all[2].Out)
}

func TestAPairIsWrittenAsInAndOut(t *testing.T) {
	text, err := json.Marshal(vimap.Pair[string, int]{In: "a", Out: 1})
	require.NoError(t, err)
	require.JSONEq(t, `{"in":"a","out":1}`, string(text))
}

func TestWhatIsComposedTakesNoFurtherOptions(t *testing.T) {
	part := vimap.Func(testkit.Same)
	both := part.Then(part)
	for name, option := range map[string]func(){
		"Workers": func() { both.Workers(2) },
		"Named":   func() { both.Named("both") },
		"Timeout": func() { both.Timeout(time.Second) },
		"Retry":   func() { both.Retry(retry.Fixed(0)) },
		"Restart": func() { both.Restart(retry.Fixed(0)) },
		"KeyBy":   func() { both.KeyBy(func(n int) int { return n }) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() { require.Contains(t, fmt.Sprint(recover()), "vimap: "+name+": ") }()
			option()
		})
	}
}
