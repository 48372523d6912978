package vimap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// linesOf is what the lines of a text are.
func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	whole := strings.HasSuffix(text, "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		if i < len(lines)-1 || whole {
			lines[i] = strings.TrimSuffix(lines[i], "\r")
		}
	}
	return lines
}

// lent is a text to lend, in blocks of the given sizes, over and over. whole
// says that the blocks come with their text.
type lent struct {
	text  string
	sizes []int
	whole bool
	done  atomic.Int64
	given atomic.Int64
	reads func(off int64) error // may be nil
}

var errTooLong = errors.New("too long")

func (l *lent) lend(maxLength int) vimap.Borrowed {
	return vimap.Lend(lenderOf[[]byte](l, maxLength))
}

// strings has the text cut into strings.
func (l *lent) strings(maxLength int) vimap.Pipeline[string, string] {
	return vimap.Strings(lenderOf[string](l, maxLength))
}

func lenderOf[Line []byte | string](l *lent, maxLength int) vimap.Lender[Line] {
	lines := func(_ context.Context, out *vimap.Emitter[Line]) error {
		out.Places(lentPlace)
		for _, line := range linesOf(l.text) {
			if !out.One(Line(line)) {
				return nil
			}
		}
		return nil
	}
	return vimap.Lender[Line]{Lines: lines, Blocks: l.blocks, MaxLength: maxLength, TooLong: errTooLong}
}

func lentPlace(n int64) string { return "lent:" + strconv.FormatInt(n+1, 10) }

func (l *lent) ReadAt(p []byte, off int64) (n int, err error) {
	if l.reads != nil {
		if err := l.reads(off + int64(len(p))); err != nil {
			return 0, err
		}
	}
	return strings.NewReader(l.text).ReadAt(p, off)
}

func (l *lent) blocks(_ context.Context, out *vimap.BlockEmitter) error {
	for from, i := 0, 0; from < len(l.text); i++ {
		to := min(from+max(1, l.sizes[i%len(l.sizes)]), len(l.text))
		b := vimap.Block{Text: l, From: int64(from), To: int64(to), Place: lentPlace, Done: func() { l.done.Add(1) }}
		if l.whole {
			if end := strings.IndexByte(l.text[to-1:], '\n'); end >= 0 {
				to += end
			} else {
				to = len(l.text)
			}
			b.Text, b.Whole, b.To = nil, []byte(l.text[from:to]), int64(to)
		}
		l.given.Add(1)
		if !out.One(b) {
			return nil
		}
		from = to
	}
	return nil
}

var errLine = errors.New("a bad line")

// read makes what the line says: - is filtered, and the others fail in some way.
func readLine(line []byte) (string, error) {
	switch {
	case bytes.HasPrefix(line, []byte("error")):
		return "", errLine
	case bytes.HasPrefix(line, []byte("panic")):
		panic(errLine)
	case bytes.HasPrefix(line, []byte("exit")):
		runtime.Goexit()
	}
	return string(line), nil
}

func notDropped(line []byte) bool { return !bytes.HasPrefix(line, []byte("-")) }

// lateDeath is a step behind.
func lateDeath(line string) string {
	if strings.HasPrefix(line, "late") {
		panic(errLine)
	}
	return line
}

// texts are accumulators of lines.
func oneText() []string { return nil }

func addText(all []string, in, out string) []string {
	if in != out {
		panic("the input is that of another line: " + in)
	}
	if strings.HasPrefix(out, "add") {
		panic(errLine)
	}
	return append(all, out)
}

func mergeTexts(a, b []string) []string { return append(a, b...) }

// fails says whether a line fails, and in which step.
func fails(line string) (stage string, is bool) {
	for prefix, stage := range map[string]string{"error": "decode", "panic": "decode", "exit": "decode", "late": "map", "add": "aggregate"} {
		if strings.HasPrefix(line, prefix) {
			return stage, true
		}
	}
	return "", false
}

// randomText is n lines, some of which have a fate of their own.
func randomText(r *rand.Rand, n int) string {
	var text strings.Builder
	for i := range n {
		switch r.IntN(12) {
		case 0:
			text.WriteString("-")
		case 1:
			text.WriteString([]string{"error", "panic", "exit", "late", "add"}[r.IntN(5)])
		case 2:
			text.WriteString(strings.Repeat("long", r.IntN(200)))
		case 3: // empty
			text.WriteString("\n")
			continue
		}
		text.WriteString(strconv.Itoa(i))
		text.WriteString([]string{"\n", "\n", "\r\n"}[r.IntN(3)])
	}
	if r.IntN(2) == 0 {
		return strings.TrimSuffix(text.String(), "\n")
	}
	return text.String()
}

