package vimap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
)

func TestASinkOfATeeMayAggregate(t *testing.T) {
	quiet(t)
	total, outs, err := count(1_000, nil).Via(vimap.Func(square).Workers(3)).Ordered().Start(t.Context()).Tee(inTotal, collect)
	require.NoError(t, err)
	require.Len(t, outs, 1_000)
	require.Equal(t, 332_833_500, total)

	total, outs, err = count(1_000, nil).Try(func(n int) (int, error) {
		if n == 10 {
			return 0, errOdd
		}
		return n, nil
	}).Ordered().Start(t.Context()).Tee(inTotal, collect)
	require.ErrorIs(t, err, errOdd)
	require.Equal(t, 45, total, "what came before the failure")
	require.Len(t, outs, 10)
}

func TestAPanicInAnAggregateOfATeeIsThatSinks(t *testing.T) {
	quiet(t)
	broken := func(run *vimap.Run[int, int]) (int, error) {
		total := run.Aggregate(func() int { return 0 }, func(total, n, _ int) int {
			if n == 10 {
				panic(errOdd)
			}
			return total + n
		}, func(a, b int) int { return a + b })
		return total, run.Err()
	}
	_, outs, err := count(1_000, nil).Ordered().Start(t.Context()).Tee(broken, collect)
	var panicked *vimap.PanicError
	require.ErrorAs(t, err, &panicked)
	require.ErrorIs(t, err, errOdd)
	require.Len(t, outs, 11, "the outcome of that turn is the other's, too")
}
