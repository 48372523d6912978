package sources_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func asString(line []byte) string { return string(line) }

// cut is the lines of the files at paths in the forms that workers cut.
func cut(t sources.Text, paths ...string) []vimap.Pipeline[string, string] {
	return []vimap.Pipeline[string, string]{t.Bytes(paths...).Map(asString), t.Lines(paths...)}
}

// gathered returns the lines that an aggregate adds, in source order if it is
// ordered and otherwise sorted.
func gathered(ctx context.Context, p vimap.Pipeline[string, string], ordered bool) ([]string, error) {
	if ordered {
		p = p.Ordered()
	}
	got, err := p.To(ctx, sinks.Aggregate(
		func() []string { return nil },
		func(all []string, _, line string) []string { return append(all, line) },
		func(all, others []string) []string { return append(all, others...) }))
	if !ordered {
		slices.Sort(got)
	}
	return got, err
}

// nastyTexts are those in which a cutter may go wrong.
func nastyTexts() map[string]string {
	long := strings.Repeat("x", 300_000)
	return map[string]string{
		"empty":                   "",
		"one line":                "a",
		"an empty line":           "\n",
		"no final newline":        "a\nb\r",
		"CRLF":                    "a\r\n\r\nb\r\r\n",
		"NUL and invalid UTF-8":   "\x00\n\xff\xfe\n\ufeffa\n",
		"many lines":              numbered(20_000, 17),
		"lines of a block":        strings.Repeat(strings.Repeat("y", 256<<10-1)+"\n", 3) + "z",
		"a line of many blocks":   "a\n" + strings.Repeat(long, 4) + "\nb\n",
		"ends with a long line":   "a\n" + long + long,
		"a newline on the border": strings.Repeat("z", 256<<10-1) + "\na\n" + strings.Repeat("z", 256<<10-3) + "\n",
		"newlines alone":          strings.Repeat("\n", 270_000),
	}
}

func TestBytesAreTheLinesOfTheirFiles(t *testing.T) {
	for name, text := range nastyTexts() {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 12)
			quiet(t)
			path, other := file(t, "a.txt", text), file(t, "b.txt", "the other\n")
			want := append(append(split([]byte(text)), "the other"), split([]byte(text))...)
			sorted := slices.Sorted(slices.Values(want))
			for _, lines := range cut(sources.Text{}, path, other, path) {
				got, err := gathered(t.Context(), lines, true)
				require.NoError(t, err)
				same(t, want, got)
				got, err = gathered(t.Context(), lines, false)
				require.NoError(t, err)
				same(t, sorted, got)
				got, err = collect(t, lines)
				require.NoError(t, err)
				same(t, want, got)
			}
		})
	}
}

// same is Equal, without a message of a megabyte.
func same(t *testing.T, want, got []string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if want[i] != got[i] {
			require.Failf(t, "another line", "line %d", i)
		}
	}
}

func TestBytesOfAPipe(t *testing.T) {
	for name, text := range nastyTexts() {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			for i := range 4 {
				ordered, lines := i%2 == 0, cut(sources.Text{})[i/2]
				r, w, err := os.Pipe()
				require.NoError(t, err)
				before := os.Stdin
				os.Stdin = r
				written := make(chan error, 1)
				go func() {
					_, err := w.WriteString(text)
					written <- errors.Join(err, w.Close())
				}()
				got, err := gathered(t.Context(), lines, ordered)
				os.Stdin = before
				require.NoError(t, err)
				require.NoError(t, <-written)
				require.NoError(t, r.Close())
				want := split([]byte(text))
				if !ordered {
					slices.Sort(want)
				}
				same(t, want, got)
			}
		})
	}
}

func TestAFailureOfBytesHasItsPlace(t *testing.T) {
	rerun.Share(t, 8)
	quiet(t)
	text := numbered(20_000, 20)
	one, two := file(t, "one.txt", text+"bad\n"+text), file(t, "two.txt", text+text+"bad")
	errBad := errors.New("bad")
	read := func(line string) (string, error) {
		if line == "bad" {
			return "", errBad
		}
		return line, nil
	}
	lines := sources.Bytes(one, two).Try(func(line []byte) (string, error) { return read(string(line)) })
	own := sources.Lines(one, two).Try(read)
	for _, p := range []vimap.Pipeline[string, string]{lines, lines.Ordered(), lines.InFlight(100), own, own.Ordered(), own.InFlight(100)} {
		var places []string
		var indices []int64
		p = p.DeadLetters(func(letters iter.Seq[vimap.DeadLetter[string]]) error {
			for letter := range letters {
				places = append(places, letter.Err.Place)
				indices = append(indices, letter.Err.Index)
			}
			return nil
		})
		_, err := gathered(t.Context(), p, false)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{one + ":20001", two + ":40001"}, places)
		require.ElementsMatch(t, []int64{20_000, 80_001}, indices)
	}
}

