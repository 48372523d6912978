package sinks_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

var errTooOdd = errors.New("too odd \xff")

// even is a stage that fails odd numbers at both of two attempts.
func even() vimap.Stage[int, int] {
	return vimap.Func(func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, errTooOdd
		}
		return n, nil
	}).Named("even").Retry(retry.Fixed(0).Attempts(2))
}

func TestDeadLettersAreLinesThatAreReadBack(t *testing.T) {
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	outs, err := sources.Slice([]int{1, 2, 3}).Via(even()).DeadLetters(sinks.JSONLines(dead).DeadLetters).Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, []int{2}, outs)
	text, err := os.ReadFile(dead)
	require.NoError(t, err)
	require.Equal(t, `{"in":1,"index":0,"stage":"even","attempts":2,"error":"too odd �","earlier":["too odd �"]}`+"\n"+
		`{"in":3,"index":2,"stage":"even","attempts":2,"error":"too odd �","earlier":["too odd �"]}`+"\n", string(text))
	letters, err := sources.JSONLines[sinks.Letter[int]](dead).Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, sinks.Letter[int]{In: 3, Index: 2, Stage: "even", Attempts: 2, Error: "too odd �", Earlier: []string{"too odd �"}}, letters[1])
}

func TestADeadLetterKeepsALineThatCouldNotBeDecoded(t *testing.T) {
	folder := t.TempDir()
	path, dead := filepath.Join(folder, "in.jsonl"), filepath.Join(folder, "dead.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("2\n{\"x\":\xfe\n4\n"), 0o600))
	sum, err := sources.JSONLines[int](path).Via(even()).DeadLetters(sinks.JSONLines(dead).DeadLetters).
		To(t.Context(), sinks.Fold(0, func(sum, _, n int) int { return sum + n }))
	require.NoError(t, err)
	require.Equal(t, 6, sum)
	letters, err := sources.JSONLines[sinks.Letter[int]](dead).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.Equal(t, `{"x":�`, letters[0].Raw)
	require.Equal(t, path+":2", letters[0].Place)
	require.Equal(t, "decode", letters[0].Stage)
}

func TestTheFileOfDeadLettersAppearsWhenTheRunFailsAndWhenNothingDoes(t *testing.T) {
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	p := sources.Slice(numbers(100)).Via(even()).DeadLetters(sinks.JSONLines(dead).DeadLetters)
	_, err := p.Tolerate(3).Ordered().To(t.Context(), sinks.Ignore)
	require.ErrorIs(t, err, errTooOdd)
	letters, err := sources.JSONLines[sinks.Letter[int]](dead).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, letters, 4)

	_, err = p.Filter(func(int) bool { return false }).DeadLetters(sinks.JSONLines(dead).DeadLetters).InFlight(1).To(t.Context(), sinks.Ignore)
	require.NoError(t, err)
	letters, err = sources.JSONLines[sinks.Letter[int]](dead).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, letters, 50)

	_, err = sources.Slice([]int{2}).Via(even()).DeadLetters(sinks.JSONLines(dead).DeadLetters).To(t.Context(), sinks.Ignore)
	require.NoError(t, err)
	info, err := os.Stat(dead)
	require.NoError(t, err)
	require.Zero(t, info.Size(), "the letters of an earlier run are gone")
}

func TestAFileOfDeadLettersThatCannotBeOpenedEndsTheRunBeforeAnyInput(t *testing.T) {
	dead := filepath.Join(t.TempDir(), "missing", "dead.jsonl")
	run := sources.Slice([]int{1, 2}).Via(even()).DeadLetters(sinks.JSONLines(dead).DeadLetters).Start(t.Context())
	for range run.Zip() {
		t.Fatal("nothing can come")
	}
	require.ErrorIs(t, run.Err(), os.ErrNotExist)
	require.ErrorContains(t, run.Err(), dead)
	require.Zero(t, run.Stats().Read)
}
