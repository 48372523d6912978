package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// ahead is how many records may be on their way, 1 MB: the default look-ahead
// counts records, not bytes, and wants more of them when the machine is quick.
const ahead = 100

func TestPeakMemoryOfADatabaseThatIsWrittenAndReadIsFlat(t *testing.T) {
	db := open(t)
	data := make([]byte, 10_000)
	items := int(heap.Size(24<<20)) / len(data)
	written := heap.Over(int64(items))
	records := sources.Seq(func(yield func(record) bool) {
		for i := range items {
			if written.See(); !yield(record{ID: int64(i + 1), Data: data}) {
				return
			}
		}
	})
	n, err := records.InFlight(ahead).To(t.Context(), sinks.Exec(db, insert, record.args).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(items), n)

	read := heap.Over(int64(items))
	run := sources.Rows[record](db, "SELECT * FROM records").InFlight(ahead).Start(t.Context())
	for _, r := range run.Zip() {
		if len(r.Data) != len(data) {
			t.Fatalf("%d bytes", len(r.Data))
		}
		read.See()
	}
	require.NoError(t, run.Err())
	require.Equal(t, int64(items), read.Seen())
	require.Less(t, written.Tell("records written"), int64(3<<20))
	require.Less(t, read.Tell("records read"), int64(3<<20))
}
