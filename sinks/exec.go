package sinks

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/vimap-go/vimap"
)

// Execer is what [Exec] works on: a *sql.DB or *sql.Conn.
type Execer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// Statement executes a statement of a database for outputs. It is made by
// [Exec].
type Statement[T any] struct {
	db    Execer
	text  string
	args  func(T) []any
	batch int
}

const defaultBatch = 1000

// Exec executes a statement of a database for each output, with the arguments
// that args makes of it, many in one transaction:
//
//	To(ctx, sinks.Exec(db, "INSERT INTO users (id, name) VALUES (?, ?)",
//		func(u User) []any { return []any{u.ID, u.Name} }).Outputs)
//
// What stands for an argument is the driver's matter: ? for SQLite and MySQL, $1
// and $2 for PostgreSQL. For millions of rows PostgreSQL's COPY is faster, which
// is no statement of this kind: use the driver's own, in [Each] or a
// [vimap.Bulk] stage.
//
// # Transactions
//
// Outputs are kept until there are 1000 of them ([Statement.Batch] sets another
// number), or the run is at its end, and are then executed in one transaction.
// So a transaction is short, and locks nothing while the run waits for its
// inputs; but of a source that trickles, an output may wait for long. Batch(1)
// executes each when it comes.
//
// A batch is committed as a whole or not at all. When one of its outputs fails,
// all of it is rolled back, and the error names that output: the number among
// all, from 1, and its value. What was committed before stays, and its number
// is what To returns: with [vimap.Pipeline.Ordered] these are the first outputs
// of the source. When the run fails, the outputs before the failure are still
// committed; when its context has ended, those that wait are not.
//
// The sink executes nothing twice. Whoever runs the program again after an error
// executes the outputs anew that were committed: a statement that leaves alone
// what is there (INSERT … ON CONFLICT DO NOTHING) makes that harmless. It is
// needed, too, where the commit itself fails, for instance because the
// connection broke: then nobody can say whether the batch is in the database,
// and it is not counted.
//
// The statement is prepared before the first input is read, so that a mistake in
// it costs nothing. A transaction takes a connection of its own: one that a
// source reads from is taken already.
//
// Exec panics if db or args is nil, or the statement is empty.
func Exec[T any](db Execer, statement string, args func(T) []any) Statement[T] {
	switch {
	case db == nil:
		panic("sinks: Exec: db must not be nil")
	case statement == "":
		panic("sinks: Exec: statement must not be empty")
	case args == nil:
		panic("sinks: Exec: args must not be nil")
	}
	return Statement[T]{db, statement, args, defaultBatch}
}

// Batch returns a copy that executes n outputs in a transaction; it replaces the
// 1000 of [Exec]. Batch panics if n is less than 1.
func (s Statement[T]) Batch(n int) Statement[T] {
	if n < 1 {
		panic(fmt.Sprintf("sinks: Batch: n must be at least 1, got %d", n))
	}
	s.batch = n
	return s
}

// Outputs is a sink that executes the statement for every output, and returns
// for how many that was committed.
func (s Statement[T]) Outputs[In any](run *vimap.Run[In, T]) (committed int64, err error) {
	ctx := run.Context() // the caller's: it goes on when the run has ended
	statement, err := s.db.PrepareContext(ctx, s.text)
	if err != nil {
		return 0, fmt.Errorf("sinks: Exec: %w", err)
	}
	defer func() { _ = statement.Close() }()
	var batch []T
	flush := func() error {
		if err := s.execute(ctx, statement, batch, committed); err != nil {
			return fmt.Errorf("sinks: Exec: %w", err)
		}
		committed += int64(len(batch))
		clear(batch)
		batch = batch[:0]
		return nil
	}
	for _, out := range run.Zip() {
		if batch = append(batch, out); len(batch) < s.batch {
			continue
		}
		if err := flush(); err != nil {
			return committed, err
		}
	}
	if len(batch) > 0 && ctx.Err() == nil {
		if err := flush(); err != nil {
			return committed, err
		}
	}
	return committed, run.Err()
}

// execute executes a batch, whose outputs come after so many others.
func (s Statement[T]) execute(ctx context.Context, statement *sql.Stmt, batch []T, before int64) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.failed(ctx, before+1, before+int64(len(batch)), "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	statement = tx.StmtContext(ctx, statement)
	defer func() { _ = statement.Close() }()
	for i, out := range batch {
		if _, err := statement.ExecContext(ctx, s.args(out)...); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return fmt.Errorf("output %d (%.80s): %w", before+int64(i)+1, fmt.Sprint(out), err)
		}
	}
	if err := tx.Commit(); err != nil {
		return s.failed(ctx, before+1, before+int64(len(batch)), "commit", err)
	}
	return nil
}

func (s Statement[T]) failed(ctx context.Context, first, last int64, what string, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("outputs %d to %d: %s: %w", first, last, what, err)
}
