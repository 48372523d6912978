package sinks_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

type cell struct {
	Text  string  `csv:"text"`
	Count int     `csv:"count,omitempty"`
	Ratio float64 `csv:"ratio"`
	Note  *string
}

type lone struct {
	Text string `csv:"text"`
}

func TestCSVWritesARowForEachOutputUnderAHeader(t *testing.T) {
	note := "a note"
	var written bytes.Buffer
	rows, err := sources.Slice([]cell{{Text: "a", Count: 1, Ratio: 0.5}, {Text: "b, \"c\"\nd", Note: &note}}).
		Ordered().To(t.Context(), sinks.CSVTo(&written).Outputs)
	require.NoError(t, err)
	require.EqualValues(t, 2, rows)
	require.Equal(t, "text,count,ratio,Note\na,1,0.5,\n\"b, \"\"c\"\"\nd\",,0,a note\n", written.String())
}

func TestCSVHasItsHeaderWithoutRows(t *testing.T) {
	for name, c := range map[string]struct {
		sink func(path string) sinks.Table
		want string
	}{
		"commas":    {sinks.CSV, "text,count,ratio,Note\n"},
		"tabs":      {func(path string) sinks.Table { return sinks.CSV(path).Comma('\t') }, "text\tcount\tratio\tNote\n"},
		"no header": {func(path string) sinks.Table { return sinks.CSV(path).NoHeader() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.csv")
			_, err := sources.Slice[cell](nil).To(t.Context(), c.sink(path).Outputs)
			require.NoError(t, err)
			require.Equal(t, c.want, read(t, path))
			back, err := sources.Table{Comma: map[bool]rune{true: '\t'}[name == "tabs"]}.CSV[cell](path).To(t.Context(), sinks.Collect)
			require.NoError(t, err)
			require.Empty(t, back)
		})
	}
}

// nastyTexts are fields that a writer or a reader could trip over.
var nastyTexts = []string{
	"", " ", "a", ",", "\t", `"`, `""`, `"quoted", 'so'`, "\n", "a\nb", "\r", "a\rb", "a\r", "\x00", "\xff\xfe", "\ufeff", "\ufeffa", "#",
	`\.`, "-", "=1+1", "\u2028", strings.Repeat("long ", 50_000), "",
}

func TestNastyRowsAreReadBack(t *testing.T) {
	var rows []cell
	var lones []lone
	for i, text := range nastyTexts {
		rows = append(rows, cell{Text: text, Count: -i, Ratio: 1e300 * float64(i)})
		if len(text) < 100 {
			lones = append(lones, lone{text})
		}
	}
	for _, suffix := range []string{"", ".gz", ".zst"} {
		for _, comma := range []rune{',', '\t', ';', '→'} {
			for _, header := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s%q%v", suffix, comma, header), func(t *testing.T) {
					rerun.Share(t, 4)
					quiet(t)
					path := filepath.Join(t.TempDir(), "out.csv"+suffix)
					sink, table := sinks.CSV(path).Comma(comma), sources.Table{Comma: comma}
					one := table
					if !header {
						sink, table.Header, one.Header = sink.NoHeader(), []string{"text", "count", "ratio", "Note"}, []string{"text"}
					}
					n, err := sources.Slice(rows).Ordered().To(t.Context(), sink.Outputs)
					require.NoError(t, err)
					require.EqualValues(t, len(rows), n)
					back, err := table.CSV[cell](path).Ordered().To(t.Context(), sinks.Collect)
					require.NoError(t, err)
					require.Equal(t, rows, back)

					for i := range lones { // each is the first once
						if suffix != "" {
							break
						}
						lones := append(append([]lone{}, lones[i:]...), lones[:i]...)
						_, err = sources.Slice(lones).Ordered().To(t.Context(), sink.Outputs)
						require.NoError(t, err)
						back, err := one.CSV[lone](path).Ordered().To(t.Context(), sinks.Collect)
						require.NoError(t, err)
						require.Equal(t, lones, back)
					}
				})
			}
		}
	}
}

func TestOfACRLFInAFieldTheReaderKeepsTheNewline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	_, err := sources.Slice([]lone{{"a\r\nb"}}).To(t.Context(), sinks.CSV(path).Outputs)
	require.NoError(t, err)
	require.Equal(t, "text\n\"a\r\nb\"\n", read(t, path))
	back, err := sources.CSV[lone](path).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, []lone{{"a\nb"}}, back)
}

type picky string

var errPicky = errors.New("not this one")

