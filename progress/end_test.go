package progress_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestARunIsSummedUpOnceHoweverItEnds(t *testing.T) {
	errOdd := errors.New("odd")
	slow := numbers(100).Via(steady(100 * time.Millisecond)).Ordered()
	after := func(d time.Duration, f func()) { time.AfterFunc(d, f) }
	for name, test := range map[string]struct {
		run  func(ctx context.Context)
		want string
	}{
		"success": {func(ctx context.Context) {
			_, err := slow.To(ctx, sinks.Collect)
			require.NoError(t, err)
		}, "x: 100 items in 10s, 10/s"},
		"a failure": {func(ctx context.Context) {
			_, err := slow.Try(func(n int) (int, error) {
				if n == 10 {
					return 0, errOdd
				}
				return n, nil
			}).Ordered().To(ctx, sinks.Collect)
			require.ErrorIs(t, err, errOdd)
		}, "x: failed after 11 of 100 items in 1.1s, 10/s, 1 failed"},
		"a cancellation": {func(ctx context.Context) {
			ctx, cancel := context.WithCancelCause(ctx)
			after(1050*time.Millisecond, func() { cancel(errOdd) })
			_, err := slow.To(ctx, sinks.Collect)
			require.ErrorIs(t, err, errOdd)
		}, "x: cancelled after 10 of 100 items in 1.05s, 9.5/s"},
		"a stop": {func(ctx context.Context) {
			ctx, stop := vimap.WithStop(ctx)
			after(1050*time.Millisecond, stop)
			_, err := slow.InFlight(1).To(ctx, sinks.Collect)
			require.NoError(t, err)
		}, "x: stopped after 11 of 100 items in 1.1s, 10/s"},
		"a break": {func(ctx context.Context) {
			run := slow.Start(ctx)
			for in := range run.Zip() {
				if in == 4 {
					break
				}
			}
			require.NoError(t, run.Err())
		}, "x: left after 5 of 100 items in 500ms, 10/s"},
		"a panic of the sink": {func(ctx context.Context) {
			_, err := slow.To(ctx, sinks.Each(func(n, _ int) error {
				if n == 4 {
					panic("four")
				}
				return nil
			}))
			require.ErrorContains(t, err, "four")
		}, "x: left after 4 of 100 items in 500ms, 8.0/s"},
		"a panic of the loop": {func(ctx context.Context) {
			require.Panics(t, func() {
				for range slow.Start(ctx).Zip() {
					panic("first")
				}
			})
		}, "x: left after 0 of 100 items in 100ms"},
		"a Goexit of the loop": {func(ctx context.Context) {
			var wg sync.WaitGroup
			wg.Go(func() {
				for range slow.Start(ctx).Zip() {
					runtime.Goexit()
				}
			})
			wg.Wait()
		}, "x: left after 0 of 100 items in 100ms"},
		"a step that has enough": {func(ctx context.Context) {
			_, err := slow.Take(10).To(ctx, sinks.Collect)
			require.NoError(t, err)
		}, "x: "},
		"two sinks": {func(ctx context.Context) {
			_, err := slow.To(ctx, sinks.Tee(sinks.Collect[int, int], sinks.Collect[int, int]))
			require.NoError(t, err)
		}, "x: 100 items in 10s, 10/s"},
		"dead letters that can't be opened": {func(ctx context.Context) {
			_, err := slow.DeadLetters(sinks.JSONLines(filepath.Join(t.TempDir(), "none", "x.jsonl")).DeadLetters).To(ctx, sinks.Collect)
			require.ErrorIs(t, err, os.ErrNotExist)
		}, "x: failed after 0 items in 0s"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScreen(80, 5)
				test.run(s.Show(t.Context(), "x"))
				lines := s.lines()
				require.Len(t, lines, 1)
				require.True(t, strings.HasPrefix(lines[0], test.want), "%s, not %s", lines[0], test.want)
				require.Equal(t, 1, strings.Count(s.all.String(), "\n"))
				writes := s.writes
				time.Sleep(time.Minute)
				require.Equal(t, writes, s.writes, "it is written after the end")
			})
		})
	}
}

func TestAContextThatHasEndedShowsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 5)
		ctx, cancel := context.WithCancel(s.Show(t.Context(), "x"))
		cancel()
		_, err := numbers(10).To(ctx, sinks.Collect)
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, s.writes)
	})
}

func TestAStopSaysWhatIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 5)
		ctx, stop := vimap.WithStop(t.Context())
		time.AfterFunc(time.Second/2, stop)
		lines := s.at(1100 * time.Millisecond)
		_, err := numbers(100).InFlight(1).Via(steady(2*time.Second)).To(s.Show(ctx, "x"), sinks.Ignore)
		require.NoError(t, err)
		require.Contains(t, lines()[0], "stopping, 1 left")
	})
}

func TestWhatTheProgramWritesAppearsAboveTheBar(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(60, 10)
		out := s.Writer(s.To)
		var during []string
		_, err := numbers(5).Via(steady(time.Second)).Ordered().To(s.Show(t.Context(), "x"), sinks.Each(func(n, _ int) error {
			fmt.Fprintf(out, "line %d\n", n)
			if n == 3 {
				during = s.lines()
			}
			return nil
		}))
		require.NoError(t, err)
		require.Equal(t, []string{"line 0", "line 1", "line 2", "line 3"}, during[:4])
		require.Len(t, during, 5)
		require.Regexp(t, `^x   60%  \[`, during[4])
		require.Equal(t, []string{"line 0", "line 1", "line 2", "line 3", "line 4", "x: 5 items in 5s, 1.0/s"}, s.lines())
	})
}

