package sinks_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
)

// A ledger is a database that keeps the arguments of what was executed.
type ledger struct {
	mu         sync.Mutex
	committed  []driver.Value // the first argument of each
	pending    []driver.Value
	commits    []int // how many each had
	rolledBack int
	statement  string
	open       int // statements

	refuse                       driver.Value // the argument that fails
	noPrepare, noBegin, noCommit error
}

var errRefused = errors.New("constraint failed")

func (l *ledger) db() *sql.DB { return sql.OpenDB(connector{l}) }

type connector struct{ l *ledger }

func (c connector) Connect(context.Context) (driver.Conn, error) { return connection(c), nil }
func (c connector) Driver() driver.Driver                        { return nil }

type connection struct{ l *ledger }

func (c connection) Close() error { return nil }

func (c connection) Prepare(text string) (driver.Stmt, error) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.noPrepare != nil {
		return nil, c.l.noPrepare
	}
	c.l.statement = text
	c.l.open++
	return statement(c), nil
}

func (c connection) Begin() (driver.Tx, error) { return transaction(c), c.l.noBegin }

type statement struct{ l *ledger }

func (s statement) NumInput() int { return -1 }

func (s statement) Query([]driver.Value) (driver.Rows, error) { return nil, errors.ErrUnsupported }

func (s statement) Exec(args []driver.Value) (driver.Result, error) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if s.l.refuse != nil && args[0] == s.l.refuse {
		return nil, errRefused
	}
	s.l.pending = append(s.l.pending, args[0])
	return driver.RowsAffected(1), nil
}

func (s statement) Close() error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.l.open--
	return nil
}

type transaction struct{ l *ledger }

func (t transaction) Commit() error {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	if t.l.noCommit != nil {
		t.l.pending = nil
		return t.l.noCommit
	}
	t.l.commits = append(t.l.commits, len(t.l.pending))
	t.l.committed, t.l.pending = append(t.l.committed, t.l.pending...), nil
	return nil
}

func (t transaction) Rollback() error {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	t.l.pending, t.l.rolledBack = nil, t.l.rolledBack+1
	return nil
}