// The forms in which a text is read.
var forms = map[string]func(l *lent) vimap.Pipeline[string, string]{
	"lent": func(l *lent) vimap.Pipeline[string, string] {
		return l.lend(0).Filter(notDropped).Try(readLine)
	},
	"decoded": func(l *lent) vimap.Pipeline[string, string] {
		texts := l.strings(0).Filter(func(line string) bool { return notDropped([]byte(line)) })
		return vimap.Decode(texts, func(line string) (string, error) {
			_, err := readLine([]byte(line))
			return line, err
		})
	},
	"lent and decoded": func(l *lent) vimap.Pipeline[string, string] {
		same := func(line []byte) (string, error) { return string(line), nil }
		return vimap.Decode(l.lend(0).Filter(notDropped).Try(same), func(line string) (string, error) {
			_, err := readLine([]byte(line))
			return line, err
		})
	},
	"decoded twice": func(l *lent) vimap.Pipeline[string, string] {
		texts := l.strings(0).Filter(func(line string) bool { return notDropped([]byte(line)) })
		bytes := vimap.Decode(texts, func(line string) ([]byte, error) { return []byte(line), nil })
		return vimap.Decode(bytes, func(line []byte) (string, error) {
			_, err := readLine(line)
			return string(line), err
		})
	},
	"strings": func(l *lent) vimap.Pipeline[string, string] {
		return l.strings(0).Try(func(line string) (string, error) {
			_, err := readLine([]byte(line))
			return line, err
		}).Filter(func(line string) bool { return notDropped([]byte(line)) })
	},
}

// holdLines runs a text with a tolerance for everything, and compares what came
// of it with a plain loop.
func holdLines(ctx context.Context, t *testing.T, l *lent, form string, ordered bool) {
	t.Helper()
	var letters []vimap.DeadLetter[string]
	p := forms[form](l).Map(lateDeath).DeadLetters(func(seq iter.Seq[vimap.DeadLetter[string]]) error {
		letters = slices.Collect(seq)
		return nil
	})
	if ordered {
		p = p.Ordered()
	}
	run := p.Start(ctx)
	got := run.Aggregate(oneText, addText, mergeTexts)
	require.NoError(t, run.Err())

	var want []string
	var failed, filtered int64
	for i, line := range linesOf(l.text) {
		stage, bad := fails(line)
		switch {
		case strings.HasPrefix(line, "-"):
			filtered++
		case bad:
			at := 0
			if !ordered {
				at = max(0, slices.IndexFunc(letters, func(l vimap.DeadLetter[string]) bool { return l.Err.Index == int64(i) }))
			}
			require.NotEmpty(t, letters, "line %d did not fail", i)
			letter := letters[at]
			letters = slices.Delete(letters, at, at+1)
			require.Equal(t, int64(i), letter.Err.Index)
			require.Equal(t, lentPlace(int64(i)), letter.Err.Place)
			if form == "strings" && stage == "decode" {
				stage = "try"
			}
			require.Equal(t, stage, letter.Err.Stage, line)
			if stage == "decode" {
				require.Empty(t, letter.In)
			} else {
				require.Equal(t, line, letter.In)
			}
			if strings.HasPrefix(line, "error") {
				require.Equal(t, line, fmt.Sprintf("%s", letter.Err.Input))
			}
			if strings.HasPrefix(line, "exit") {
				require.ErrorIs(t, letter.Err, vimap.ErrGoexit)
			} else {
				require.ErrorIs(t, letter.Err, errLine)
			}
			failed++
		default:
			want = append(want, line)
		}
	}
	require.Empty(t, letters)
	if !ordered {
		slices.Sort(want)
		slices.Sort(got)
	}
	require.Equal(t, want, got)
	require.Equal(t, vimap.Accounts{
		Read: int64(len(want)) + failed + filtered, Delivered: int64(len(want)), Failed: failed, Filtered: filtered,
	}, run.Stats().Accounts)
	require.Equal(t, l.given.Load(), l.done.Load(), "blocks that were not done with")
	if !ordered || strings.HasPrefix(form, "lent") {
		require.Equal(t, l.text != "", l.given.Load() > 0, "cut by the workers")
	}
}

func TestLinesThatWorkersCutAreThoseOfAPlainLoop(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		text := randomText(r, r.IntN(100))
		for _, sizes := range [][]int{{1}, {7, 1, 30}, {100}, {1000}, {1, 2000}, {100_000}} {
			if sizes[0] == 1 && len(sizes) == 1 && len(text) > 500 {
				continue
			}
			for form := range forms {
				l := &lent{text: text, sizes: sizes, whole: r.IntN(3) == 0}
				holdLines(t.Context(), t, l, form, r.IntN(2) == 0)
			}
		}
	}
}

