package main

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
)

// steady are the rows of a soak of ten minutes in which nothing grows.
func steady() []row {
	rows := make([]row, 20)
	for i := range rows {
		rows[i] = row{elapsed: time.Duration(i+1) * 30 * time.Second, goroutines: 2, files: 5, memory: 30}
	}
	return rows
}

func TestTheVerdict(t *testing.T) {
	tests := map[string]struct {
		change func(rows []row)
		well   bool
	}{
		"is good when nothing grows":                      {func([]row) {}, true},
		"is good when all grows in the first two minutes": {func(rows []row) { rows[2] = row{elapsed: rows[2].elapsed, goroutines: 9, files: 9, memory: 900} }, true},
		"is bad for one violation":                        {func(rows []row) { rows[19].violations = 1 }, false},
		"is bad for one goroutine more":                   {func(rows []row) { rows[12].goroutines++ }, false},
		"is bad for one file more":                        {func(rows []row) { rows[12].files++ }, false},
		"is good for a little more memory":                {func(rows []row) { rows[19].memory += 3 }, true},
		"is bad for memory that grows": {func(rows []row) {
			for i := range rows {
				rows[i].memory += float64(i)
			}
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rows := steady()
			test.change(rows)
			text, well := verdict(rows)
			require.Equal(t, test.well, well, text)
		})
	}
}

func TestAShortSoakHasAVerdictToo(t *testing.T) {
	_, well := verdict([]row{{elapsed: time.Second, violations: 1}})
	require.False(t, well)
	_, well = verdict([]row{{elapsed: time.Second}})
	require.True(t, well)
}

func TestAnOpenFileIsSeen(t *testing.T) {
	before := measure(row{})
	if before.files < 0 {
		t.Skip("the system does not say which files are open")
	}
	f, err := os.Open("soak_test.go")
	require.NoError(t, err)
	require.Equal(t, before.files+1, measure(row{}).files)
	require.NoError(t, f.Close())
	require.Positive(t, before.memory)
}

func TestTheProgramsOfASoakAreRunAndCounted(t *testing.T) {
	rerun.Share(t, 8)
	total := int64(0)
	for seed := range uint64(20) {
		report := run(seed + 1)
		require.Empty(t, report.Violations)
		total += report.Items
	}
	require.Positive(t, total)
	require.True(t, soak(0, time.Second, 1), "a soak runs one program at least")
}
