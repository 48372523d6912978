package sources_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

func TestNothingIsLostOrChangedButTheLineEnds(t *testing.T) {
	long := strings.Repeat("long ", 20_000) // more than the 64 KB of a bufio.Scanner
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"an empty file":             {"", nil},
		"one line":                  {"a\n", []string{"a"}},
		"no final newline":          {"a\nb", []string{"a", "b"}},
		"empty lines":               {"\n\na\n\n", []string{"", "", "a", ""}},
		"CRLF":                      {"a\r\nb\r\n\r\n", []string{"a", "b", ""}},
		"mixed line ends":           {"a\r\nb\nc\r\n", []string{"a", "b", "c"}},
		"a lone CR within a line":   {"a\rb\n\rc\n", []string{"a\rb", "\rc"}},
		"two CRs before a newline":  {"a\r\r\n", []string{"a\r"}},
		"a last CR without newline": {"a\nb\r", []string{"a", "b\r"}},
		"NUL bytes":                 {"a\x00b\n\x00\n", []string{"a\x00b", "\x00"}},
		"invalid UTF-8":             {"\xff\xfe\n\xc3\n", []string{"\xff\xfe", "\xc3"}},
		"a byte order mark":         {"\ufeffa\n", []string{"\ufeffa"}},
		"white space":               {" a\t\n\u2028\v\f\n", []string{" a\t", "\u2028\v\f"}},
		"a line of more than 64 KB": {"a\n" + long + "\nb\n", []string{"a", long, "b"}},
		"only such a line":          {long, []string{long}},
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			for kind, source := range map[string]vimap.Pipeline[string, string]{
				"file":                         sources.Lines(file(t, "a.txt", c.text)),
				"reader":                       sources.Reader(strings.NewReader(c.text)),
				"reader of single bytes":       sources.Reader(iotest.OneByteReader(strings.NewReader(c.text))),
				"reader with EOF beside bytes": sources.Reader(iotest.DataErrReader(strings.NewReader(c.text))),
				"limit":                        sources.Text{MaxLength: len(long)}.Reader(strings.NewReader(c.text)),
			} {
				got, err := collect(t, source)
				require.NoError(t, err, kind)
				require.Equal(t, c.want, got, kind)
			}
		})
	}
}

func TestFilesAreReadOneAfterAnother(t *testing.T) {
	quiet(t)
	one, empty, two := file(t, "1", "a\nb"), file(t, "2", ""), file(t, "3", "c\n")
	got, err := collect(t, sources.Lines(one, empty, two, one))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c", "a", "b"}, got)
}

func TestThePathsMayBeChangedAfterwards(t *testing.T) {
	quiet(t)
	paths := []string{file(t, "1", "a\n")}
	lines := sources.Lines(paths...)
	paths[0] = "missing"
	got, err := collect(t, lines)
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, got)
}

func TestNoPathOrADashIsStandardInput(t *testing.T) {
	for name, paths := range map[string][]string{"no path": nil, "a dash": {"-"}} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			lines := sources.Lines(paths...)
			standardInput(t, file(t, "in", "a\nb\n")) // set when the pipeline was built
			got, err := collect(t, lines.Try(refuse("b")))
			require.Equal(t, []string{"a"}, got)
			var item *vimap.ItemError
			require.ErrorAs(t, err, &item)
			require.Equal(t, "stdin:2", item.Place)
		})
	}
}

func TestAFileThatCannotBeOpenedIsTheRunsError(t *testing.T) {
	quiet(t)
	got, err := collect(t, sources.Lines(file(t, "a.txt", "a\n"), "missing.txt", "not reached.txt"))
	require.Equal(t, []string{"a"}, got)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "open missing.txt: ")
}

func TestAFolderIsNoFile(t *testing.T) {
	quiet(t)
	folder := t.TempDir()
	got, err := collect(t, sources.Lines(file(t, "a.txt", "a\nb\n"), folder))
	require.Equal(t, []string{"a", "b"}, got)
	require.ErrorContains(t, err, folder+":1: read ")
}

