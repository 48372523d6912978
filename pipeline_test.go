package vimap_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

func TestMapChangesEveryItem(t *testing.T) {
	testkit.Quiet(t)
	outs, err := testkit.Given(1, 2, 3).Map(strconv.Itoa).Map(func(s string) string { return s + "!" }).Ordered().To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.Equal(t, []string{"1!", "2!", "3!"}, outs)
}

func TestTryFailsTheItemItRefusesAndNoOther(t *testing.T) {
	testkit.Quiet(t)
	all, run := testkit.Outcomes(t.Context(), testkit.Given("1", "two", "3").Try(strconv.Atoi).Ordered())
	require.NoError(t, run.Err(), "a failure that Results has shown is not the error of the run")
	outs, failed := testkit.Split(all)
	require.Equal(t, []int{1, 3}, outs)
	require.Len(t, failed, 1)
	require.Equal(t, "two", failed[0].In)
	require.Equal(t, int64(1), failed[0].Index)
	var item *vimap.ItemError
	require.ErrorAs(t, failed[0].Err, &item)
	require.Equal(t, "try", item.Stage)
	require.Equal(t, int64(1), item.Index)
	require.Equal(t, any("two"), item.Input)
	var number *strconv.NumError
	require.ErrorAs(t, failed[0].Err, &number)
}

func TestFilterKeepsWhatItsFunctionAccepts(t *testing.T) {
	testkit.Quiet(t)
	run := testkit.Count(10, nil).Filter(func(n int) bool { return n%3 == 0 }).Ordered().Start(t.Context())
	outs, err := testkit.Collect(run)
	require.NoError(t, err)
	require.Equal(t, []int{0, 3, 6, 9}, outs)
	testkit.RequireAddsUp(t, run.Stats())
	require.Equal(t, int64(6), run.Stats().Filtered)
}

func TestFlatMapMakesNoneOneOrManyOutputsOfAnItem(t *testing.T) {
	testkit.Quiet(t)
	run := testkit.Given("", "a", "b c d", "", "e f").FlatMap(strings.FieldsSeq).Ordered().Start(t.Context())
	var ins, outs []string
	for in, out := range run.Zip() {
		ins, outs = append(ins, in), append(outs, out)
	}
	require.NoError(t, run.Err())
	require.Equal(t, []string{"a", "b", "c", "d", "e", "f"}, outs)
	require.Equal(t, []string{"a", "b c d", "b c d", "b c d", "e f", "e f"}, ins)
	require.Equal(t, vimap.Accounts{Read: 5, Delivered: 6, Filtered: 2, Extra: 3}, run.Stats().Accounts)
}

func TestTheInputIsTheItemTheSourceProduced(t *testing.T) {
	testkit.Quiet(t)
	type thing struct{ n int }
	things := []*thing{{1}, {2}, {3}}
	run := testkit.Given(things...).Map(func(x *thing) int { return x.n }).Via(vimap.Func(testkit.Square)).Ordered().Start(t.Context())
	i := 0
	for in, out := range run.Zip() {
		require.Same(t, things[i], in)
		require.Equal(t, in.n*in.n, out)
		i++
	}
	require.Equal(t, 3, i)
}

func TestAChainLeavesTheOneItWasBuiltFromAlone(t *testing.T) {
	testkit.Quiet(t)
	// Chains of every length: one that grows in place would give its spare room to two branches.
	base := testkit.Given(1)
	for depth := range 20 {
		left, right := base.Map(testkit.Plus(100)), base.Map(testkit.Plus(200))
		gone := base.Filter(func(int) bool { return false })
		for p, want := range map[*vimap.Pipeline[int, int]][]int{&base: {1}, &left: {101}, &right: {201}, &gone: nil} {
			outs, err := p.To(t.Context(), testkit.Collect)
			require.NoError(t, err)
			require.Equal(t, want, outs, "depth %d", depth)
		}
		base = base.Map(testkit.Plus(0))
	}
}

