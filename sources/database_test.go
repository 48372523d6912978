package sources_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync/atomic"
)

var errNoSuchTable = errors.New("no such table")

// A database answers every query with its rows.
type database struct {
	columns []string
	rows    [][]driver.Value
	endless bool  // the last row comes again and again
	broken  error // after the rows
	waits   bool  // after the rows, for the end of the query

	open  atomic.Int64 // queries
	read  atomic.Int64 // rows
	asked string       // the last query
	args  []driver.NamedValue
}

func (d *database) db() *sql.DB { return sql.OpenDB(connector{d}) }

type connector struct{ d *database }

func (c connector) Connect(context.Context) (driver.Conn, error) { return &connection{c.d}, nil }
func (c connector) Driver() driver.Driver                        { return nil }

type connection struct{ d *database }

func (c *connection) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c *connection) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
func (c *connection) Close() error                        { return nil }

func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.d.asked, c.d.args = query, args
	if c.d.columns == nil {
		return nil, errNoSuchTable
	}
	c.d.open.Add(1)
	return &answer{ctx: ctx, d: c.d}, nil
}

type answer struct {
	ctx  context.Context
	d    *database
	next int
}

func (a *answer) Columns() []string { return a.d.columns }

func (a *answer) Close() error {
	a.d.open.Add(-1)
	return nil
}

func (a *answer) Next(into []driver.Value) error {
	if a.d.endless {
		a.next = min(a.next, len(a.d.rows)-1)
	}
	if a.next == len(a.d.rows) {
		if a.d.waits {
			<-a.ctx.Done()
			return a.ctx.Err()
		}
		if a.d.broken != nil {
			return a.d.broken
		}
		return io.EOF
	}
	copy(into, a.d.rows[a.next])
	a.next++
	a.d.read.Add(1)
	return nil
}
