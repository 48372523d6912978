package sources_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestALineOf100MBIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 300 MB of memory")
	}
	quiet(t)
	long := lineOf100MB()
	require.NoError(t, long.err)
	require.Equal(t, []int{6, 100 << 20, 5}, long.lengths)
}

// lineOf100MB reads it once for each test binary: it takes the race detector
// seconds, and the next pass would read it in the same way.
var lineOf100MB = sync.OnceValue(func() (long struct {
	lengths []int
	err     error
},
) {
	long.lengths, long.err = sources.Reader(io.MultiReader(
		strings.NewReader("before\n"), io.LimitReader(&counter{text: strings.Repeat("x", 1<<16)}, 100<<20), strings.NewReader("\nafter\n"),
	)).Map(func(line string) int { return len(line) }).Ordered().To(context.Background(), sinks.Collect)
	return long
})

func TestALineOverTheLimitIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		limit int
		text  string
		want  []string
		at    string // "": not refused
	}{
		"one byte over":               {3, "abc\nabcd\nef\n", []string{"abc"}, "reader:2: "},
		"the first line":              {3, "abcd\n", nil, "reader:1: "},
		"the last, without newline":   {3, "abc\nabcd", []string{"abc"}, "reader:2: "},
		"the line end is not counted": {3, "abc\r\ndef\r\nghi", []string{"abc", "def", "ghi"}, ""},
		"a CR that ends no line is":   {3, "abc\r", nil, "reader:1: "},
		"CRs within a line are":       {3, "abc\r\r\n", nil, "reader:1: "},
		"far behind others":           {3, strings.Repeat("abc\n", 9999) + "abcd\n", repeat("abc", 9999), "reader:10000: "},
		"longer than what is shared":  {5000, strings.Repeat("a", 5000) + "\n" + strings.Repeat("b", 5001) + "\n", []string{strings.Repeat("a", 5000)}, "reader:2: "},
		"longer than what is read":    {500_000, strings.Repeat("a", 500_000) + "\n" + strings.Repeat("b", 500_001) + "\n", []string{strings.Repeat("a", 500_000)}, "reader:2: "},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 8)
			quiet(t)
			for _, r := range chopped(c.text) {
				got, err := collect(t, sources.Text{MaxLength: c.limit}.Reader(r))
				require.Equal(t, c.want, got)
				if c.at == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, sources.ErrLineTooLong)
				require.ErrorContains(t, err, c.at+"line too long")
			}
		})
	}
}

func TestNoMoreOfALineIsReadThanItTakesToRefuseIt(t *testing.T) {
	quiet(t)
	endless := &counter{text: "x"}
	_, err := collect(t, sources.Text{MaxLength: 100}.Reader(endless))
	require.ErrorIs(t, err, sources.ErrLineTooLong)
	require.LessOrEqual(t, endless.bytes, 256<<10)
}
