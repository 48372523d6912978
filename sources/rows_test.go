package sources_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

type stamps struct{ CreatedAt time.Time }

type member struct {
	ID    int64
	Named string `db:"name"`
	Score *float64
	stamps
	Unasked string
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// query collects the rows of d as Ts, each beside its error.
func query[T any](t *testing.T, d *database) ([]T, []error, error) {
	t.Helper()
	db := d.db()
	defer closing(db)
	var items []T
	var failed []error
	run := sources.Rows[T](db, "SELECT …", 17).Ordered().Start(t.Context())
	for result := range run.Results() {
		if result.Err != nil {
			failed = append(failed, result.Err)
			continue
		}
		items = append(items, result.Out)
	}
	require.Zero(t, d.open.Load(), "the query is closed")
	return items, failed, run.Err()
}

func TestARowFillsTheFieldsThatHaveTheNamesOfItsColumns(t *testing.T) {
	quiet(t)
	d := &database{columns: []string{"name", "id", "score", "created_at"}, rows: [][]driver.Value{
		{"a\x00\xff\"'\r\n", int64(math.MaxInt64), 1.5, noon},
		{[]byte(strings.Repeat("ü", 1<<20)), int64(-1), nil, noon},
	}}
	got, failed, err := query[member](t, d)
	require.NoError(t, err)
	require.Empty(t, failed)
	score := 1.5
	require.Equal(t, []member{
		{ID: math.MaxInt64, Named: "a\x00\xff\"'\r\n", Score: &score, stamps: stamps{noon}},
		{ID: -1, Named: strings.Repeat("ü", 1<<20), stamps: stamps{noon}},
	}, got)
	require.Equal(t, "SELECT …", d.asked)
	require.Equal(t, int64(17), d.args[0].Value)
}

func TestARowOfOneColumnIsItsValue(t *testing.T) {
	quiet(t)
	one := func(value driver.Value) *database {
		return &database{columns: []string{"x"}, rows: [][]driver.Value{{value}}}
	}
	texts, _, err := query[string](t, one(int64(7)))
	require.NoError(t, err)
	require.Equal(t, []string{"7"}, texts)
	times, _, err := query[time.Time](t, one(noon))
	require.NoError(t, err)
	require.Equal(t, []time.Time{noon}, times)
	nulls, _, err := query[sql.Null[string]](t, one(nil))
	require.NoError(t, err)
	require.Equal(t, []sql.Null[string]{{}}, nulls)
	pointers, _, err := query[*int](t, one(nil))
	require.NoError(t, err)
	require.Equal(t, []*int{nil}, pointers)
	anything, _, err := query[any](t, one([]byte("x")))
	require.NoError(t, err)
	require.Equal(t, []any{[]byte("x")}, anything)
	structs, _, err := query[struct{ X int }](t, one(int64(1)))
	require.NoError(t, err)
	require.Equal(t, []struct{ X int }{{1}}, structs)
	maps, _, err := query[map[string]any](t, &database{columns: []string{"a", "b"}, rows: [][]driver.Value{{int64(1), nil}, {int64(2), "x"}}})
	require.NoError(t, err)
	require.Equal(t, []map[string]any{{"a": int64(1), "b": nil}, {"a": int64(2), "b": "x"}}, maps)
}

func TestARowThatCanNotBeConvertedFailsWithItsPlaceAndTheOthersGoOn(t *testing.T) {
	quiet(t)
	d := &database{columns: []string{"id", "name"}, rows: [][]driver.Value{
		{int64(1), "a"}, {int64(2), nil}, {"three", "c"}, {int64(4), "d"},
	}}
	got, failed, err := query[member](t, d)
	require.NoError(t, err)
	require.Equal(t, []member{{ID: 1, Named: "a"}, {ID: 4, Named: "d"}}, got)
	require.Len(t, failed, 2)
	require.EqualError(t, failed[0], `vimap: stage "decode": item 1 (row 2): sql: Scan error on column index 1, name "name": converting NULL to string is unsupported`)
	require.ErrorContains(t, failed[1], `item 2 (row 3): sql: Scan error on column index 0, name "id": converting driver.Value type string ("three") to a int64`)
}

func TestALaterFailureHasThePlaceOfTheRow(t *testing.T) {
	quiet(t)
	db := (&database{columns: []string{"x"}, rows: [][]driver.Value{{"1"}, {"x"}}}).db()
	defer closing(db)
	_, err := collect(t, sources.Rows[string](db, "SELECT x").Try(func(x string) (int, error) { return len(x), map[string]error{"x": errors.New("no")}[x] }))
	require.ErrorContains(t, err, "item 1 (row 2): no")
}

func TestAQueryThatFailsIsTheErrorOfTheRunAfterTheRowsBeforeIt(t *testing.T) {
	errGone := errors.New("connection gone")
	for name, c := range map[string]struct {
		d    *database
		says string
		rows int
	}{
		"at its beginning": {&database{}, `vimap: source: query "SELECT …": no such table`, 0},
		"in the middle": {
			&database{columns: []string{"id"}, rows: [][]driver.Value{{int64(1)}, {int64(2)}}, broken: errGone},
			"vimap: source: row 3: connection gone", 2,
		},
		"a column without a field": {
			&database{columns: []string{"id", "extra"}, rows: [][]driver.Value{{int64(1), "x"}}},
			"vimap: source: row 1: column: 'extra': no corresponding field found, or it's unexported in sources_test.member", 0,
		},
		"a column twice": {
			&database{columns: []string{"id", "id"}, rows: [][]driver.Value{{int64(1), int64(2)}}},
			"vimap: source: row 1: rows contain a duplicate column 'id'", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			got, failed, err := query[member](t, c.d)
			require.EqualError(t, err, c.says)
			require.Empty(t, failed)
			require.Len(t, got, c.rows)
			if c.d.broken != nil {
				require.ErrorIs(t, err, errGone)
			}
		})
	}
	quiet(t)
	_, _, err := query[int](t, &database{columns: []string{"a", "b"}, rows: [][]driver.Value{{int64(1), int64(2)}}})
	require.ErrorContains(t, err, "row 1: to scan into a primitive type, columns number must be exactly 1, got: 2")
}

