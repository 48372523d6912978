package sinks_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

func number(n int) []any { return []any{n} }

// execute runs p into l, n outputs in a transaction.
func execute[In any](t *testing.T, l *ledger, n int, p vimap.Pipeline[In, int]) (int64, error) {
	t.Helper()
	db := l.db()
	committed, err := p.Ordered().To(t.Context(), sinks.Exec(db, "INSERT …", number).Batch(n).Outputs)
	require.NoError(t, db.Close())
	require.Zero(t, l.open, "every statement is closed")
	require.Empty(t, l.pending, "every transaction is ended")
	require.Len(t, l.committed, int(committed))
	for i, value := range l.committed {
		require.Equal(t, int64(i), value)
	}
	return committed, err
}

func TestOutputsAreExecutedInTransactionsOfSoMany(t *testing.T) {
	for n, commits := range map[int][]int{0: nil, 1: {1}, 9: {9}, 10: {10}, 11: {10, 1}, 30: {10, 10, 10}} {
		vimaptest.NoLeaks(t)
		l := &ledger{}
		committed, err := execute(t, l, 10, sources.Slice(numbers(n)))
		require.NoError(t, err)
		require.Equal(t, int64(n), committed)
		require.Equal(t, commits, l.commits)
		require.Equal(t, "INSERT …", l.statement)
	}
}

func TestAnOutputThatFailsIsNamedAndRollsItsBatchBack(t *testing.T) {
	vimaptest.NoLeaks(t)
	l := &ledger{refuse: int64(25)}
	committed, err := execute(t, l, 10, endless())
	require.EqualError(t, err, "sinks: Exec: output 26 (25): constraint failed")
	require.ErrorIs(t, err, errRefused)
	require.Equal(t, int64(20), committed, "what was committed before stays")
	require.Equal(t, 1, l.rolledBack)
}

func TestOutputsBeforeAFailureOfTheRunAreCommitted(t *testing.T) {
	vimaptest.NoLeaks(t)
	committed, err := execute(t, &ledger{}, 5, endless().Try(notSeven))
	require.ErrorIs(t, err, errSeven)
	require.Equal(t, int64(7), committed)
}

func TestOutputsThatWaitWhenTheContextEndsAreNotExecuted(t *testing.T) {
	vimaptest.NoLeaks(t)
	errEnough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	l := &ledger{}
	db := l.db()
	committed, err := endless().Map(func(n int) int {
		if n == 17 {
			cancel(errEnough)
		}
		return n
	}).Ordered().InFlight(1).To(ctx, sinks.Exec(db, "INSERT …", number).Batch(10).Outputs)
	require.NoError(t, db.Close())
	require.ErrorIs(t, err, errEnough)
	require.Equal(t, int64(10), committed)
	require.Len(t, l.committed, 10)
}

func TestWhatTheDatabaseRefusesIsTheErrorOfTheSink(t *testing.T) {
	for name, c := range map[string]struct {
		l         *ledger
		says      string
		committed int64
	}{
		"the statement":   {&ledger{noPrepare: errRefused}, "sinks: Exec: constraint failed", 0},
		"the transaction": {&ledger{noBegin: errRefused}, "sinks: Exec: outputs 1 to 10: begin: constraint failed", 0},
		"the commit":      {&ledger{noCommit: errRefused}, "sinks: Exec: outputs 1 to 10: commit: constraint failed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			vimaptest.NoLeaks(t)
			committed, err := execute(t, c.l, 10, endless())
			require.EqualError(t, err, c.says)
			require.Equal(t, c.committed, committed)
		})
	}
}

func TestNothingIsReadForAStatementThatCanNotBePrepared(t *testing.T) {
	vimaptest.NoLeaks(t)
	read := false
	_, err := execute(t, &ledger{noPrepare: errRefused}, 10, sources.Seq(func(func(int) bool) { read = true }))
	require.ErrorIs(t, err, errRefused)
	require.False(t, read)
}

func TestAPanicOfArgsRollsBack(t *testing.T) {
	vimaptest.NoLeaks(t)
	l := &ledger{}
	db := l.db()
	committed, err := endless().Ordered().To(t.Context(), sinks.Exec(db, "INSERT …", func(n int) []any {
		if n == 15 {
			panic(errSeven)
		}
		return []any{n}
	}).Batch(10).Outputs)
	require.NoError(t, db.Close())
	require.ErrorIs(t, err, errSeven)
	require.Zero(t, committed, "a panic returns nothing")
	require.Equal(t, 1, l.rolledBack)
	require.Len(t, l.committed, 10)
	require.Zero(t, l.open)
}

func TestARunThatIsStoppedCommitsWhatWasRead(t *testing.T) {
	vimaptest.NoLeaks(t)
	ctx, stop := vimap.WithStop(t.Context())
	l := &ledger{}
	db := l.db()
	committed, err := endless().Map(func(n int) int {
		if n == 17 {
			stop()
		}
		return n
	}).Ordered().To(ctx, sinks.Exec(db, "INSERT …", number).Batch(10).Outputs)
	require.NoError(t, db.Close())
	require.NoError(t, err)
	require.GreaterOrEqual(t, committed, int64(18))
	require.Len(t, l.committed, int(committed))
}

func TestMistakesWithADatabasePanicWithTheirRule(t *testing.T) {
	db := (&ledger{}).db()
	defer func() { require.NoError(t, db.Close()) }()
	for rule, mistake := range map[string]func(){
		"sinks: Exec: db must not be nil":            func() { sinks.Exec(nil, "INSERT …", number) },
		"sinks: Exec: statement must not be empty":   func() { sinks.Exec(db, "", number) },
		"sinks: Exec: args must not be nil":          func() { sinks.Exec[int](db, "INSERT …", nil) },
		"sinks: Batch: n must be at least 1, got 0":  func() { sinks.Exec(db, "INSERT …", number).Batch(0) },
		"sinks: Batch: n must be at least 1, got -1": func() { sinks.Exec(db, "INSERT …", number).Batch(-1) },
	} {
		t.Run(rule, func(t *testing.T) { require.PanicsWithValue(t, rule, mistake) })
	}
}

func ExampleExec() {
	ctx := context.Background()
	l := &ledger{}
	db := l.db()
	n, err := sources.Slice([]string{"Ada", "Grace"}).
		Ordered().
		To(ctx, sinks.Exec(db, "INSERT INTO users (name) VALUES (?)",
			func(name string) []any { return []any{name} }).Outputs)
	fmt.Println(n, err, l.committed, db.Close())
	// Output: 2 <nil> [Ada Grace] <nil>
}

func ExampleStatement_Batch() {
	ctx := context.Background()
	l := &ledger{}
	db := l.db()
	n, err := sources.Slice(numbers(250)).
		To(ctx, sinks.Exec(db, "INSERT INTO numbers VALUES ($1)", number).Batch(100).Outputs)
	fmt.Println(n, err, l.commits, db.Close())
	// Output: 250 <nil> [100 100 50] <nil>
}

func ExampleStatement_Outputs() {
	ctx := context.Background()
	l := &ledger{refuse: driver.Value(int64(42))}
	db := l.db()
	n, err := sources.Slice(numbers(100)).
		Ordered().
		To(ctx, sinks.Exec(db, "INSERT INTO numbers VALUES ($1)", number).Batch(10).Outputs)
	fmt.Println(n, db.Close())
	fmt.Println(err)
	// Output:
	// 40 <nil>
	// sinks: Exec: output 43 (42): constraint failed
}