func TestAWidthMayPanicOrWriteAboveTheBar(t *testing.T) {
	for name, width := range map[string]func(out io.Writer) int{
		"panic": func(io.Writer) int { panic("no terminal") },
		"write": func(out io.Writer) int { _, _ = io.WriteString(out, "asked\n"); return 80 },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScreen(80, 5)
				out := s.Writer(s.To)
				s.Width = func() int { return width(out) }
				lines := shownAfter(t, s, 1050*time.Millisecond, numbers(100).Via(steady(100*time.Millisecond)), "x")
				require.NotEmpty(t, lines)
				require.Regexp(t, `^x +(9|10)%  \[.*ETA \d+s$`, lines[len(lines)-1])
				require.Equal(t, name == "write", lines[0] == "asked")
			})
		})
	}
}

func TestThereIsNoBarWhileTheProgramHasBegunALine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(60, 10)
		out := s.Writer(s.To)
		write := func(text string) {
			_, err := io.WriteString(out, text)
			require.NoError(t, err)
		}
		var during []string
		_, err := numbers(5).Via(steady(time.Second)).Ordered().To(s.Show(t.Context(), "x"), sinks.Each(func(n, _ int) error {
			if n == 1 {
				write("really? ")
				time.Sleep(10 * time.Second)
				during = s.lines()
				write("yes\n")
			}
			if n == 4 {
				write("bye")
			}
			return nil
		}))
		require.NoError(t, err)
		require.Equal(t, []string{"really?"}, during)
		lines := s.lines()
		require.Equal(t, []string{"really? yes", "bye"}, lines[:2])
		require.Len(t, lines, 3)
	})
}

func TestAWriterForAFileIsTheFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	require.Same(t, file, progress.Writer(file))
}

// faulty fails, or panics, at the third write.
type faulty struct {
	writes int
	panics bool
}

func (f *faulty) Write(p []byte) (int, error) {
	f.writes++
	switch {
	case f.writes < 3:
		return len(p), nil
	case f.panics:
		panic("no more")
	}
	return 0, io.ErrShortWrite
}

func TestAWriteThatFailsEndsTheBarAndNotTheRun(t *testing.T) {
	for _, panics := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			f := &faulty{panics: panics}
			d := progress.Display{To: f, Mode: progress.Bar}
			ctx := d.Show(t.Context(), "x")
			var own bytes.Buffer
			out := d.Writer(&own)
			n, err := numbers(100).Via(steady(100*time.Millisecond)).To(ctx, sinks.Each(func(n, _ int) error {
				_, err := fmt.Fprintln(out, n)
				return err
			}))
			require.NoError(t, err)
			require.Equal(t, int64(100), n)
			require.Equal(t, 3, f.writes)
			require.Equal(t, 100, strings.Count(own.String(), "\n"))
		})
	}
}

func TestSeveralRunsShareTheLine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 10)
		atFirst, atSecond := s.at(1500*time.Millisecond), s.at(7500*time.Millisecond)
		var wg sync.WaitGroup
		for i, name := range []string{"one", "two"} {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 50 * time.Millisecond)
				_, err := numbers(5*i+5).Via(steady(time.Second)).To(s.Show(t.Context(), name), sinks.Ignore)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		first, second := atFirst(), atSecond()
		require.Len(t, first, 1)
		require.Regexp(t, `^one   20%.*\+1 more$`, first[0])
		require.Len(t, second, 2)
		require.Regexp(t, `^one: 5 items in 5s`, second[0])
		require.Regexp(t, `^two   70%.*ETA 3s$`, second[1])
		require.Len(t, s.lines(), 2)
	})
}

func TestRunsInARunAreAPartOfIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 10)
		shown := s.Show(t.Context(), "x")
		inner := func(ctx context.Context, n int) (int, error) {
			own, err := numbers(n).To(ctx, sinks.Collect)
			require.NoError(t, err)
			outer, err := numbers(n).To(shown, sinks.Collect)
			return len(own) + len(outer), err
		}
		_, err := sources.Concat(numbers(10).Map(func(n int) int { return n + 1 }), numbers(10)).
			Via(vimap.Func(inner).Workers(2)).To(shown, sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, []string{"x: 20 items in 0s"}, s.lines())
		// One after another are shown each.
		_, err = numbers(3).To(shown, sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, []string{"x: 20 items in 0s", "x: 3 items in 0s"}, s.lines())
	})
}

func TestMistakesOfADisplayPanic(t *testing.T) {
	require.PanicsWithValue(t, `progress: Show: Mode must be Auto, Bar or Lines, got "bars"`, func() {
		(&progress.Display{Mode: "bars"}).Show(t.Context(), "")
	})
	require.PanicsWithValue(t, `progress: Show: Every must not be negative, got -1s`, func() {
		(&progress.Display{Every: -time.Second}).Show(t.Context(), "")
	})
	require.PanicsWithValue(t, `progress: Writer: w must not be nil`, func() { progress.Writer(nil) })
}