func TestTheEndOfARunEndsItsQuery(t *testing.T) {
	errEnough := errors.New("enough")
	for name, leave := range map[string]func(run *vimap.Run[string, string], cancel context.CancelCauseFunc) (leaves bool){
		"by its context": func(_ *vimap.Run[string, string], cancel context.CancelCauseFunc) bool {
			cancel(errEnough)
			return false
		},
		"by Stop":    func(run *vimap.Run[string, string], _ context.CancelCauseFunc) bool { run.Stop(); return false },
		"by a break": func(*vimap.Run[string, string], context.CancelCauseFunc) bool { return true },
	} {
		for _, waits := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", waits: ", waits), func(t *testing.T) {
				quiet(t)
				d := &database{columns: []string{"x"}, rows: [][]driver.Value{{"a"}}, waits: waits, endless: !waits}
				db := d.db()
				defer closing(db)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				run := sources.Rows[string](db, "SELECT x").InFlight(4).Start(ctx)
				for range run.Zip() {
					if leave(run, cancel) {
						break
					}
				}
				if name == "by its context" {
					require.ErrorIs(t, run.Err(), errEnough)
				} else {
					require.NoError(t, run.Err())
				}
				require.Zero(t, d.open.Load())
				require.LessOrEqual(t, d.read.Load(), int64(10), "no more rows are read than there is room for")
			})
		}
	}
}

// interrupted is a value during whose scan the run is cancelled.
type interrupted struct{}

func (*interrupted) Scan(cancel any) error {
	cancel.(func())()
	return context.Canceled
}

func TestARowThatTheEndOfTheRunInterruptsIsNoBadRow(t *testing.T) {
	for name, outer := range map[string]context.Context{"concurrent": t.Context(), "serial": vimaptest.Serial(t.Context())} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			errEnough := errors.New("enough")
			ctx, cancel := context.WithCancelCause(outer)
			row := []driver.Value{func() { cancel(errEnough) }}
			db := (&database{columns: []string{"x"}, rows: [][]driver.Value{row}}).db()
			defer closing(db)
			run := sources.Rows[interrupted](db, "SELECT x").Start(ctx)
			for range run.Results() {
			}
			require.ErrorIs(t, run.Err(), errEnough)
			require.Zero(t, run.Stats().Read)
		})
	}
}

func TestRowsNeedADatabase(t *testing.T) {
	require.PanicsWithValue(t, "sources: Rows: db must not be nil", func() { sources.Rows[int](nil, "SELECT 1") })
}

func ExampleRows() {
	type User struct {
		ID   int
		Name string
	}
	ctx := context.Background()
	db := (&database{columns: []string{"id", "name"}, rows: [][]driver.Value{{int64(1), "Ada"}, {int64(2), "Grace"}}}).db()
	defer closing(db)

	run := sources.Rows[User](db, "SELECT id, name FROM users WHERE age > ?", 17).Ordered().Start(ctx)
	for user := range run.Zip() {
		fmt.Println(user.ID, user.Name)
	}
	fmt.Println(run.Err())
	// Output:
	// 1 Ada
	// 2 Grace
	// <nil>
}
