package sinks_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// broken is a source that fails after n items.
func broken(n int, err error) vimap.Pipeline[int, int] {
	return vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, err)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestWriteErrorEndsTheRun(t *testing.T) {
	rerun.Share(t, 4)
	errFull := errors.New("full")
	for _, room := range []int{0, 1, 100_000} {
		left := room
		w := writerFunc(func(p []byte) (int, error) {
			n := min(left, len(p))
			left -= n
			if n < len(p) {
				return n, errFull
			}
			return n, nil
		})
		_, err := endless().To(t.Context(), sinks.LinesTo(w).Outputs)
		require.ErrorIs(t, err, errFull)
		require.ErrorContains(t, err, "sinks: LinesTo: full")
	}
}

func TestWriteErrorOfTheLastLinesIsReturned(t *testing.T) {
	errFull := errors.New("full")
	w := writerFunc(func([]byte) (int, error) { return 0, errFull })
	_, err := sources.Slice([]int{1}).To(t.Context(), sinks.JSONLinesTo(w).Outputs)
	require.ErrorIs(t, err, errFull)
	require.ErrorContains(t, err, "sinks: JSONLinesTo: full")
}

func TestWriterThatTakesLessWithoutAnErrorIsFoundOut(t *testing.T) {
	w := writerFunc(func(p []byte) (int, error) { return len(p) - 1, nil })
	_, err := sources.Slice([]int{1}).To(t.Context(), sinks.LinesTo(w).Outputs)
	require.ErrorIs(t, err, io.ErrShortWrite)
}

func TestEachWriteHoldsWholeLinesAndAtMostABlockMore(t *testing.T) {
	word := strings.Repeat("word", 25)
	var all bytes.Buffer
	writes := 0
	w := writerFunc(func(p []byte) (int, error) {
		writes++
		require.True(t, bytes.HasSuffix(p, []byte("\n")))
		require.LessOrEqual(t, len(p), 64<<10+len(word))
		return all.Write(p)
	})
	lines, err := sources.Slice(numbers(10_000)).Map(func(int) string { return word }).
		To(t.Context(), sinks.LinesTo(w).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(10_000), lines)
	require.Equal(t, strings.Repeat(word+"\n", 10_000), all.String())
	require.Equal(t, 16, writes)
}

func TestLinesBeforeAFailureAreStillWrittenToAWriter(t *testing.T) {
	var written bytes.Buffer
	_, err := broken(3, errSeven).Ordered().To(t.Context(), sinks.LinesTo(&written).Outputs)
	require.ErrorIs(t, err, errSeven)
	require.Equal(t, "0\n1\n2\n", written.String())
}

func TestBothErrorsAreReturnedWhenWritingFailsAfterTheRun(t *testing.T) {
	errFull := errors.New("full")
	w := writerFunc(func([]byte) (int, error) { return 0, errFull })
	_, err := sources.Slice([]string{"good", "b\nad"}).Ordered().To(t.Context(), sinks.LinesTo(w).Outputs)
	require.ErrorIs(t, err, errFull)
	require.ErrorContains(t, err, "holds a newline")
}