func TestOrderedAndInFlightLeaveThePipelineAlone(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		slow := testkit.Count(8, nil).Via(vimap.Func(func(ctx context.Context, n int) (int, error) {
			return testkit.Sleepy(time.Duration(8-n)*time.Second)(ctx, n)
		}).Workers(8))
		ordered, narrow := slow.Ordered(), slow.InFlight(1)
		began := time.Now()
		outs, err := slow.To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, []int{7, 6, 5, 4, 3, 2, 1, 0}, outs, "as they come")
		require.Less(t, time.Since(began), 9*time.Second)

		outs, err = ordered.To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(8), outs)

		began = time.Now()
		outs, err = narrow.To(testkit.Patient(t), testkit.Collect)
		require.NoError(t, err)
		require.Equal(t, testkit.UpTo(8), outs)
		require.GreaterOrEqual(t, time.Since(began), 36*time.Second, "one after another")
	})
}

func TestOnePipelineRunsAsOftenAsAsked(t *testing.T) {
	testkit.Quiet(t)
	var crew testkit.Crew
	p := testkit.Count(100, nil).Via(crew.Stage(3, testkit.Square)).Ordered()
	for range 5 {
		outs, err := p.To(t.Context(), testkit.Collect)
		require.NoError(t, err)
		require.Len(t, outs, 100)
		require.Equal(t, 99*99, outs[99])
	}
	require.Equal(t, int64(15), crew.Opened.Load())
	crew.RequireClosed(t)
}

func TestOnePipelineRunsAndBranchesConcurrently(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	var crew testkit.Crew
	p := testkit.Count(300, nil).Via(crew.Stage(2, testkit.Square))
	var group sync.WaitGroup
	for k := range 16 {
		group.Go(func() {
			outs, err := p.Map(testkit.Plus(k)).Ordered().To(t.Context(), testkit.Collect)
			if err != nil || len(outs) != 300 || outs[17] != 17*17+k {
				t.Errorf("branch %d: %d outputs, error %v", k, len(outs), err)
			}
		})
	}
	group.Wait()
	require.Equal(t, int64(32), crew.Opened.Load())
	crew.RequireClosed(t)
}

func TestBuildingReadsNothingOpensNothingAndStartsNothing(t *testing.T) {
	before := testkit.Ours()
	var reads atomic.Int64
	var crew testkit.Crew
	for range 100 {
		p := testkit.Count(10, &reads).Map(testkit.Plus(1)).Via(crew.Stage(4, testkit.Square)).
			Via(vimap.Bulk(3, time.Second, func(_ context.Context, ns []int) ([]int, error) { return ns, nil })).Ordered()
		_ = p.Start(t.Context())
	}
	require.Empty(t, testkit.LeftSince(before))
	require.Zero(t, reads.Load())
	require.Zero(t, crew.Opened.Load())
}

func TestNoInputsReturnAtOnceWithNothing(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		began := time.Now()
		var crew testkit.Crew
		for _, p := range []vimap.Pipeline[int, int]{
			testkit.Given[int](), testkit.Given[int]().Ordered(), testkit.Given[int]().Map(testkit.Plus(1)).InFlight(1),
			testkit.Given[int]().FlatMap(testkit.Triple), testkit.Given[int]().FlatMap(testkit.Triple).Via(vimap.Func(testkit.Square)).FlatMap(testkit.Triple).Ordered(),
			testkit.Given[int]().Via(crew.Stage(3, testkit.Square)), testkit.Given[int]().Via(vimap.Func(testkit.Square)).Ordered(),
			testkit.Given[int]().Via(vimap.Bulk(10, time.Hour, func(_ context.Context, ns []int) ([]int, error) { return ns, nil })),
		} {
			run := p.Start(testkit.Patient(t))
			outs, err := testkit.Collect(run)
			require.NoError(t, err)
			require.Empty(t, outs)
			require.Equal(t, vimap.Accounts{}, run.Stats().Accounts)
		}
		crew.RequireClosed(t)
		require.Zero(t, time.Since(began))
	})
}

