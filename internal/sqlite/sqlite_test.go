package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

type record struct {
	ID      int64
	Name    string
	Data    []byte
	Share   *float64
	Created time.Time
}

func (r record) args() []any { return []any{r.ID, r.Name, r.Data, r.Share, r.Created} }

const (
	table  = "CREATE TABLE records (id INTEGER PRIMARY KEY, name TEXT NOT NULL, data BLOB, share REAL, created DATETIME)"
	insert = "INSERT INTO records (id, name, data, share, created) VALUES (?, ?, ?, ?, ?)"
)

// open returns a database in a file, with a table.
func open(t *testing.T) *sql.DB {
	t.Helper()
	vimaptest.NoLeaks(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "test.db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), table)
	require.NoError(t, err)
	return db
}

func count(t *testing.T, db *sql.DB) (n int64) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM records").Scan(&n))
	return n
}

// numbered is n small records.
func numbered(n int) vimap.Pipeline[record, record] {
	return sources.Seq(func(yield func(record) bool) {
		for i := range n {
			if !yield(record{ID: int64(i + 1), Name: fmt.Sprint("name ", i)}) {
				return
			}
		}
	})
}

func TestNastyDataComesBackAsItWas(t *testing.T) {
	db := open(t)
	third := 1.0 / 3
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	all := []record{
		{ID: 1, Created: at},
		{ID: -1 << 63, Name: "'); DROP TABLE records; --", Share: &third, Created: at},
		{ID: 3, Name: "quotes \" ' ` and\r\nlines\ttabs", Data: []byte{0, 1, 255}, Created: at},
		{ID: 4, Name: "NUL \x00 and invalid \xff\xfe UTF-8", Data: []byte("\x00"), Created: at},
		{ID: 1<<63 - 1, Name: strings.Repeat("ü", 1<<20), Data: make([]byte, 4<<20), Created: at},
	}
	n, err := sources.Slice(all).Ordered().To(t.Context(), sinks.Exec(db, insert, record.args).Batch(2).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(5), n)
	got, err := sources.Rows[record](db, "SELECT * FROM records ORDER BY rowid").Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, got, 5)
	want := []record{all[1], all[0], all[2], all[3], all[4]}
	for i := range want {
		require.True(t, want[i].Created.Equal(got[i].Created))
		want[i].Created = got[i].Created
	}
	require.Equal(t, want, got)
}

func TestARowThatIsThereAlreadyIsNamedAndItsBatchRolledBack(t *testing.T) {
	db := open(t)
	_, err := db.ExecContext(t.Context(), "INSERT INTO records (id, name) VALUES (2501, 'taken')")
	require.NoError(t, err)
	n, err := numbered(5_000).Ordered().To(t.Context(), sinks.Exec(db, insert, record.args).Outputs)
	require.Equal(t, int64(2_000), n)
	require.ErrorContains(t, err, "sinks: Exec: output 2501 ({2501 name 2500 ")
	require.ErrorContains(t, err, "UNIQUE constraint failed: records.id")
	require.Equal(t, int64(2_001), count(t, db))

	again := strings.Replace(insert, "INSERT", "INSERT OR IGNORE", 1)
	n, err = numbered(5_000).Ordered().To(t.Context(), sinks.Exec(db, again, record.args).Outputs)
	require.NoError(t, err, "run again from the beginning")
	require.Equal(t, int64(5_000), n)
	require.Equal(t, int64(5_000), count(t, db))
}

func TestAMistakeInTheStatementIsFoundBeforeAnythingIsRead(t *testing.T) {
	db := open(t)
	_, err := numbered(1<<40).To(t.Context(), sinks.Exec(db, "INSERT INTO nowhere VALUES (?)", record.args).Outputs)
	require.ErrorContains(t, err, "no such table: nowhere")
	_, err = sources.Rows[record](db, "SELECT * FROM nowhere").To(t.Context(), sinks.Collect)
	require.ErrorContains(t, err, `vimap: source: query "SELECT * FROM nowhere": `)
	require.ErrorContains(t, err, "no such table: nowhere")
}