func (p picky) MarshalText() ([]byte, error) {
	if p == "bad" {
		return nil, errPicky
	}
	return []byte(p), nil
}

type picked struct{ P picky }

func TestAValueThatIsNoRowEndsTheRunWithItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	outputs := sources.Slice([]picked{{"a"}, {"b\nc"}, {"bad"}, {"never"}}).Ordered()
	n, err := outputs.To(t.Context(), sinks.CSV(path).Outputs)
	require.ErrorIs(t, err, errPicky)
	require.ErrorContains(t, err, "sinks: CSV: "+path+":5: ")
	require.EqualValues(t, 2, n)
	require.NoFileExists(t, path)

	var written bytes.Buffer
	_, err = outputs.To(t.Context(), sinks.CSVTo(&written).Outputs)
	require.ErrorContains(t, err, "sinks: CSVTo: line 5: ")
	require.Equal(t, "P\na\n\"b\nc\"\n", written.String())
}

func TestOutputsThatAreNoStructsAreAnErrorBeforeTheFirstInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	inputs := endless().Map(func(n int) int { t.Error("was started"); return n })
	_, err := inputs.To(t.Context(), sinks.CSV(path).Outputs)
	require.EqualError(t, err, "sinks: CSV: outputs must be structs with columns, got int")
	_, err = inputs.Map(func(int) any { return nil }).To(t.Context(), sinks.CSV(path).Outputs)
	require.ErrorContains(t, err, "outputs must be structs with columns, got <nil>")
	_, err = inputs.Map(func(int) struct{} { return struct{}{} }).To(t.Context(), sinks.CSV(path).Outputs)
	require.ErrorContains(t, err, "outputs must be structs with columns, got struct {}")
	_, err = inputs.Map(func(int) []lone { return nil }).To(t.Context(), sinks.CSV(path).Outputs)
	require.ErrorContains(t, err, "outputs must be structs with columns, got []sinks_test.lone")
	require.NoFileExists(t, path)
}

func TestOutputsMayBePointersToStructs(t *testing.T) {
	var written bytes.Buffer
	_, err := sources.Slice([]*lone{{"a"}}).To(t.Context(), sinks.CSVTo(&written).Outputs)
	require.NoError(t, err)
	require.Equal(t, "text\na\n", written.String())
	_, err = sources.Slice([]*lone{nil}).To(t.Context(), sinks.CSVTo(&written).Outputs)
	require.ErrorContains(t, err, "sinks: CSVTo: line 2: ")
}

func TestFailureLeavesTheOldTableAndNothingElse(t *testing.T) {
	rerun.Once(t)
	for _, suffix := range []string{"", ".gz"} {
		folder := t.TempDir()
		path := filepath.Join(folder, "out.csv"+suffix)
		write(t, path, "old\n")
		_, err := broken(50_000, errSeven).Map(func(n int) cell { return cell{Count: n} }).To(t.Context(), sinks.CSV(path).Outputs)
		require.ErrorIs(t, err, errSeven)
		require.Equal(t, "old\n", read(t, path))
		require.Equal(t, []string{"out.csv" + suffix}, names(t, folder))
	}
}

func TestAFieldOf100000CommasIsReadBack(t *testing.T) {
	wide := strings.TrimSuffix(strings.Repeat("1,", 100_000), ",")
	path := filepath.Join(t.TempDir(), "out.csv")
	_, err := sources.Slice([]lone{{wide}, {wide}}).To(t.Context(), sinks.CSV(path).Outputs)
	require.NoError(t, err)
	back, err := sources.CSV[lone](path).To(t.Context(), sinks.Collect)
	require.NoError(t, err)
	require.Equal(t, []lone{{wide}, {wide}}, back)
}

func TestAnInputAndItsOutputMakeARowByAMap(t *testing.T) {
	type both struct {
		In  cell `csv:"in_,inline"`
		Out lone `csv:"out_,inline"`
	}
	var written bytes.Buffer
	_, err := sources.Slice([]cell{{Text: "a", Count: 1}}).
		Map(func(c cell) vimap.Pair[cell, lone] { return vimap.Pair[cell, lone]{In: c, Out: lone{"b"}} }).
		Map(func(p vimap.Pair[cell, lone]) both { return both{p.In, p.Out} }).
		To(t.Context(), sinks.CSVTo(&written).Outputs)
	require.NoError(t, err)
	require.Equal(t, "in_text,in_count,in_ratio,in_Note,out_text\na,1,0,,b\n", written.String())
}