func TestEachInputComesOutOnceForAnyNumberOfInputs(t *testing.T) {
	testkit.Quiet(t)
	modes := map[string]func(vimap.Pipeline[int, int]) vimap.Pipeline[int, int]{
		"inline": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Map(testkit.Plus(0)) },
		"worker": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] { return p.Via(vimap.Func(testkit.Same)) },
		"workers": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Same).Workers(5))
		},
		"two stages": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Same).Workers(3)).Via(vimap.Func(testkit.Same).Workers(2))
		},
		"ordered": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Same).Workers(5)).Ordered()
		},
		"in flight": func(p vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
			return p.Via(vimap.Func(testkit.Same).Workers(5)).InFlight(3)
		},
	}
	sizes := slices.Concat(testkit.UpTo(everySize + 1)[1:], []int{99, 100, 10_000})
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 6)
			for _, n := range sizes {
				outs, err := mode(testkit.Count(n, nil)).To(t.Context(), testkit.Collect)
				require.NoError(t, err)
				if name != "ordered" && name != "inline" {
					slices.Sort(outs)
				}
				require.Equal(t, testkit.UpTo(n), outs)
			}
		})
	}
}

func TestFortyThousandResultsAreZippedExactly(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	run := testkit.Count(40_000, nil).Via(vimap.Func(testkit.Square).Workers(8)).Start(t.Context())
	seen := make([]bool, 40_000)
	for in, out := range run.Zip() {
		if seen[in] || out != in*in {
			t.Fatalf("input %d came with %d, seen before: %v", in, out, seen[in])
		}
		seen[in] = true
	}
	require.NoError(t, run.Err())
	require.NotContains(t, seen, false)
}

func TestAMistakeInTheSourcePanicsWithItsRuleAndValue(t *testing.T) {
	testkit.Quiet(t)
	p, stage := testkit.Given(1), vimap.Func(testkit.Square)
	bulk := func(_ context.Context, ns []int) ([]int, error) { return ns, nil }
	opener := vimap.Open(new(testkit.Crew).Open)
	loop := func(*vimap.Feed[int, int], string) error { return nil }
	for what, mistake := range map[string]struct {
		do   func()
		want []string
	}{
		"no workers":               {func() { stage.Workers(0) }, []string{"vimap: Workers: n must be at least 1, got 0"}},
		"negative workers":         {func() { stage.Workers(-3) }, []string{"vimap: Workers: n must be at least 1, got -3"}},
		"nothing in flight":        {func() { p.InFlight(0) }, []string{"vimap: InFlight: n must be ", "got 0"}},
		"an empty batch":           {func() { vimap.Bulk(0, time.Second, bulk) }, []string{"vimap: Bulk: size must be at least 1, got 0"}},
		"a negative linger":        {func() { vimap.Bulk(1, -time.Second, bulk) }, []string{"vimap: Bulk: linger must", "got -1s"}},
		"a negative time":          {func() { stage.Timeout(-time.Second) }, []string{"vimap: Timeout: ", "must", "got -1s"}},
		"From nil":                 {func() { vimap.From[int](nil) }, []string{"vimap: From: ", "must not be nil"}},
		"Emit nil":                 {func() { vimap.Emit[int](nil) }, []string{"vimap: Emit: ", "must not be nil"}},
		"Decode nil":               {func() { vimap.Decode[int, int, int](p, nil) }, []string{"vimap: Decode: ", "must not be nil"}},
		"Map nil":                  {func() { p.Map[int](nil) }, []string{"vimap: Map: ", "must not be nil"}},
		"Try nil":                  {func() { p.Try[int](nil) }, []string{"vimap: Try: ", "must not be nil"}},
		"Filter nil":               {func() { p.Filter(nil) }, []string{"vimap: Filter: ", "must not be nil"}},
		"FlatMap nil":              {func() { p.FlatMap[int](nil) }, []string{"vimap: FlatMap: ", "must not be nil"}},
		"Via the zero stage":       {func() { p.Via(vimap.Stage[int, int]{}) }, []string{"vimap: Via: ", "must"}},
		"To nil":                   {func() { _, _ = p.To[int](t.Context(), nil) }, []string{"vimap: To: ", "must not be nil"}},
		"Start without a context":  {func() { p.Start(nil) }, []string{"vimap: Start: ", "ctx must not be nil"}},                   //nolint:staticcheck // the mistake itself
		"To without a context":     {func() { _, _ = p.To(nil, testkit.Collect) }, []string{"vimap: To: ", "ctx must not be nil"}}, //nolint:staticcheck // the mistake itself
		"a pool without a context": {func() { vimap.NewPool(nil, stage) }, []string{"vimap: NewPool: ", "ctx must not be nil"}},    //nolint:staticcheck // the mistake itself
		"Func nil":                 {func() { vimap.Func[int, int](nil) }, []string{"vimap: Func: ", "must not be nil"}},
		"Open nil":                 {func() { vimap.Open[int](nil) }, []string{"vimap: Open: ", "must not be nil"}},
		"OpenWith nil":             {func() { vimap.OpenWith[int, int](nil) }, []string{"vimap: OpenWith: ", "must not be nil"}},
		"Close nil":                {func() { opener.Close(nil) }, []string{"vimap: Close: ", "must not be nil"}},
		"Do nil":                   {func() { opener.Do[int, int](nil) }, []string{"vimap: Do: ", "must not be nil"}},
		"Loop nil":                 {func() { vimap.Loop[int, int, int](nil) }, []string{"vimap: Loop: ", "must not be nil"}},
		"LoopFunc nil":             {func() { vimap.LoopFunc[int, int](nil) }, []string{"vimap: LoopFunc: ", "must not be nil"}},
		"Bulk nil":                 {func() { vimap.Bulk[int, int](1, 0, nil) }, []string{"vimap: Bulk: ", "must not be nil"}},
		"KeyBy nil":                {func() { stage.KeyBy[int](nil) }, []string{"vimap: KeyBy: ", "must not be nil"}},
		"Zip the zero stage":       {func() { vimap.Zip(vimap.Stage[int, int]{}) }, []string{"vimap: Zip: ", "must"}},
		"Then the zero stage":      {func() { stage.Then(vimap.Stage[int, int]{}) }, []string{"vimap: Then: ", "must"}},
		"Each of nothing":          {func() { vimap.Loop(loop).Each() }, []string{"vimap: Each: ", "must"}},
	} {
		t.Run(what, func(t *testing.T) {
			defer func() {
				message := fmt.Sprint(recover())
				for _, want := range mistake.want {
					require.Contains(t, message, want)
				}
			}()
			mistake.do()
		})
	}
}