func TestLinesThatWorkersCutAreTheSameWhereTheyTravel(t *testing.T) {
	testkit.Quiet(t)
	text := strings.ReplaceAll(randomText(rand.New(rand.NewPCG(3, 4)), 300), "exit", "panic")
	wide := func(p vimap.Pipeline[string, string]) vimap.Pipeline[string, string] {
		return p.Via(vimap.Func(func(_ context.Context, line string) (string, error) { return line, nil }).Workers(3))
	}
	for name, c := range map[string]struct {
		ctx context.Context
		add func(vimap.Pipeline[string, string]) vimap.Pipeline[string, string]
	}{
		"serially":     {vimaptest.Serial(t.Context()), func(p vimap.Pipeline[string, string]) vimap.Pipeline[string, string] { return p }},
		"with a bound": {t.Context(), func(p vimap.Pipeline[string, string]) vimap.Pipeline[string, string] { return p.InFlight(3) }},
		"with a stage": {t.Context(), wide},
	} {
		for form, read := range forms {
			l := &lent{text: text, sizes: []int{50}}
			p := c.add(read(l).Map(lateDeath)).Tolerate(1000)
			for _, p := range []vimap.Pipeline[string, string]{p, p.Ordered()} {
				run := p.Start(c.ctx)
				got := run.Aggregate(oneText, addText, mergeTexts)
				require.NoError(t, run.Err(), form+", "+name)
				var want []string
				for _, line := range linesOf(text) {
					if _, bad := fails(line); !bad && !strings.HasPrefix(line, "-") {
						want = append(want, line)
					}
				}
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got, form+", "+name)
			}
			require.Zero(t, l.given.Load(), "%s, %s: they were cut into blocks", form, name)
		}
	}
}

func FuzzBlocks(f *testing.F) {
	for _, text := range []string{"", "\n", "a", "a\n", "a\r\nb\r", "\n\n\r\n", "error\n-\npanic1\nlate\nadd\nx", strings.Repeat("ab\n", 100), strings.Repeat("x", 9000) + "\ny"} {
		f.Add(text, []byte{1, 3, 200}, false, true)
		f.Add(text, []byte{255}, true, false)
	}
	f.Fuzz(func(t *testing.T, text string, sizes []byte, whole, ordered bool) {
		for form := range forms {
			l := &lent{text: text, sizes: []int{1}, whole: whole}
			for _, size := range sizes {
				l.sizes = append(l.sizes, int(size))
			}
			holdLines(t.Context(), t, l, form, ordered)
		}
	})
}

func TestTheFirstFailureOfLinesInOrderComesBehindAllBeforeIt(t *testing.T) {
	testkit.Quiet(t)
	for _, bad := range []int{0, 1, 500, 999} {
		var text strings.Builder
		var want []string
		for i := range 1000 {
			line := strconv.Itoa(i)
			if i < bad {
				want = append(want, line)
			}
			if i == bad || i == bad+3 {
				line = "error" + line
			}
			text.WriteString(line + "\n")
		}
		run := (&lent{text: text.String(), sizes: []int{100}}).lend(0).Try(readLine).Ordered().Start(t.Context())
		got := run.Aggregate(oneText, addText, mergeTexts)
		require.Equal(t, want, got)
		var item *vimap.ItemError
		require.ErrorAs(t, run.Err(), &item)
		require.Equal(t, int64(bad), item.Index)
		require.Equal(t, int64(bad), run.Stats().Delivered)
		testkit.RequireAddsUp(t, run.Stats())
	}
}

func TestALineThatIsTooLongOrUnreadableEndsTheRunWithItsPlace(t *testing.T) {
	testkit.Quiet(t)
	errDisk := errors.New("disk on fire")
	text := strings.Repeat("abc\n", 1000) + "abcd\n" + strings.Repeat("abc\n", 1000)
	for _, ordered := range []bool{false, true} {
		for name, c := range map[string]struct {
			reads func(int64) error
			max   int
			want  error
			line  int
		}{
			"too long":   {nil, 3, errTooLong, 1001},
			"unreadable": {func(end int64) error { return map[bool]error{true: errDisk}[end > 5000] }, 0, errDisk, 0},
			"a panic":    {func(end int64) error { _ = map[bool][]int{false: {0}}[end > 5000][0]; return nil }, 0, nil, 0},
		} {
			t.Run(fmt.Sprint(name, " ordered ", ordered), func(t *testing.T) {
				l := &lent{text: text, sizes: []int{300}, reads: c.reads}
				p := l.lend(c.max).Try(readLine)
				if ordered {
					p = p.Ordered()
				}
				run := p.Start(t.Context())
				got := run.Aggregate(oneText, addText, mergeTexts)
				var failed *vimap.SourceError
				require.ErrorAs(t, run.Err(), &failed)
				if c.want != nil {
					require.ErrorIs(t, failed, c.want)
				}
				if c.line > 0 {
					require.ErrorContains(t, failed, lentPlace(int64(c.line-1))+": ")
					require.GreaterOrEqual(t, len(got), c.line-1)
				}
				if ordered {
					require.Equal(t, int64(len(got)), run.Stats().Delivered)
					require.Equal(t, lentPlace(int64(len(got))), strings.Split(failed.Err.Error(), ": ")[0], "all before it, and nothing behind")
				}
				testkit.RequireAddsUp(t, run.Stats())
			})
		}
	}
}

var _ io.ReaderAt = (*lent)(nil)