func TestAnErrorOfBytesIsTheRunsAfterTheLinesBeforeIt(t *testing.T) {
	path := file(t, "a.txt", numbered(10_000, 100))
	folder := t.TempDir()
	long := file(t, "long.txt", strings.Repeat("short\n", 60_000)+"much too long\n")
	for name, c := range map[string]struct {
		paths []string
		want  string
		is    error
		lines int
	}{
		"no such file":    {[]string{path, filepath.Join(folder, "none"), path}, "open ", fs.ErrNotExist, 10_000},
		"a folder":        {[]string{path, folder}, folder + ":1: read ", nil, 10_000},
		"a line too long": {[]string{long}, long + ":60001: ", sources.ErrLineTooLong, 60_000},
	} {
		for _, ordered := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " ordered ", ordered), func(t *testing.T) {
				rerun.Share(t, 4)
				quiet(t)
				limit := 0
				if name == "a line too long" {
					limit = 5
				}
				for _, lines := range cut(sources.Text{MaxLength: limit}, c.paths...) {
					got, err := gathered(t.Context(), lines, ordered)
					require.Len(t, got, c.lines)
					var own *vimap.SourceError
					require.ErrorAs(t, err, &own)
					require.ErrorContains(t, err, c.want)
					if c.is != nil {
						require.ErrorIs(t, err, c.is)
					}
				}
			})
		}
	}
}

func TestWorkersThatCutFilesSayHowMuchThereIs(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	text := numbered(30_000, 17)
	packed := string(packed(text, func(w io.Writer) (io.WriteCloser, error) { return gzipped(w), nil }))
	plain, archive := file(t, "plain", text), file(t, "archive", packed)
	for _, lines := range cut(sources.Text{}, plain, archive) {
		run := lines.Start(t.Context())
		n := run.Aggregate(func() int { return 0 }, func(n int, _, _ string) int { return n + 1 }, func(a, b int) int { return a + b })
		require.NoError(t, run.Err())
		require.Equal(t, 60_000, n)
		source := run.Stats().Source
		require.Equal(t, "bytes", source.Unit)
		require.Equal(t, int64(len(text)+len(packed)), source.Total)
		require.Equal(t, source.Total, source.Position)
	}
}

// The only worker is at its first line when the source has handed out all.
func TestWhatWorkersHaveNotCutIsNotCalledRead(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	text := numbered(30_000, 17)
	path := file(t, "plain", text)
	for _, lines := range cut(sources.Text{}, path) {
		synctest.Test(t, func(t *testing.T) {
			var run *vimap.Run[string, string]
			var seen []int64
			run = lines.Tap(func(string) {
				if len(seen) == 0 {
					time.Sleep(time.Second)
					seen = append(seen, run.Stats().Source.Position)
				}
			}).Start(t.Context())
			run.Aggregate(func() int { return 0 }, func(n int, _, _ string) int { return n + 1 }, func(a, b int) int { return a + b })
			require.NoError(t, run.Err())
			require.Equal(t, []int64{0}, seen)
			require.Equal(t, int64(len(text)), run.Stats().Source.Position)
		})
	}
}

func TestFilesOfBytesAreClosedWhenTheRunEndsEarly(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	path := file(t, "a.txt", numbered(30_000, 50))
	errEnough := errors.New("enough")
	for i := range 40 {
		ctx, cancel := context.WithCancelCause(t.Context())
		lines := cut(sources.Text{}, path, path, path)[i%2].Tap(func(line string) {
			if line[0] == 'q' {
				cancel(errEnough)
			}
		})
		_, err := gathered(ctx, lines, false)
		require.ErrorIs(t, err, errEnough)
	}
}

func TestJSONLinesAreDecodedWhereTheyAreAdded(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	var text strings.Builder
	want := 0
	for i := range 20_000 {
		text.WriteString(`{"n":` + strconv.Itoa(i) + "}\n\n")
		want += i
	}
	path := file(t, "n.jsonl", text.String()+"{\n")
	type number struct {
		N int `json:"n"`
	}
	run := sources.JSONLines[number](path).Tolerate(1).Start(t.Context())
	got := run.Aggregate(
		func() int { return 0 },
		func(sum int, v, _ number) int { return sum + v.N },
		func(a, b int) int { return a + b })
	require.NoError(t, run.Err())
	require.Equal(t, want, got)
	require.Equal(t, vimap.Accounts{Read: 40_001, Delivered: 20_000, Filtered: 20_000, Failed: 1}, run.Stats().Accounts)
}

// FuzzBytes holds what workers cut of a file to a split of it.
func FuzzBytes(f *testing.F) {
	for _, text := range nastyTexts() {
		if len(text) < 1000 {
			f.Add([]byte(text), true)
			f.Add([]byte(text), false)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, ordered bool) {
		rerun.Share(t, 4)
		path := filepath.Join(t.TempDir(), "f.txt")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		want := split(text)
		if !ordered {
			slices.Sort(want)
		}
		for _, lines := range cut(sources.Text{}, path) {
			got, err := gathered(t.Context(), lines, ordered)
			require.NoError(t, err)
			same(t, want, got)
		}
	})
}