func TestStageMethodsLeaveTheStageAlone(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		plain := vimap.Func(func(ctx context.Context, n int) (int, error) {
			if _, err := testkit.Sleepy(time.Second)(ctx, n); err != nil {
				return 0, err
			}
			return 0, fmt.Errorf("no %d", n)
		})
		_ = plain.Workers(4).Named("other").Timeout(time.Millisecond).Retry(retry.Fixed(time.Hour)).KeyBy(func(n int) int { return n })
		began := time.Now()
		all, _ := testkit.Outcomes(testkit.Patient(t), testkit.Count(4, nil).Via(plain.Named("plain")))
		require.Len(t, all, 4)
		require.Equal(t, 4*time.Second, time.Since(began), "one worker, no retry")
		for _, result := range all {
			var item *vimap.ItemError
			require.ErrorAs(t, result.Err, &item)
			require.Equal(t, "plain", item.Stage)
			require.NotErrorIs(t, result.Err, context.DeadlineExceeded)
		}
	})
}

func TestStepsRunInTheWorkersThatFollowThem(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		// A step of a second before work of two seconds: four workers take eight items in two rounds.
		nap := func(n int) int { time.Sleep(time.Second); return n }
		stage := vimap.Func(testkit.Sleepy(2 * time.Second)).Workers(4)
		for name, p := range map[string]vimap.Pipeline[int, int]{
			"map":    testkit.Count(8, nil).Map(nap).Via(stage),
			"try":    testkit.Count(8, nil).Try(func(n int) (int, error) { return nap(n), nil }).Via(stage),
			"filter": testkit.Count(8, nil).Filter(func(n int) bool { return nap(n) >= 0 }).Via(stage),
		} {
			began := time.Now()
			outs, err := p.To(testkit.Patient(t), testkit.Collect)
			require.NoError(t, err)
			require.Len(t, outs, 8)
			require.Equal(t, 6*time.Second, time.Since(began), name)
		}
	})
}
