package sinks_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// text is what LinesTo makes of one output.
func text[Out any](t *testing.T, out Out) string {
	t.Helper()
	var written bytes.Buffer
	lines, err := sources.Slice([]Out{out}).To(t.Context(), sinks.LinesTo(&written).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(1), lines)
	return written.String()
}

type degrees int

func (d degrees) String() string { return fmt.Sprintf("%d°", int(d)) }

func TestLinesWritesTextAsItIs(t *testing.T) {
	require.Equal(t, "plain\n", text(t, "plain"))
	require.Equal(t, "bytes\n", text(t, []byte("bytes")))
	require.Equal(t, "\n", text(t, ""))
	require.Equal(t, "\n", text[[]byte](t, nil))
	require.Equal(t, "a\rb\x00\xff\t\n", text(t, "a\rb\x00\xff\t"))
}

func TestLinesWritesAStringerByItsStringMethod(t *testing.T) {
	require.Equal(t, "20°\n", text(t, degrees(20)))
	require.Equal(t, "::1\n", text(t, netip.IPv6Loopback()))
}

func TestLinesWritesOtherValuesAsPrintDoes(t *testing.T) {
	require.Equal(t, "17\n", text(t, 17))
	require.Equal(t, "1.5\n", text(t, 1.5))
	require.Equal(t, "{a 1}\n", text(t, struct {
		Name string
		N    int
	}{"a", 1}))
	require.Equal(t, "seven is too much\n", text[error](t, errSeven))
}

func TestLinesLooksIntoAnInterface(t *testing.T) {
	require.Equal(t, "s\n", text[any](t, "s"))
	require.Equal(t, "b\n", text[any](t, []byte("b")))
	require.Equal(t, "20°\n", text[any](t, degrees(20)))
	require.Equal(t, "20°\n", text[fmt.Stringer](t, degrees(20)))
	require.Equal(t, "<nil>\n", text[any](t, nil))
}

func TestLinesReadsBackWhatItWrote(t *testing.T) {
	words := []string{"", "a", " b ", "c\rd", "\xff\x00", strings.Repeat("long", 100_000), "", "ü"}
	path := filepath.Join(t.TempDir(), "out.txt")
	lines, err := sources.Slice(words).Ordered().To(t.Context(), sinks.Lines(path).Outputs)
	require.NoError(t, err)
	require.Equal(t, int64(len(words)), lines)
	back, err := sources.Lines(path).Ordered().To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, words, back)
}

func TestOutputThatIsNotOneLineEndsTheRunWithItsPlaceAndRule(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	for name, test := range map[string]struct{ output, rule string }{
		"a newline":                   {"a\nb", `output "a\nb" holds a newline`},
		"a newline at the end":        {"a\n", `output "a\n" holds a newline`},
		"a carriage return at an end": {"a\r", `output "a\r" ends in a carriage return`},
		"a long output is cut":        {strings.Repeat("x", 1000) + "\n", `output "` + strings.Repeat("x", 80) + `" holds a newline`},
	} {
		t.Run(name, func(t *testing.T) {
			outputs := sources.Slice([]string{"good", test.output, "never"}).Ordered()
			lines, err := outputs.To(t.Context(), sinks.Lines(path).Outputs)
			require.ErrorContains(t, err, "sinks: Lines: "+path+":2: "+test.rule)
			require.Equal(t, int64(1), lines)
			require.NoFileExists(t, path)

			var written bytes.Buffer
			_, err = outputs.To(t.Context(), sinks.LinesTo(&written).Outputs)
			require.ErrorContains(t, err, "sinks: LinesTo: line 2: "+test.rule)
			require.Equal(t, "good\n", written.String())
		})
	}
}

func TestLinesPairsSeparatesInputAndOutputByATab(t *testing.T) {
	var written bytes.Buffer
	lines, err := sources.Slice([]string{"a", "bb", ""}).
		Map(func(word string) int { return len(word) }).
		Ordered().
		To(t.Context(), sinks.LinesTo(&written).Pairs)
	require.NoError(t, err)
	require.Equal(t, int64(3), lines)
	require.Equal(t, "a\t1\nbb\t2\n\t0\n", written.String())
}

func TestLinesPairsRefusesAnInputThatWouldBeReadAsSomethingElse(t *testing.T) {
	for input, rule := range map[string]string{
		"a\tb": `line 1: input "a\tb" holds a tab`,
		"a\nb": `line 1: input "a\nb" holds a newline`,
	} {
		var written bytes.Buffer
		_, err := sources.Slice([]string{input}).To(t.Context(), sinks.LinesTo(&written).Pairs)
		require.ErrorContains(t, err, rule)
		require.Zero(t, written.Len())
	}
}

func TestLinesPairsTakesTabsInAnOutput(t *testing.T) {
	var written bytes.Buffer
	_, err := sources.Slice([]string{"a\r"}).
		Map(func(string) string { return "b\tc" }).
		To(t.Context(), sinks.LinesTo(&written).Pairs)
	require.NoError(t, err)
	require.Equal(t, "a\r\tb\tc\n", written.String())
}

func TestALineCostsNoAllocation(t *testing.T) {
	words := strings.Fields(strings.Repeat("word ", 10_000))
	var written bytes.Buffer
	written.Grow(1 << 20)
	sink := sinks.LinesTo(&written).Outputs[string, string]
	counted := testing.AllocsPerRun(5, func() {
		written.Reset()
		_, err := sources.Slice(words).To(t.Context(), sink)
		require.NoError(t, err)
	})
	require.Less(t, counted, 2_000.0, "for 10,000 lines")
}
