package sources_test

import (
	"errors"
	"io/fs"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sources"
)

func TestPipelinesAreConcatenatedInTheirOrder(t *testing.T) {
	quiet(t)
	square := func(n int) int { return n * n }
	got, err := collect(t, sources.Concat(
		sources.Slice([]int{1, 2, 3}).Map(square).Ordered(),
		sources.Slice([]int{}),
		sources.Slice([]int{4}).Map(square),
	).Map(strconv.Itoa))
	require.NoError(t, err)
	require.Equal(t, []string{"1", "4", "9", "16"}, got)
}

func TestOnePipelineIsAConcatenationToo(t *testing.T) {
	quiet(t)
	got, err := collect(t, sources.Concat(sources.Slice([]int{1, 2})))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, got)
}

func TestTheFirstErrorOfAConcatenationEndsIt(t *testing.T) {
	quiet(t)
	got, err := collect(t, sources.Concat(
		sources.Slice([]string{"a"}),
		sources.Lines("missing.txt"),
		sources.Slice([]string{"not reached"}),
	))
	require.Equal(t, []string{"a"}, got)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestAFailedItemOfAConcatenationEndsIt(t *testing.T) {
	quiet(t)
	errBad := errors.New("bad")
	got, err := collect(t, sources.Concat(
		sources.Slice([]int{1}),
		sources.Slice([]int{2, 3}).Try(func(n int) (int, error) {
			if n == 3 {
				return 0, errBad
			}
			return n, nil
		}).Ordered(),
		sources.Slice([]int{4}),
	).Map(strconv.Itoa))
	require.Equal(t, []string{"1", "2"}, got)
	require.ErrorIs(t, err, errBad)
}

func TestWhatComesAfterTheEndOfARunIsNotStarted(t *testing.T) {
	quiet(t)
	started := false
	second := sources.Seq(func(func(int) bool) { started = true })
	take(t, 2, sources.Concat(sources.Slice([]int{1, 2, 3, 4, 5, 6}).InFlight(1), second).InFlight(1))
	require.False(t, started)
}
