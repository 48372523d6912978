package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/georgysavva/scany/v2/dbscan"

	"github.com/vimap-go/vimap"
)

// Queryer is what [Rows] asks: a *sql.DB, *sql.Conn or *sql.Tx.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Rows yields the rows of a query of a database, each as a T:
//
//	users := sources.Rows[User](db, "SELECT id, name FROM users WHERE age > ?", 17)
//	names := sources.Rows[string](db, "SELECT name FROM users")
//
// What stands for an argument in the query is the driver's matter: ? for SQLite
// and MySQL, $1 for PostgreSQL.
//
// # What a row becomes
//
// A struct gets each column in the field that has its name: the one of the tag
// db:"…", or else the field's own in snake case (CreatedAt takes created_at).
// Embedded structs take part. A column without a field, and a name that two
// columns have, is an error of the query; a field without a column stays zero.
// A map[string]any gets all columns. Anything else, a [time.Time] and an
// [sql.Scanner] too, is the value of the only column. The values are converted
// as [sql.Rows.Scan] does; a column that can be NULL needs a pointer or an
// [sql.Null]. sql.RawBytes do not outlive their row and can't be used.
//
// # When it is read
//
// The query begins with the run. Rows are read as there is room for them, so a
// run holds one of the database's connections to its end, and the sink of a run
// that writes to the same database needs a second one. The end of the run ends
// the query.
//
// # What is an error
//
// A row that can't be converted fails, as an item of its own: the others go on.
// Its place, like that of any later failure, is "row 17", counted from 1. A query
// that fails ends the run, with the text of the query, or with the place after
// the rows that came before.
//
// Rows panics if db is nil.
func Rows[T any](db Queryer, query string, args ...any) vimap.Pipeline[T, T] {
	if db == nil {
		panic("sources: Rows: db must not be nil")
	}
	read := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[scanned[T]]) error {
		out.Places(rowPlace)
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			return ended(ctx, fmt.Errorf("query %.80q: %w", query, err))
		}
		defer func() { _ = rows.Close() }() // nothing that Err would not say
		n, err := emit(ctx, rows, out)
		if err != nil {
			return ended(ctx, fmt.Errorf("%s: %w", rowPlace(n), err))
		}
		return nil
	}).Named("rows")
	return vimap.Decode(read, func(r scanned[T]) (T, error) { return r.item, r.err })
}

// A scanned row is an item, or why there is none.
type scanned[T any] struct {
	item T
	err  error
}

func rowPlace(n int64) string { return "row " + strconv.FormatInt(n+1, 10) }

// ended returns nil where err is how the end of ctx interrupted something.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// emit hands over rows, and returns how many there were before the end or an
// error of the query.
func emit[T any](ctx context.Context, rows *sql.Rows, out *vimap.Emitter[scanned[T]]) (n int64, err error) {
	s := &scanner{Rows: rows}
	scan := dbscan.NewRowScanner(s)
	for rows.Next() {
		var r scanned[T]
		switch item := any(&r.item).(type) {
		case *time.Time, sql.Scanner: // structs, perhaps, but values
			r.err = rows.Scan(item)
		default:
			s.failed = nil
			if err := scan.Scan(&r.item); err != nil {
				if s.failed == nil { // it never came to this row
					return n, errors.New(strings.TrimPrefix(innermost(err).Error(), "scany: "))
				}
				r.err = s.failed
			}
		}
		if r.err != nil && ctx.Err() != nil {
			return n, ctx.Err() // the end of the run closed the rows: the row is not bad
		}
		if !out.One(r) {
			return n, nil
		}
		n++
	}
	return n, rows.Err()
}

// scanner keeps what Scan returned, to tell a bad row from a bad query.
type scanner struct {
	*sql.Rows
	failed error
}

// Scan is [sql.Rows.Scan].
func (s *scanner) Scan(into ...any) error {
	s.failed = s.Rows.Scan(into...)
	return s.failed
}

func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
