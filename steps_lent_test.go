package vimap_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

// Chance decides by the number of a line: workers that cut blocks don't know it.
func TestASampleOfLentLinesIsTheSameInAnAggregate(t *testing.T) {
	testkit.Quiet(t)
	var text strings.Builder
	for i := range 1_000 {
		text.WriteString(strconv.Itoa(i) + "\n")
	}
	lines := &lent{text: text.String(), sizes: []int{50, 700}}
	numbers := lines.lend(0).Try(func(line []byte) (int, error) { return strconv.Atoi(string(line)) })
	sampled := numbers.Tap(func(int) {}).Sample(0.3, 7)
	all := func(run *vimap.Run[int, int]) []int {
		got := run.Aggregate(func() []int { return nil },
			func(got []int, n, _ int) []int { return append(got, n) },
			func(got, other []int) []int { return append(got, other...) })
		require.NoError(t, run.Err())
		return got
	}

	var want []int
	for n := range sampled.Start(t.Context()).Zip() {
		want = append(want, n)
	}
	slices.Sort(want)
	require.InDelta(t, 300, len(want), 60)

	run := sampled.Start(t.Context())
	got := all(run)
	slices.Sort(got)
	require.Equal(t, want, got)
	require.EqualValues(t, 1_000-len(want), run.Stats().Filtered)
	require.Equal(t, want, all(sampled.Ordered().Start(t.Context())))
}
