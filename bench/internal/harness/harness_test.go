package harness_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/harness"
)

func work(columns ...harness.Column) harness.Workload {
	return harness.Workload{
		Name: "work", About: "some work", Full: 20, Quick: 10,
		Build: func(int) (harness.Job, error) { return harness.Job{Want: 7, Columns: columns}, nil },
	}
}

func noting(name string, log *[]string) harness.Column {
	return harness.Column{Name: name, Run: func() (uint64, error) {
		*log = append(*log, name)
		return 7, nil
	}}
}

func TestColumnsRunAlternately(t *testing.T) {
	var log []string
	w := work(noting("A", &log), noting("B", &log))
	result, err := harness.Measure(w, harness.Options{Quick: true, Rounds: 3})
	require.NoError(t, err)
	require.Equal(t, "A B A B A B", strings.Join(log, " "))
	require.Len(t, result.Rounds, 3)
	require.Equal(t, 10, result.Items)
}

func TestAnOrdinaryRunWarmsUpAndDoesNotCountIt(t *testing.T) {
	var log []string
	result, err := harness.Measure(work(noting("A", &log)), harness.Options{Rounds: 2})
	require.NoError(t, err)
	require.Len(t, log, 3)
	require.Len(t, result.Rounds, 2)
	require.Equal(t, 20, result.Items)
}

func TestAQuickRunLeavesSlowColumnsOut(t *testing.T) {
	var log []string
	slow := noting("slow", &log)
	slow.Slow = true
	result, err := harness.Measure(work(slow, noting("A", &log)), harness.Options{Quick: true, Rounds: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"A"}, log)
	require.Equal(t, []string{"A"}, result.Columns)
}

func TestShortWorkHasMoreRoundsAndASlowColumnOne(t *testing.T) {
	var log []string
	w := work(noting("A", &log), harness.Column{Name: "B", Once: true, Run: noting("B", &log).Run})
	w.Often = 2
	result, err := harness.Measure(w, harness.Options{Rounds: 2})
	require.NoError(t, err)
	require.Equal(t, "AABAAA", strings.Join(log, ""), "one of warming up, four rounds")
	require.Len(t, result.Rounds, 4)
	_, ok := result.Spread(harness.Over(harness.WallPer("A", 1), harness.WallPer("B", 1)))
	require.True(t, ok)
}

func TestTheSumMayBeTakenFromWhatAColumnLeft(t *testing.T) {
	w := work(harness.Column{Name: "A", Run: func() (uint64, error) { return 0, nil }})
	job, err := w.Build(1)
	require.NoError(t, err)
	job.Sum = func() (uint64, error) { return 7, nil }
	require.NoError(t, harness.Check(w, job, job.Columns[0]))
	job.Sum = func() (uint64, error) { return 8, nil }
	require.Error(t, harness.Check(w, job, job.Columns[0]))
}

func TestItemsThatAreLateAreCounted(t *testing.T) {
	w := work()
	w.Late = 10
	w.Build = func(int) (harness.Job, error) {
		return harness.Job{
			Latencies: func() []time.Duration { return []time.Duration{11, 9, 12, 10, 1} },
			Columns:   []harness.Column{{Name: "A", Run: func() (uint64, error) { return 0, nil }}},
		}, nil
	}
	result, err := harness.Measure(w, harness.Options{Quick: true, Rounds: 1})
	require.NoError(t, err)
	late, ok := result.Spread(harness.Late("A"))
	require.True(t, ok)
	require.Equal(t, harness.Spread{Median: 2, Min: 2, Max: 2}, late)
	require.Contains(t, result.Table(), "> 10ns")
}

func TestAWrongColumnIsAnError(t *testing.T) {
	wrong := harness.Column{Name: "wrong", Run: func() (uint64, error) { return 8, nil }}
	_, err := harness.Measure(work(wrong), harness.Options{Rounds: 1})
	require.EqualError(t, err, "work/wrong: the sum is 8, want 7")

	failure := errors.New("failure")
	failed := harness.Column{Name: "failed", Run: func() (uint64, error) { return 7, failure }}
	_, err = harness.Measure(work(failed), harness.Options{Rounds: 1})
	require.ErrorIs(t, err, failure)
}

// rounds has the column "vimap" in the given times and "channels" in 100 ns.
func rounds(times ...time.Duration) harness.Result {
	result := harness.Result{Workload: work(), Items: 10, Columns: []string{"channels", "vimap"}}
	for _, d := range times {
		result.Rounds = append(result.Rounds, harness.Round{Items: 10, Samples: map[string]harness.Sample{
			"channels": {Wall: 100, CPU: 100, Allocs: 10},
			"vimap":    {Wall: d, CPU: 2 * d, Allocs: 5},
		}})
	}
	return result
}

func TestSpreadIsTheMedianAndTheEnds(t *testing.T) {
	for name, test := range map[string]struct {
		times []time.Duration
		want  harness.Spread
	}{
		"one round":               {[]time.Duration{40}, harness.Spread{Median: 4, Min: 4, Max: 4}},
		"an odd number of rounds": {[]time.Duration{90, 10, 20}, harness.Spread{Median: 2, Min: 1, Max: 9}},
		"an even number":          {[]time.Duration{90, 10, 20, 40}, harness.Spread{Median: 3, Min: 1, Max: 9}},
	} {
		t.Run(name, func(t *testing.T) {
			spread, ok := rounds(test.times...).Spread(harness.WallPer("vimap", time.Nanosecond))
			require.True(t, ok)
			require.Equal(t, test.want, spread)
		})
	}
	_, ok := rounds(1).Spread(harness.WallPer("absent", time.Nanosecond))
	require.False(t, ok)
}

func TestTargetLine(t *testing.T) {
	ratio := harness.Over(harness.WallPer("vimap", 1), harness.WallPer("channels", 1))
	for name, test := range map[string]struct {
		target harness.Target
		want   string
	}{
		"at most, kept":     {harness.Target{Name: "a", Value: ratio, Limit: 0.4}, "TARGET a 0.400 <=0.4 ok"},
		"at most, broken":   {harness.Target{Name: "a", Value: ratio, Limit: 0.3}, "TARGET a 0.400 <=0.3 short"},
		"at least, kept":    {harness.Target{Name: "a", Value: ratio, Limit: 0.3, AtLeast: true}, "TARGET a 0.400 >=0.3 ok"},
		"at least, broken":  {harness.Target{Name: "a", Value: ratio, Limit: 0.5, AtLeast: true}, "TARGET a 0.400 >=0.5 short"},
		"ten times a ratio": {harness.Target{Name: "a", Value: harness.Times(ratio, 10), Limit: 4}, "TARGET a 4.00 <=4 ok"},
	} {
		t.Run(name, func(t *testing.T) {
			line, ok := test.target.Line(rounds(40))
			require.True(t, ok)
			require.Equal(t, test.want, strings.Join(strings.Fields(line), " "))
		})
	}
	_, ok := harness.Target{Value: harness.P50("absent")}.Line(rounds(40))
	require.False(t, ok)
}

func TestTableIsAligned(t *testing.T) {
	require.Equal(t, `work: some work (10 items, 3 rounds)
            ns/item    min–max  CPU ns/item  allocs/item  × channels      min–max  ms
  channels     10.0  10.0–10.0         10.0         1.00        1.00    1.00–1.00   0
  vimap        5.00  4.00–6.00         10.0        0.500       0.500  0.400–0.600   0
`, rounds(40, 50, 60).Table())
}