func TestTheErrorOfAReadHasItsPlaceAndComesAfterTheLinesBeforeIt(t *testing.T) {
	errDisk := errors.New("disk on fire")
	for name, c := range map[string]struct {
		text string
		want []string
		at   string
	}{
		"at the beginning":    {"", nil, "reader:1: "},
		"between two lines":   {"a\nb\n", []string{"a", "b"}, "reader:3: "},
		"in the midst of one": {"a\nb\nc", []string{"a", "b"}, "reader:3: "},
		"in a CRLF":           {"a\r\nb\r", []string{"a"}, "reader:2: "},
		"after an empty line": {"\n", []string{""}, "reader:2: "},
		"after many lines":    {strings.Repeat("a\n", 9999), repeat("a", 9999), "reader:10000: "},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			got, err := collect(t, sources.Reader(io.MultiReader(strings.NewReader(c.text), iotest.ErrReader(errDisk))))
			require.Equal(t, c.want, got)
			require.ErrorIs(t, err, errDisk)
			require.ErrorContains(t, err, c.at+"disk on fire")
		})
	}
}

func TestAReaderThatReadsNothingForEverIsAnError(t *testing.T) {
	quiet(t)
	got, err := collect(t, sources.Reader(io.MultiReader(strings.NewReader("a\n"), stalled{})))
	require.Equal(t, []string{"a"}, got)
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, nil }

func TestAFailedItemHasItsPlaceAtWhateverStageItFails(t *testing.T) {
	one, two := file(t, "one.txt", "a\nb\n"), file(t, "two.txt", "c\n\nd\n")
	named, err := os.Open(one)
	require.NoError(t, err)
	defer closing(named)
	notEmpty := func(line string) bool { return line != "" }
	for name, c := range map[string]struct {
		source vimap.Pipeline[string, string]
		bad    string
		place  string
	}{
		"in the first file":         {sources.Lines(one, two), "b", one + ":2"},
		"in the second":             {sources.Lines(one, two), "c", two + ":1"},
		"behind a line left out":    {sources.Lines(one, two).Filter(notEmpty), "d", two + ":3"},
		"of a reader":               {sources.Reader(strings.NewReader("a\nb\n")), "b", "reader:2"},
		"of a reader with a name":   {sources.Reader(named), "b", one + ":2"},
		"of concatenated sources":   {sources.Concat(sources.Lines(one), sources.Lines(two)), "d", two + ":3"},
		"of two readers":            {sources.Concat(sources.Reader(strings.NewReader("x\ny\n")), sources.Reader(strings.NewReader("z\nb\n"))), "b", "reader:2"},
		"where no file is in sight": {sources.Slice([]string{"a", "b"}), "b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			_, err := collect(t, c.source.Try(refuse(c.bad)))
			var item *vimap.ItemError
			require.ErrorAs(t, err, &item)
			require.Equal(t, c.place, item.Place)
		})
	}
}

func TestALineIsPassedOnAsSoonAsItsEndIsRead(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		var got []string
		run := sources.Reader(r).Start(t.Context())
		go func() {
			for _, line := range run.Zip() {
				got = append(got, line)
			}
		}()
		for _, step := range []struct {
			write string
			want  []string
		}{
			{"a\n", []string{"a"}},
			{"b", []string{"a"}},
			{"\n", []string{"a", "b"}},
			{"c\nd\ne", []string{"a", "b", "c", "d"}},
			{"\r", []string{"a", "b", "c", "d"}},
			{"\nf", []string{"a", "b", "c", "d", "e"}},
		} {
			_, err := io.WriteString(w, step.write)
			require.NoError(t, err)
			synctest.Wait()
			require.Equal(t, step.want, got)
		}
		require.NoError(t, w.Close())
		synctest.Wait()
		require.Equal(t, []string{"a", "b", "c", "d", "e", "f"}, got)
		require.NoError(t, run.Err())
	})
}

func TestASecondRunOfAReaderGoesOnWhereTheFirstStopped(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	text := numbered(10_000, 10)
	lines := sources.Reader(iotest.OneByteReader(strings.NewReader(text))).InFlight(1)
	require.Equal(t, split([]byte(text))[:1], take(t, 1, lines))
	rest, err := collect(t, lines)
	require.NoError(t, err)
	require.Greater(t, len(rest), 9000)
	whole := strings.Join(rest[1:], "\n") + "\n" // the first may have lost its beginning
	require.True(t, strings.HasSuffix(text, whole))
}

// refuse returns a step that fails for one item.
func refuse(bad string) func(string) (string, error) {
	return func(item string) (string, error) {
		if item == bad {
			return "", errors.New("refused")
		}
		return item, nil
	}
}

func repeat[T any](item T, n int) []T {
	items := make([]T, n)
	for i := range items {
		items[i] = item
	}
	return items
}

func standardInput(t *testing.T, path string) {
	t.Helper()
	in, err := os.Open(path)
	require.NoError(t, err)
	before := os.Stdin
	os.Stdin = in
	t.Cleanup(func() {
		os.Stdin = before
		require.NoError(t, in.Close())
	})
}