func TestARowThatCanNotBeConvertedFailsAlone(t *testing.T) {
	db := open(t)
	_, err := db.ExecContext(t.Context(), "INSERT INTO records (id, name, share) VALUES (1, 'a', 0.5), (2, 'b', 'half'), (3, 'c', NULL)")
	require.NoError(t, err)
	var failed []error
	var ids []int64
	run := sources.Rows[record](db, "SELECT id, name, share FROM records ORDER BY id").Ordered().Start(t.Context())
	for result := range run.Results() {
		if result.Err != nil {
			failed = append(failed, result.Err)
			continue
		}
		ids = append(ids, result.Out.ID)
	}
	require.NoError(t, run.Err())
	require.Equal(t, []int64{1, 3}, ids)
	require.Len(t, failed, 1)
	require.ErrorContains(t, failed[0], `item 1 (row 2): sql: Scan error on column index 2, name "share"`)
}

// endless is a query that never ends.
const endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"

func TestAnEndlessQueryEndsWithItsRun(t *testing.T) {
	db := open(t)
	errEnough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	for name, end := range map[string]func(run *vimap.Run[int, int]){
		"by a break": nil,
		"by Stop":    (*vimap.Run[int, int]).Stop,
		"by ctx":     func(*vimap.Run[int, int]) { cancel(errEnough) },
	} {
		run := sources.Rows[int](db, endless).Start(ctx)
		for x := range run.Zip() {
			if x < 1_000 {
				continue
			}
			if end == nil {
				break
			}
			end(run)
		}
		if name == "by ctx" {
			require.ErrorIs(t, run.Err(), errEnough)
			ctx = t.Context()
		} else {
			require.NoError(t, run.Err())
		}
		require.Zero(t, db.Stats().InUse, name)
	}
}

func TestAQueryThatIsLongAtItsFirstRowIsInterrupted(t *testing.T) {
	db := open(t)
	errEnough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errEnough)
	defer cancel()
	_, err := sources.Rows[int](db, "SELECT sum(x) FROM ("+endless+")").To(ctx, sinks.Collect)
	require.ErrorIs(t, err, errEnough)
	require.Zero(t, db.Stats().InUse)
}

func TestASourceAndASinkWorkOnOneDatabase(t *testing.T) {
	db := open(t)
	_, err := numbered(3_000).To(t.Context(), sinks.Exec(db, insert, record.args).Outputs)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE names (name TEXT)")
	require.NoError(t, err)
	n, err := sources.Rows[string](db, "SELECT name FROM records").
		Map(strings.ToUpper).
		To(t.Context(), sinks.Exec(db, "INSERT INTO names VALUES (?)", func(s string) []any { return []any{s} }).Batch(100).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(3_000), n)
	_, err = sources.Rows[string](db, "SELECT name FROM names LIMIT 1").To(t.Context(), sinks.Ignore)
	require.NoError(t, err)
}

func TestAConnectionAndATransactionCanBeAsked(t *testing.T) {
	db := open(t)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	n, err := numbered(10).To(t.Context(), sinks.Exec(conn, insert, record.args).Batch(3).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(10), n)
	tx, err := conn.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	ids, err := sources.Rows[int](tx, "SELECT id FROM records ORDER BY id").Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Len(t, ids, 10)
	require.NoError(t, tx.Rollback())
}

func TestMemoryStaysFlatHoweverManyRowsThereAre(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads 200 MB")
	}
	db := open(t)
	peak := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.HeapSys - min(before.HeapSys, after.HeapSys)
	}
	const rows, size = 200_000, 1_000
	name := strings.Repeat("x", size)
	grown := peak(func() {
		n, err := numbered(rows).Map(func(r record) record { r.Name = name[:size-len(r.Name)] + r.Name; return r }).
			To(t.Context(), sinks.Exec(db, insert, record.args).Outputs)
		require.NoError(t, err)
		require.Equal(t, int64(rows), n)
		n, err = sources.Rows[record](db, "SELECT id, name FROM records").To(t.Context(), sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, int64(rows), n)
	})
	require.Less(t, grown, uint64(40<<20))
}
