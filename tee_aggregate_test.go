package vimap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

func TestASinkOfATeeMayAggregate(t *testing.T) {
	testkit.Quiet(t)
	total, outs, err := testkit.Count(1_000, nil).Via(vimap.Func(testkit.Square).Workers(3)).Ordered().Start(t.Context()).Tee(inTotal, testkit.Collect)
	require.NoError(t, err)
	require.Len(t, outs, 1_000)
	require.Equal(t, 332_833_500, total)

	total, outs, err = testkit.Count(1_000, nil).Try(func(n int) (int, error) {
		if n == 10 {
			return 0, testkit.ErrOdd
		}
		return n, nil
	}).Ordered().Start(t.Context()).Tee(inTotal, testkit.Collect)
	require.ErrorIs(t, err, testkit.ErrOdd)
	require.Equal(t, 45, total, "what came before the failure")
	require.Len(t, outs, 10)
}

func TestAPanicInAnAggregateOfATeeIsThatSinks(t *testing.T) {
	testkit.Quiet(t)
	broken := func(run *vimap.Run[int, int]) (int, error) {
		total := run.Aggregate(func() int { return 0 }, func(total, n, _ int) int {
			if n == 10 {
				panic(testkit.ErrOdd)
			}
			return total + n
		}, func(a, b int) int { return a + b })
		return total, run.Err()
	}
	_, outs, err := testkit.Count(1_000, nil).Ordered().Start(t.Context()).Tee(broken, testkit.Collect)
	var panicked *vimap.PanicError
	require.ErrorAs(t, err, &panicked)
	require.ErrorIs(t, err, testkit.ErrOdd)
	require.Len(t, outs, 11, "the outcome of that turn is the other's, too")
}
